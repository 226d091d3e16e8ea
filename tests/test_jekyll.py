"""What GitHub Pages makes of the site where `.nojekyll` is missing: Jekyll, with the plugins that
Pages switches on for a branch (https://github.com/github/pages-gem), Debian's packages of them."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from digest.archive import store
from digest.core.config import Site
from digest.core.day import Kept, Unscored
from digest.core.scores import Prompt
from digest.core.tex import plain
from digest.run import output
from tests import make
from tests.lacking import lacking
from tests.make import DAY, paper, score, tree

PACKAGES = ["jekyll", "ruby-jekyll-optional-front-matter", "ruby-jekyll-titles-from-headings"]
SETTINGS = """\
plugins: [jekyll-optional-front-matter, jekyll-titles-from-headings]
whitelist: [jekyll-optional-front-matter, jekyll-titles-from-headings]
safe: true
markdown: kramdown
kramdown: {input: GFM, hard_wrap: false}
strict_front_matter: false
disable_disk_cache: true
"""
HOSTILE = [
    "{{ site.title }} and {% raw %} never closed",
    "{% endraw %}{% include secrets.html %}{% unknown tag %}",
    "{{ 1 | divided_by: 0 }} {{ unclosed",
    "{% comment %} {%- if x -%} {{{% }} %}",
    "a | b | c",
    "--- --- permalink: /index.html ---",
    "{::options parse_block_html='true' /}{: .hidden}{:toc}",
    "# * _ ~ ` [x](y) <!-- never closed",
    "$|x| < 1$ and $$x|y$$",
]
FRONT_MATTER = "---\nlayout: none\npermalink: /index.html\n---\n"
BRACES = re.compile(r"\{[{%]")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days whose every text would do harm, as `digest render` writes them."""
    prompt = "\n".join([FRONT_MATTER, *HOSTILE])
    digests = []
    for month, day in ((1, DAY), (2, DAY.replace(month=2, day=2))):
        papers = [paper(f"260{month}.{n:05}", title=t, authors=(t,)) for n, t in enumerate(HOSTILE)]
        kept = [
            Kept(replace(p, abstract=p.title), replace(score(), topic=p.title, comment=p.title))
            for p in papers
        ]
        unscored = Unscored(paper(f"260{month}.90000", title=HOSTILE[0]), HOSTILE[0])
        digest = make.digest(kept=kept, unscored=[unscored.paper], day=day)
        digest = replace(digest, model=HOSTILE[0], prompt=Prompt(prompt, prompt))
        digests.append(replace(digest, unscored=(unscored,)))
    folder = tmp_path_factory.mktemp("site")
    store.write_files(folder, output.site_files(digests, Site(title=HOSTILE[0])))
    return folder


def test_nothing_in_the_files_could_act_in_jekyll(site: Path) -> None:
    pages = list(site.rglob("*.md"))
    assert len(pages) == 3
    for page in pages:
        text = page.read_text("utf-8")
        assert not BRACES.search(text)
        assert text.startswith("# ")
    for name, data in tree(site).items():
        assert not data.startswith(b"---"), f"{name} begins like front matter"


@pytest.fixture
def jekyll(tmp_path: Path) -> Path:
    """Settings for a build, made outside of the site."""
    gems = [package.removeprefix("ruby-") for package in PACKAGES]
    asked = ["ruby", "-e", "ARGV.each { |name| gem name }", *gems]
    there = shutil.which("ruby") and shutil.which("jekyll")
    if not there or subprocess.run(asked, capture_output=True, check=False).returncode:
        lacking(f"no Jekyll: apt-get install --no-install-recommends {' '.join(PACKAGES)}")
    settings = tmp_path / "settings.yml"
    settings.write_text(SETTINGS)
    return settings


def build(settings: Path, source: Path) -> tuple[dict[str, bytes], str]:
    """What Jekyll makes of `source`, and what it says. Fails where Jekyll does."""
    to = settings.parent / "built"
    done = subprocess.run(
        ["jekyll", "build", "--config", settings, "--source", source, "--destination", to],
        cwd=settings.parent,
        env=os.environ | {"LC_ALL": "C.UTF-8", "JEKYLL_ENV": "production"},
        capture_output=True,
        text=True,
        timeout=make.PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[:2000]
    return tree(to), done.stdout + done.stderr


def test_a_jekyll_build_changes_no_file_and_loses_no_text(
    jekyll: Path, site: Path, tmp_path: Path
) -> None:
    source = tmp_path / "docs"
    shutil.copytree(site, source, ignore=shutil.ignore_patterns(".nojekyll"))
    before = tree(source)
    (source / "a.md").write_text("# Title\n\nfirst {{ 'seen' | upcase }} last\n")
    built, messages = build(jekyll, source)
    assert b"first SEEN last" in built["a.html"]  # in this build, Liquid acts
    assert {name: built.get(name) for name in before} == before
    assert set(built) - set(before) == {"latest.html", "a.html", "a.md"}
    assert "Liquid" not in messages
    shown = bare(html.unescape(re.sub(r"<[^>]+>", "", built["latest.html"].decode())))
    for title in HOSTILE:
        # In the contents, the heading, the abstract and the comment; in the prompt unchanged.
        assert shown.count(bare(plain(title))) >= 4, title
        assert shown.count(bare(title)) >= 2, title


def bare(text: str) -> str:
    """`text` without what Jekyll's typography changes."""
    return re.sub(r"[-–—‘’“”'\"\s\u2060]", "", text)
