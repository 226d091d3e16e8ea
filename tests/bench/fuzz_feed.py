"""`parse_feed` against whatever atheris can think of.

    python -m tests.bench.fuzz_feed --seconds 60

Begins with the files of tests/feeds and mutates them, led by the branches they reach. Every input
is read twice: as a document, and line by line as the fields of an item in a whole document.
Whatever is neither a `FeedError` nor a `Feed` whose papers are whole, and whatever takes longer
than two seconds per 100 KB, is printed and saved as `build/fuzz/crash-*` or `timeout-*`; what
reached something new stays in `build/fuzz/corpus` for the next time.

atheris is not among the requirements: `python -m pip install atheris` (Python 3.11 to 3.13).
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import time
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from digest.core.errors import FeedError
from tests import feeds

OUT = Path(__file__).parents[2] / "build" / "fuzz"
_SECONDS_PER_BYTE = 2 / 100_000


def main() -> int:
    """Fuzz for as long as asked. libFuzzer ends the process itself: 0, or 77 with a finding."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    try:
        import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        print("fuzz_feed: needs atheris: python -m pip install atheris", file=sys.stderr)
        return 1

    with atheris.instrument_imports(
        include=["digest", "feedparser", "xml", "email"], enable_loader_override=False
    ):
        watched = ("digest.arxiv", "feedparser", "xml.")
        for module in [name for name in sys.modules if name.startswith(watched)]:
            del sys.modules[module]  # to be imported again, watched
        from digest.arxiv import feed, paper

    paper.UNREADABLE_SHARE = 1  # so that the whole items beside a broken one are looked at

    def one(data: bytes) -> None:
        start = time.process_time()
        with contextlib.suppress(FeedError):
            feeds.assert_whole(feed.parse_feed(data, "fuzz"))
        with contextlib.suppress(FeedError):
            feeds.assert_whole(feed.parse_feed(_as_fields(data), "fuzz"))
        took = time.process_time() - start
        assert took < max(1, len(data) * _SECONDS_PER_BYTE), f"{took:.1f} s: {len(data)} bytes"

    corpus, seeds = OUT / "corpus", OUT / "seeds"
    for folder in (corpus, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for path in feeds.FOLDER.rglob("*"):
        if path.suffix in (".xml", ".body"):
            (seeds / path.name).write_bytes(path.read_bytes())
    words = OUT / "words"
    words.write_text("".join(f'"{word}"\n' for word in _WORDS.split()), encoding="ascii")
    options = {
        "max_total_time": seconds,
        "dict": words,
        "artifact_prefix": f"{OUT}/",
        "timeout": 20,
        "max_len": 20_000,
        "rss_limit_mb": 2_000,
        "print_final_stats": 1,
    }
    flags = [f"-{name}={setting}" for name, setting in options.items()]
    atheris.Setup([sys.argv[0], *flags, str(corpus), str(seeds)], one)
    atheris.Fuzz()
    return 0


_WORDS = r"""
<item> </item> <entry> </entry> <title> </title> <guid> </guid> <link> </link> <category> <channel>
<description> </description> <pubDate> <dc:creator> </dc:creator> <arxiv:announce_type> <![CDATA[
]]> <!-- --> <!DOCTYPE <!ENTITY &#x301; &amp;#x301; &#0; &amp;lt; &amp;NewLine; oai:arXiv.org:
https://arxiv.org/abs/ arXiv: v99999 v0 replace-cross term= href= xmlns= encoding= Abstract: $$
\xef\xbb\xbf \xff\xfe \xe2\x80\xae \xcc\x81 \xc2\x85 \\'{ \\\"{ \\c {\\ss} \\( \\) ( ) , ,( ),
"""


def _as_fields(data: bytes) -> bytes:
    """A well-formed feed of one item that says, field by field, what the lines of `data` say."""
    text = re.sub(
        r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", data.decode("utf-8", "ignore")
    )
    lines = [escape(line) for line in text.split("\n")]
    given = dict(zip(_FIELDS, lines, strict=False))
    fields = {**_FIELDS, **{name: line for name, line in given.items() if line}}
    item = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    start = feeds.as_rss("cs.LG", date(2026, 3, 10), []).decode()
    return start.replace("</channel>", f"<item>{item}</item></channel>").encode()


_FIELDS = {
    "title": "Tea",
    "dc:creator": "A. Leaf (Pot), B. Leaf",
    "description": "arXiv:2603.00001v1 Announce Type: new Abstract: Leaves.",
    "guid": "oai:arXiv.org:2603.00001v1",
    "arxiv:announce_type": "new",
    "category": "cs.LG",
    "link": "https://arxiv.org/abs/2603.00001",
    "arxiv:DOI": "10.1/1",
    "arxiv:journal_reference": "J. Tea",
}


if __name__ == "__main__":
    sys.exit(main())
