#!/bin/sh
# The README's two commands on a machine that has nothing but what the README asks for: a fresh
# Debian root (minbase, plus python3, python3-venv, make, git, ca-certificates) and an ordinary
# user. Run it as root on Debian, by hand or before a release: sh tests/bare/run.sh [SUITE]
set -eu

suite=${1:-bookworm}
source=$(cd "$(dirname "$0")/../.." && pwd)
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
root=$(mktemp -d)
chmod 755 "$root"  # an ordinary user must be able to enter it

# shellcheck disable=SC2329 # called by the trap
finish() {
    umount "$root/proc" "$root/dev" 2>/dev/null || true
    rm -rf --one-file-system "$root"
}
trap finish EXIT INT TERM

command -v debootstrap >/dev/null || {
    echo "debootstrap is needed: apt-get install debootstrap" >&2
    exit 1
}
began=$(date +%s)
debootstrap --variant=minbase --include=python3,python3-venv,make,git,ca-certificates \
    "$suite" "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log" >&2; exit 1; }
echo "root: $suite, $(chroot "$root" python3 --version), $(($(date +%s) - began)) s"

# The root's network is the host's: its resolver, its certificates, its package index.
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    [ -e "$file" ] && cp -L "$file" "$root$file"
done
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
chroot "$root" useradd --create-home someone
git clone --quiet --no-hardlinks "$source" "$root/home/someone/digest"
chroot "$root" chown -R someone: /home/someone/digest

for target in demo test; do
    began=$(date +%s)
    chroot "$root" su - someone -c "cd digest && exec env -i HOME=/home/someone \
        PATH=/usr/bin:/bin make $target" >"$root.log" 2>&1 \
        || { tail -n 40 "$root.log" >&2; echo "make $target: FAILED" >&2; exit 1; }
    echo "make $target: passed, $(($(date +%s) - began)) s: $(tail -n 1 "$root.log")"
done
