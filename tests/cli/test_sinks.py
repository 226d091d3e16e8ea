"""Text from outside, in every place it reaches: nothing of it acts, and all of it can be read.

Each attack of `tests.attacks` is sent as every field that a stranger, a model or a provider fills,
all at once, through every sink. Pages are then compared with those of a harmless text: the same
elements with the same attributes, or something of the attack was taken for markup.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

from digest.core.config import Site
from digest.core.day import Below, Cut, Day, Digest, Filtered, Kept, Status, Unscored
from digest.core.errors import RunStatus
from digest.core.papers import Paper, Source, SourceState
from digest.core.scores import Prompt, Score, ScoredBy, Usage
from digest.core.secrets import Secrets
from digest.core.tex import plain
from digest.core.text import one_line
from digest.publish.commit import commit_message
from digest.run.report import DayReport, LogFormatter, RunReport
from digest.site import math, sanitize
from digest.site.calendar import all_days_page
from digest.site.page import day_markdown as markdown_day
from digest.site.pages import day_page
from tests import make
from tests.attacks import ATTACKS, LONG, ORDINARY
from tests.make import DAY, NEW, entry

JOINER = "\u2060"


FIELDS = (
    "title", "author", "abstract", "comment", "topic", "category", "rule", "model", "reason",
    "prompt", "site_title", "url", "unreadable", "why", "broken",
)  # fmt: skip


def digest_of(text: str, names: Iterable[str] = FIELDS) -> tuple[Digest, Site]:
    """A day in which the fields that `names` names are `text`, and the others are harmless."""
    names = set(names)

    def hostile(name: str) -> str:
        return text if name in names else "harmless"

    def paper(number: int) -> Paper:
        return Paper(
            id=f"2601.{number:05}",
            version=1,
            title=hostile("title"),
            authors=(hostile("author"), "Ada Lovelace", hostile("author")),
            abstract=hostile("abstract"),
            categories=("cs.LG", hostile("category")),
            announce_type=NEW,
        )

    kept = Kept(paper(1), Score(9, 8, hostile("topic"), hostile("comment")), hostile("author"))
    # A file in UTF-8 holds no half of a surrogate pair, and a settings file no unprintable one.
    prompt = re.sub("[\ud800-\udfff]", "", hostile("prompt"))
    digest = Digest(
        date=DAY,
        status=Status.PARTIAL,
        generated_at=datetime(2026, 1, 30, 6, 7, 8, tzinfo=UTC),
        scorer=ScoredBy.MODEL,
        model=hostile("model"),
        prompt=Prompt(prompt, prompt),
        cut=Cut(8, 7),
        sources={
            "cs.LG": Source(
                hostile("url"), SourceState.FRESH, tuple(entry(paper(n)) for n in range(1, 5))
            ),
            hostile("category"): Source(
                hostile("url"), SourceState.STALE, (), (hostile("unreadable"),)
            ),
            f"not {hostile('category')}": Source("", SourceState.UNREAD, why=hostile("why")),
        },
        kept=(kept,),
        below=(
            Below(
                "2601.00002", hostile("title"), Score(3, 4, hostile("topic"), hostile("comment"))
            ),
        ),
        filtered=(Filtered("2601.00003", hostile("title"), hostile("rule")),),
        seen=(),
        unscored=(
            Unscored(
                replace(paper(4), unreadable=hostile("broken")),
                hostile("reason"),
                hostile("author"),
            ),
        ),
        usage=Usage(1, 2, 3, 4, 5),
        cost_usd=0.01,
    )
    return digest, Site(title=hostile("site_title"), url=hostile("url"))


def report_of(text: str) -> RunReport:
    """A run that went well once, and then failed for a reason from outside."""
    digest, _ = digest_of(text)
    report = RunReport()
    report.add(DayReport.of(digest, RunStatus.STALE_FEED, text, "0123abc"), exit_code=4)
    report.add(replace(DayReport.of(digest, RunStatus.PUBLISHED, text, None), model=text))
    report.under_way = DAY
    report.fail(RunStatus.FEED_ERROR, text, 4)
    return report


# --- what is dangerous, and what may be read --------------------------------------------------

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2061-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)

# As GitHub documents them: autolinked references, keywords that close an issue, mentions, commands
# in a commit message that skip a workflow, trailers, workflow commands, emoji.
GITHUB = {
    "mention": r"@[A-Za-z0-9]",
    "reference": r"#\d|(?i:\bGH-\d)",
    "reference by address": r"(?i:github\.com/\S+/(?:issues|pull|discussions|commit)/\w)",
    "emoji": r":[a-z0-9_+-]+:",
}
COMMIT = {
    "skip": r"(?i)\[\s*(?:skip ci|ci skip|no ci|skip actions|actions skip)\s*\]",
    "skip-checks": r"(?i)skip-checks\s*:",
    "trailer": r"(?i)(?:[\w-]+-by)\s*:",
}
COMMANDS = {"command": r"(?m)^\s*::", "old command": r"##\["}


def assert_inert(text: str, *families: dict[str, str]) -> None:
    """No unseen character, and nothing that GitHub would obey."""
    assert not UNSEEN.search(text), f"unseen: {UNSEEN.search(text)!r}"
    for family in families:
        for name, pattern in family.items():
            found = re.search(pattern, text)
            assert not found, f"{name}: {text[max(0, found.start() - 30) : found.end() + 30]!r}"


# Attributes that hold text from outside: that they are there is ours, what they say is not.
SAID = {"content", "title", "value", "data-topic", "data-categories", "data-bibtex"}
FOREIGN = {"comment", "title", "abstract", "why"}  # classes of what may hold markup
VOID = {"meta", "link", "br", "hr", "img", "input", "base", "embed", "col", "source", "wbr"}


class Page(HTMLParser):
    """A page's skeleton (elements and attributes), and the text that a reader sees.

    What was Markdown or TeX from outside has elements of its own, which are kept apart.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.skeleton: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.foreign: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""
        self.open: list[tuple[str, bool]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += " "
        inside = any(is_foreign for _, is_foreign in self.open)
        ours = tuple((name, None if name in SAID else value) for name, value in attrs)
        (self.foreign if inside else self.skeleton).append((tag, tuple(attrs) if inside else ours))
        if tag not in VOID:
            is_foreign = dict(attrs).get("class") in FOREIGN
            self.open.append((tag, is_foreign))

    def handle_endtag(self, tag: str) -> None:
        self.text += " "
        if not any(is_foreign for _, is_foreign in self.open):
            self.skeleton.append((f"/{tag}", ()))
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.skeleton.append(("comment", ()))

    def unknown_decl(self, data: str) -> None:
        self.skeleton.append(("declaration", ()))

    def handle_pi(self, data: str) -> None:
        self.skeleton.append(("instruction", ()))


def assert_harmless_elements(page: Page) -> None:
    """What became of Markdown and TeX from outside: plain elements, links to the web, math."""
    known = {**math._ATTRIBUTES, "a": {"href", "rel"}, "p": {"class", "dir"}, "code": {"class"}}
    for tag, attributes in page.foreign:
        named = dict(attributes)
        assert tag in sanitize._BLOCKS | math._TAGS | {"a", "summary", "u", "s", "sup", "sub"}, tag
        assert set(named) <= known.get(tag, set()), (tag, named)
        assert named.get("class", "id") in ("id", "tex")
        assert named.get("dir", "auto") == "auto"
        href = named.get("href") or ""
        assert re.match(r"https?://|(?![a-zA-Z][\w+.-]*:)", href), href


def readable(text: str) -> str:
    """Text without what no reader sees: our own joiners, and white space of any kind."""
    return "".join(text.replace(JOINER, "").split())


# --- the sinks --------------------------------------------------------------------------------


def day_html(digest: Digest, settings: Site) -> str:
    return day_page(digest, settings, root="../").decode()


def archive_html(digest: Digest, settings: Site) -> str:
    return all_days_page([Day.of(digest)], settings).decode()


def day_markdown(digest: Digest, settings: Site) -> str:
    return markdown_day(digest, settings).decode()


def as_github(source: str) -> str:
    """GitHub's own renderer, without the filter it puts behind: raw HTML would come through."""
    extensions = ["table", "autolink", "strikethrough", "tasklist"]
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    made: str = cmarkgfm.cmark.markdown_to_html_with_extensions(source, options, extensions)
    return made


HARMLESS = digest_of("harmless")


@cache
def harmless(make: Callable[[Digest, Site], str], render: Callable[[str], str] = str) -> Page:
    return Page(render(make(*HARMLESS)))


def check_html(digest: Digest, settings: Site) -> None:
    made = day_html(digest, settings)
    page = Page(made)
    assert page.skeleton == harmless(day_html).skeleton
    assert_harmless_elements(page)
    assert_inert(made)


def check_archive(digest: Digest, settings: Site) -> None:
    made = archive_html(digest, settings)
    assert Page(made).skeleton == harmless(archive_html).skeleton
    assert_inert(made)


def check_markdown(digest: Digest, settings: Site) -> None:
    source = day_markdown(digest, settings)
    page = Page(as_github(source))
    assert page.skeleton == harmless(day_markdown, as_github).skeleton
    assert_inert(source)
    prose, _, _ = source.partition("# Paper selection prompt")  # the rest is code, as sent
    assert not re.search(r"\{\{|\{%", prose)
    assert_inert(Page(as_github(prose)).text, GITHUB, COMMANDS)


def check_commit(digest: Digest, settings: Site) -> None:
    message = commit_message(digest)
    assert_inert(message, GITHUB, COMMIT, COMMANDS)
    title, _, *paragraphs = message.rstrip("\n").split("\n\n")
    assert re.fullmatch(r"Digest 2026-01-30: 1 of 3 papers kept", title)
    for line in paragraphs[-1].splitlines():  # the ranked list
        assert re.match(r"R9 N8(?:  |$)|       |https://arxiv\.org/abs/2601\.00001$", line), line
    assert len(paragraphs) == len(commit_message(HARMLESS[0]).rstrip("\n").split("\n\n")) - 2


def check_log(text: str) -> None:
    record = logging.LogRecord("digest", 20, "x.py", 1, "%s score: %s", ("day", text), None)
    line = LogFormatter(Secrets()).format(record)
    assert len(line.splitlines()) == 1
    assert line.startswith("day score: ")
    assert_inert(line, GITHUB, COMMIT, COMMANDS)


def check_json(text: str) -> None:
    line = report_of(text).to_json(1)
    assert line.isascii()
    assert "\n" not in line
    assert_inert(line, COMMANDS)
    told = json.loads(line)
    assert told["days"][1]["model"] == text or not text
    assert_inert(told["reason"], GITHUB, COMMIT, COMMANDS)


def check_complaints(text: str) -> None:
    for line in report_of(text).complaints():
        assert line.startswith(f"digest: {DAY}: ")
        assert len(line.splitlines()) == 1
        assert_inert(line, GITHUB, COMMIT, COMMANDS)


def check_text(text: str) -> None:
    lines = report_of(text).to_text().split("\n")
    assert [line[:22] for line in lines] == ["2026-01-30: stale_feed", "2026-01-30: published:"]
    assert_inert("\n".join(lines), GITHUB, COMMIT, COMMANDS)
    assert all(len(line.splitlines()) == 1 for line in lines)


def parse_outputs(text: str) -> dict[str, str]:
    """GITHUB_OUTPUT as the runner reads it: `name=value`, or lines up to a delimiter."""
    values: dict[str, str] = {}
    lines = iter(text.removesuffix("\n").split("\n"))
    for line in lines:
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and not 0 <= heredoc < equals:
            name, _, values[name] = line.partition("=")
        elif heredoc > 0:
            name, _, delimiter = line.partition("<<")
            held = []
            while (value := next(lines)) != delimiter:
                held.append(value)
            values[name] = "\n".join(held)
        else:
            assert not line, f"the runner would refuse {line!r}"
    return values


def check_outputs(text: str) -> None:
    report = report_of(text)
    made = report.to_outputs()
    told = json.loads(report.to_json(1))
    assert parse_outputs(made) == {
        "status": "feed_error",
        "reason": told["reason"],
        "date": "2026-01-30",
        "kept": "",
        "unscored": "",
        "cost-usd": "",
        "page": "",
        "commit": "",
        "exit-code": "4",
    }
    assert_inert(made, GITHUB, COMMIT, COMMANDS)


def check_summary(text: str) -> None:
    made = report_of(text).to_summary()
    same_shape = report_of("\n".join(["harmless"] * len(text.splitlines()))).to_summary()
    page = Page(as_github(made))
    if text.split():
        expected = Page(as_github(same_shape)).skeleton
        assert [e for e in page.skeleton if e[0][-1] != "p"] == [
            e for e in expected if e[0][-1] != "p"
        ]  # but for paragraphs, where a line of the attack is empty
    assert_inert(page.text, GITHUB, COMMIT, COMMANDS)
    assert len(made.encode()) < 64 * 1024


PAGES = {
    "day": check_html,
    "archive": check_archive,
    "GitHub Markdown": check_markdown,
    "commit": check_commit,
}
LINES = {
    "log": check_log,
    "JSON": check_json,
    "complaints": check_complaints,
    "text": check_text,
    "outputs": check_outputs,
    "summary": check_summary,
}


def name(attack: str) -> str:
    return ascii(one_line(attack, 40))


# A message's warnings quote categories, of which the parser accepts letters alone.
SHORT = [attack for attack in ATTACKS if attack not in LONG]


@pytest.mark.parametrize("sink", [*PAGES, *LINES])
def test_no_attack_acts_in_any_place(sink: str) -> None:
    for attack in SHORT:
        try:
            PAGES[sink](*digest_of(attack)) if sink in PAGES else LINES[sink](attack)
        except AssertionError as error:
            pytest.fail(f"{name(attack)}: {error}")


@pytest.mark.parametrize("attack", [LONG[n] for n in (0, 3, 12)])
def test_a_title_of_10000_characters_acts_nowhere(attack: str) -> None:
    digest, settings = digest_of(attack, ["title", "author", "abstract", "reason"])
    for check in (check_html, check_markdown, check_commit):
        check(digest, settings)
    for check_line in LINES.values():
        check_line(attack)


def test_no_comment_holds_up_a_page() -> None:
    with make.cpu_seconds(30):
        for attack in ("[" * 10_000, "[x](" * 2_500, "![a][" * 2_000):
            day_html(*digest_of(attack))


# --- ordinary text stays legible --------------------------------------------------------------

TEXTS: dict[str, Callable[[str], str]] = {
    "day": lambda text: Page(day_html(*digest_of(text))).text,
    "GitHub Markdown": lambda text: Page(as_github(day_markdown(*digest_of(text)))).text,
    "commit": lambda text: commit_message(digest_of(text)[0]),
    "log": lambda text: LogFormatter(Secrets()).format(
        logging.LogRecord("digest", 20, "x.py", 1, "read: %s", (text,), None)
    ),
    "complaints": lambda text: "\n".join(report_of(text).complaints()),
    "text": lambda text: report_of(text).to_text(),
    "JSON": lambda text: str(json.loads(report_of(text).to_json(1))["reason"]),
    "outputs": lambda text: parse_outputs(report_of(text).to_outputs())["reason"],
    "summary": lambda text: Page(as_github(report_of(text).to_summary())).text,
}


@pytest.mark.parametrize("sink", TEXTS)
def test_ordinary_text_can_be_read(sink: str) -> None:
    for text in ORDINARY:
        shown = readable(TEXTS[sink](text))
        expected = {"commit": [plain(text)]}.get(sink, [text])
        if sink in ("day", "GitHub Markdown"):
            expected = [text, plain(text)]
        for each in expected:
            assert readable(unicodedata.normalize("NFC", each)) in shown, text
