#!/bin/sh
# Installs the packages that some tests use into tests/node_modules. If npm fails (no network, a
# proxy, a certificate authority of one's own), prints one line and leaves no half-made folder:
# those tests are skipped. In CI, where DIGEST_DATA is set, that is an error.
set -u
cd "$(dirname "$0")" || exit
log=../build/npm.log
mkdir -p ../build

# Trust what the system trusts, where node can find it.
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    NODE_OPTIONS=${NODE_OPTIONS:---use-openssl-ca}
    export NODE_OPTIONS
fi

# A network that swallows every packet would keep npm waiting for many minutes.
limit=""
command -v timeout >/dev/null && limit="timeout -k 5 180"

$limit npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 \
    --fetch-retry-mintimeout=1000 >"$log" 2>&1
code=$?
if [ $code = 0 ] && touch node_modules/.package-lock.json; then # newer than the lock, for make
    exit 0
fi
rm -rf node_modules

reason=$(sed -n 's/^npm [a-zA-Z!]* code //p' "$log" | head -n 1)
[ -n "$reason" ] || reason=$(tail -n 1 "$log" | cut -c 1-200)
[ $code = 124 ] && reason="not done after 3 minutes"
message="npm cannot install what some tests use (${reason:-exit $code}; see build/npm.log): check\
 npm's network, proxy and certificates"
if [ -n "${DIGEST_DATA:-}" ]; then
    cat "$log"
    echo "$message"
    exit 1
fi
echo "$message. Until then those tests are skipped"
