"""`digest run` and `digest catch-up` over days, against arXiv's addresses served here."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.cli.main import main
from digest.core.calendar import EASTERN, next_announcement
from digest.core.config import Site
from digest.core.papers import Paper
from digest.run import check, daily
from tests import make
from tests.feeds import as_results
from tests.listings import as_catchup, as_recent
from tests.make import git, paper

WED, THU, FRI = date(2026, 1, 28), date(2026, 1, 29), date(2026, 1, 30)
MON, TUE = date(2026, 2, 2), date(2026, 2, 3)


class Arxiv:
    """What each address of arXiv's answers; what is not given is an empty page or feed."""

    def __init__(self, server: HTTPServer) -> None:
        self.feeds: dict[str, bytes | int] = {}  # or an HTTP status
        self.pages: dict[tuple[str, date], bytes] = {}
        self.recent: dict[date, int] = {}
        self.refuses = self.down = False
        self.search: list[Paper] = []
        self.asked: list[str] = []
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self)

    def __call__(self, request: Request) -> Response:
        self.asked.append(request.path)
        _, kind, *rest = request.path.split("/")
        if kind == "rss":
            body = self.feeds[rest[0]]
            if isinstance(body, int):
                return Response("", body, content_type="text/plain")
            return Response(body, content_type="application/rss+xml")
        if kind == "api":
            wanted = request.args["search_query"]
            found = [p for p in self.search if f"cat:{p.categories[0]} " in wanted]
            return Response(as_results(found, len(found)), content_type="application/atom+xml")
        if self.down or self.refuses:
            return Response(
                "<title>No</title>", 503 if self.down else 403, content_type="text/html"
            )
        if kind == "list":
            return Response(as_recent(rest[0], self.recent), content_type="text/html")
        category, day = rest[0], date.fromisoformat(rest[1])
        page = self.pages.get((category, day)) or as_catchup(category, day, ())
        return Response(page, content_type="text/html; charset=utf-8")

    def announce(self, day: date, category: str, *ids: str) -> None:
        """By the feed."""
        self.announce_papers(day, category, *map(paper, ids))

    def announce_papers(self, day: date, category: str, *papers: Paper) -> None:
        """By the feed, which has an empty title for each paper that is unreadable."""
        self.feeds[category] = make.rss(make.feed(*papers, category=category, day=day))

    def show(self, day: date, category: str, *ids: str) -> None:
        """On the page of that day."""
        papers = [paper(i, categories=(category,)) for i in ids]
        self.pages[category, day] = as_catchup(category, day, papers)

    def announce_both(self, day: date, lg: str, ai: str) -> None:
        self.announce(day, "cs.LG", lg)
        self.announce(day, "cs.AI", ai)

    def show_both(self, day: date, lg: str, ai: str) -> None:
        self.show(day, "cs.LG", lg)
        self.show(day, "cs.AI", ai)

    @property
    def asked_pages(self) -> list[str]:
        return [path for path in self.asked if path.startswith(("/catchup", "/list", "/api"))]


@pytest.fixture
def arxiv(httpserver: HTTPServer) -> Arxiv:
    return Arxiv(httpserver)


class Bot:
    """The repository of somebody who follows two categories, run at given times."""

    def __init__(self, folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys, self._url = folder, capsys, url
        self.follow("cs.LG", "cs.AI")

    def follow(self, *categories: str, authors: Sequence[str] = ()) -> None:
        settings = {
            "categories": list(categories),
            "authors": authors,
            "scorer": "offline",
            "arxiv": {
                "feed_url": f"{self._url}/rss/{{category}}",
                "site_url": self._url,
                "api_url": f"{self._url}/api/query",
                "delay_s": 0,
            },
        }
        (self.folder / "config.yaml").write_text(json.dumps(settings))

    def __call__(self, command: str, day: date, *options: str, hour: int = 7) -> dict[str, Any]:
        """At `hour` US Eastern of `day`: the report, with the exit code."""
        at = datetime(day.year, day.month, day.day, hour, tzinfo=EASTERN)
        self._capsys.readouterr()
        with time_machine.travel(at, tick=True):
            code = main([command, "--json", *options])
        ended = self._capsys.readouterr()
        report: dict[str, Any] = json.loads(ended.out)
        return report | {"code": code, "stderr": ended.err}

    def record(self, day: date) -> dict[str, Any]:
        path = self.folder / f"docs/data/{day:%Y}/{day}.json"
        loaded: dict[str, Any] = json.loads(path.read_text())
        return loaded

    def states(self, day: date) -> dict[str, str]:
        record = self.record(day)
        found = dict.fromkeys(record["seen"], "seen")
        for state in ("kept", "below", "filtered", "unscored"):
            found |= {p["id"]: state for p in record[state]}
        return found

    def scanned(self) -> list[str]:
        """Every paper that any day scanned, as often as it was."""
        paths = sorted((self.folder / "docs/data").glob("2*/*.json"))
        records = [json.loads(path.read_text()) for path in paths]
        return [p["id"] for r in records for state in ("kept", "below") for p in r[state]]

    def commits(self) -> list[str]:
        return git(self.folder, "log", "--reverse", "--format=%s").splitlines()


@pytest.fixture
def bot(
    tmp_path: Path,
    arxiv: Arxiv,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Bot]:
    folder = tmp_path / "project"
    folder.mkdir()
    make.own_git_settings(monkeypatch, tmp_path)
    git(folder, "init", "--quiet")
    (folder / "prompts").mkdir()
    (folder / "prompts/topics.md").write_text("# Topics\n## Matters\n- Relevant: the matter\n")
    for name in ("OPENAI_API_KEY", "GITHUB_REPOSITORY", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    yield Bot(folder, arxiv.url, capsys)
    if (folder / "docs/data/days.jsonl").exists():
        waiting = "catch-up --date"  # is what the tests say themselves
        assert not [f for f in check.check(folder / "docs", Site()) if waiting not in f.problem]


def made(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(day["date"], day["status"]) for day in report["days"]]


# --- the real days --------------------------------------------------------------------------------


@pytest.fixture
def real(real_data: Path, arxiv: Arxiv) -> Callable[..., None]:
    def serve(category: str, name: str) -> None:
        packed = next((real_data / "feeds_replay").glob(f"rss_{category}_{name}*.xml.gz"))
        arxiv.feeds[category] = gzip.decompress(packed.read_bytes())

    return serve


def _ids(feed: bytes | int) -> set[str]:
    assert isinstance(feed, bytes)
    return set(re.findall(r"oai:arXiv.org:([0-9.]+)v", feed.decode()))


@pytest.mark.soak
def test_a_real_stale_day_loses_nothing_and_repeats_nothing(
    bot: Bot, arxiv: Arxiv, real: Callable[..., None]
) -> None:
    real("cs.LG", "2026-01-29")
    real("cs.AI", "2026-01-29_1")
    announced = _ids(arxiv.feeds["cs.LG"]) | _ids(arxiv.feeds["cs.AI"])
    assert bot("run", THU)["status"] == "published"

    real("cs.LG", "2026-01-30")
    real("cs.AI", "2026-01-30_STALE")
    morning = bot("run", FRI)
    assert (morning["status"], bot.record(FRI)["status"]) == ("published", "partial")

    real("cs.AI", "2026-01-30_2")
    announced |= _ids(arxiv.feeds["cs.LG"]) | _ids(arxiv.feeds["cs.AI"])
    assert bot("run", FRI, hour=10)["status"] == "updated"
    assert bot("run", FRI, hour=12)["status"] == "unchanged"
    assert sorted(bot.scanned()) == sorted(announced)
    assert bot.record(FRI)["status"] == "complete"


def test_arxivs_page_replaces_a_real_stale_feed(
    bot: Bot, arxiv: Arxiv, real: Callable[..., None], real_data: Path
) -> None:
    bot.follow("cs.AI")
    real("cs.AI", "2026-01-29_1")
    bot("run", THU)
    real("cs.AI", "2026-01-30_2")
    announced = _ids(arxiv.feeds["cs.AI"])
    real("cs.AI", "2026-01-30_STALE")
    page = real_data / "catchup/rendered/catchup_cs.AI_2026-01-30_abs.html"
    arxiv.pages["cs.AI", FRI] = page.read_bytes()
    assert bot("run", FRI)["status"] == "published"
    record = bot.record(FRI)
    assert record["status"] == "complete"
    assert record["sources"]["cs.AI"]["url"].endswith("/catchup/cs.AI/2026-01-30")
    assert announced <= bot.states(FRI).keys()
    assert len(bot.scanned()) == len(set(bot.scanned()))


# --- missed days ----------------------------------------------------------------------------------


def start(bot: Bot, arxiv: Arxiv, day: date = WED) -> None:
    """A first day, from which on something can be missed."""
    arxiv.announce_both(day, "2601.00001", "2601.00002")
    assert bot("run", day)["status"] == "published"


def test_a_missed_day_is_made_first_with_its_commit(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    arxiv.show_both(THU, "2601.00011", "2601.00012")
    arxiv.announce_both(FRI, "2601.00021", "2601.00022")
    report = bot("run", FRI)
    assert made(report) == [("2026-01-29", "published"), ("2026-01-30", "published")]
    assert [subject[:17] for subject in bot.commits()] == [
        "Digest 2026-01-28",
        "Digest 2026-01-29",
        "Digest 2026-01-30",
    ]
    page = (bot.folder / "docs/2026/2026-01-29.html").read_text()
    assert "Made on Friday, 30 January 2026" in page
    assert "catch-up" in page


def test_a_surname_alone_is_warned_of_once_a_run(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    bot.follow("cs.LG", "cs.AI", authors=["Lovelace"])
    arxiv.show_both(THU, "2601.00011", "2601.00021")
    arxiv.announce_both(FRI, "2601.00012", "2601.00022")
    report = bot("run", FRI)
    assert len(made(report)) == 2
    assert report["stderr"].count("no given name is set for Lovelace") == 1
    assert {p["author_match"] for p in bot.record(FRI)["kept"]} == {"Lovelace"}


def test_a_stale_feed_after_missed_days_is_stale(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    for n, day in enumerate((THU, FRI, MON), start=1):
        arxiv.show_both(day, f"2601.0001{n}", f"2601.0002{n}")
    arxiv.announce(TUE, "cs.LG", "2601.00013")  # Monday's
    arxiv.announce(TUE, "cs.AI", "2602.00002")
    bot("run", TUE)
    assert bot.record(TUE)["sources"]["cs.LG"]["state"] == "stale"
    assert bot.states(MON)["2601.00013"] in ("kept", "below")
    arxiv.announce(TUE, "cs.LG", "2602.00001")
    bot("run", TUE, hour=9)
    assert bot.record(TUE)["status"] == "complete"
    assert len(bot.scanned()) == len(set(bot.scanned()))


def test_many_missed_days_follow_today_the_oldest_first(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv, WED)
    day, missed = next_announcement(WED), []
    for n in range(4):
        arxiv.show_both(day, f"{day:%y%m}.01{n:03}", f"{day:%y%m}.11{n:03}")
        missed.append(str(day))
        day = next_announcement(day)
    arxiv.announce_both(day, f"{day:%y%m}.99991", f"{day:%y%m}.99992")
    report = bot("run", day)
    assert made(report) == [*((d, "published") for d in missed), (str(day), "published")]
    assert [s[7:17] for s in bot.commits()[1:]] == [str(day), *missed]
    assert len(arxiv.asked_pages) == 2 * 4
    assert len(bot.scanned()) == len(set(bot.scanned())) == 2 * 6


def test_past_days_wait_if_there_is_no_time(
    bot: Bot, arxiv: Arxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(bot, arxiv)
    for n, day in enumerate((THU, FRI, MON), start=1):
        arxiv.show_both(day, f"2601.0001{n}", f"2601.0002{n}")
    arxiv.announce_both(TUE, "2602.00001", "2602.00002")
    monkeypatch.setattr(daily, "REPAIR_S", -1)  # as if there were no time
    report = bot("run", TUE)
    assert made(report) == [("2026-01-29", "waiting"), ("2026-02-03", "published")]
    assert "3 past days left to later runs" in report["days"][0]["reason"]
    assert report["code"] == 0


def test_a_day_waits_for_its_pages(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    arxiv.announce_both(FRI, "2601.00021", "2601.00022")
    report = bot("run", FRI)
    assert made(report) == [("2026-01-29", "waiting"), ("2026-01-30", "published")]
    assert report["code"] == 0
    front = (bot.folder / "docs/index.html").read_text()
    assert "No digest was made for Thursday, 29 January 2026" in front
    arxiv.show(THU, "cs.LG", "2601.00011")
    assert made(bot("run", FRI, hour=9))[0] == ("2026-01-29", "published")
    assert bot.record(THU)["status"] == "partial"
    assert "No digest was made" not in (bot.folder / "docs/index.html").read_text()
    arxiv.show(THU, "cs.AI", "2601.00012")
    assert made(bot("run", FRI, hour=10))[0] == ("2026-01-29", "updated")
    assert bot.record(THU)["status"] == "complete"
    assert bot.states(THU)["2601.00012"] in ("kept", "below")


def test_a_confirmed_empty_day_is_recorded(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    for category in ("cs.LG", "cs.AI"):
        arxiv.announce(THU, category)  # nothing, on a day on which something was expected
    assert bot("run", THU)["status"] == "no_announcement"
    arxiv.announce_both(FRI, "2601.00021", "2601.00022")
    arxiv.recent = {FRI: 2, WED: 1}
    report = bot("run", FRI)
    assert made(report) == [("2026-01-29", "no_announcement"), ("2026-01-30", "published")]
    assert bot.record(THU)["status"] == "empty"
    assert not (bot.folder / "docs/2026/2026-01-29.html").exists()
    assert "Digest 2026-01-29: nothing was announced" in bot.commits()
    asked = len(arxiv.asked_pages)
    assert made(bot("run", FRI, hour=9)) == [("2026-01-30", "unchanged")]
    assert len(arxiv.asked_pages) == asked


def test_the_search_stands_in_until_the_pages_answer(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    arxiv.refuses = True
    arxiv.search = [
        paper("2601.00011"), paper("2601.00012", categories=("cs.AI",)),
    ]  # fmt: skip
    for day, number in ((FRI, 2), (MON, 3)):
        arxiv.announce_both(day, f"2601.000{number}1", f"2601.000{number}2")
        assert made(bot("run", day))[0] == ("2026-01-29", "waiting" if day == FRI else "published")
    assert bot.record(THU)["status"] == "approximate"
    page = (bot.folder / "docs/2026/2026-01-29.html").read_text()
    assert "cannot tell exactly" in page
    asked = len(arxiv.asked_pages)
    assert made(bot("run", MON, hour=9)) == [("2026-02-02", "unchanged")]
    assert len(arxiv.asked_pages) == asked + 1  # one look whether the pages answer again
    arxiv.refuses = False
    arxiv.show(THU, "cs.LG", "2601.00011", "2601.00015")
    arxiv.show(THU, "cs.AI", "2601.00012")
    assert made(bot("run", MON, hour=10))[0] == ("2026-01-29", "updated")
    assert bot.record(THU)["status"] == "complete"
    assert {"2601.00015", "2601.00012"} <= bot.states(THU).keys()
    assert len(bot.scanned()) == len(set(bot.scanned()))


# --- what the reviews of the first version found --------------------------------------------------


def test_a_feed_stuck_for_two_days_is_stale_on_both(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    for day, number in ((THU, 1), (FRI, 2)):
        arxiv.announce(day, "cs.LG", f"2601.000{number}1")
        arxiv.announce(day, "cs.AI", "2601.00002")
        if day == FRI:
            arxiv.show(THU, "cs.AI", "2601.00012")
        bot("run", day)
    assert bot.record(THU)["status"] == "complete"
    assert bot.record(FRI)["sources"]["cs.AI"]["state"] == "stale"


def test_papers_go_back_to_the_day_that_announced_them(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    arxiv.announce(FRI, "cs.LG", "2601.00011")  # Thursday's, which is not known yet
    arxiv.announce(FRI, "cs.AI", "2601.00022")
    bot("run", FRI)
    assert bot.states(FRI)["2601.00011"] in ("kept", "below")
    arxiv.show_both(THU, "2601.00011", "2601.00012")
    bot("run", FRI, hour=9)
    assert bot.states(THU)["2601.00011"] in ("kept", "below")
    assert bot.record(FRI)["sources"]["cs.LG"]["state"] == "stale"
    arxiv.announce(FRI, "cs.LG", "2601.00021")
    bot("run", FRI, hour=10)
    assert bot.record(FRI)["status"] == "complete"
    assert sorted(bot.scanned()) == [
        "2601.00001", "2601.00002", "2601.00011", "2601.00012", "2601.00021", "2601.00022",
    ]  # fmt: skip


def test_arxivs_server_in_trouble_is_asked_once_and_no_more(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    arxiv.down = True
    arxiv.announce_both(TUE, "2602.00001", "2602.00002")
    report = bot("run", TUE)
    assert report["days"][-1]["status"] == "published"
    assert "HTTP 503" in report["days"][0]["reason"]
    assert len(set(arxiv.asked_pages)) == 1  # one address, and the tries that it is given


def test_a_failed_feed_does_not_stop_the_backlog(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    for n, day in enumerate((THU, FRI, MON), start=1):
        arxiv.show_both(day, f"2601.0001{n}", f"2601.0002{n}")
    arxiv.feeds["cs.LG"] = b"<html>503 Service Unavailable</html>"
    report = bot("run", TUE)
    assert report["code"] == 4
    assert [day["status"] for day in report["days"]] == ["published"] * 3 + ["feed_error"]


# --- by hand --------------------------------------------------------------------------------------


def test_catch_up_rescores_a_complete_day_only_if_asked(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    assert made(bot("catch-up", THU, "--date", str(WED))) == [("2026-01-28", "unchanged")]
    assert arxiv.asked_pages == []
    arxiv.show_both(WED, "2601.00001", "2601.00002")
    (bot.folder / "prompts/topics.md").write_text("# Topics\n## Else\n- Relevant: words\n")
    report = bot("catch-up", THU, "--date", str(WED), "--rescore")
    assert made(report) == [("2026-01-28", "updated")]
    assert len(bot.scanned()) == 2


@pytest.mark.parametrize("day", [FRI + timedelta(days=1), FRI])
def test_only_past_announcement_days_can_be_caught_up(bot: Bot, day: date) -> None:
    report = bot("catch-up", FRI, "--date", str(day))
    assert (report["code"], report["status"]) == (2, "config_error")


# --- what the runs reported ------------------------------------------------------------


def test_the_front_page_says_why_a_day_is_missing(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    arxiv.feeds["cs.LG"] = b"<html>503 Service Unavailable</html>"
    failed = bot("run", THU)
    assert failed["code"] == 4
    arxiv.announce_both(FRI, "2601.00021", "2601.00022")
    bot("run", FRI)
    (missed,) = bot.record(FRI)["missed"]
    assert missed["date"] == "2026-01-29"
    assert missed["reason"] == failed["reason"]
    bot("run", FRI, hour=9)
    assert bot.record(FRI)["missed"] == [missed]


# --- what could not be read -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unreadable", "other", "reason"),
    [
        (b"<html>503 Service Unavailable</html>", ["2601.00002"], "cs.LG: "),  # which is stale
        (500, None, "cs.LG: HTTP 500 .*; cs.AI: HTTP 403 "),
    ],
)
def test_an_unread_feed_without_fresh_papers_fails_the_run(
    bot: Bot, arxiv: Arxiv, unreadable: bytes | int, other: list[str] | None, reason: str
) -> None:
    start(bot, arxiv)
    arxiv.feeds = {"cs.LG": unreadable, "cs.AI": 403}
    if other is not None:
        arxiv.announce(THU, "cs.AI", *other)
    ended = bot("run", THU)
    assert (ended["code"], ended["status"]) == (4, "feed_error")
    assert re.match(reason, ended["reason"])
    assert not (bot.folder / "docs/data/2026/2026-01-29.json").exists()


def test_a_failed_feed_beside_a_full_one_is_unread(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    arxiv.announce(THU, "cs.LG", "2601.00011")
    arxiv.feeds["cs.AI"] = 500
    ended = bot("run", THU)
    assert (ended["code"], ended["status"]) == (0, "published")
    assert re.fullmatch(r"\d of 1 paper kept; cs\.AI could not be read", ended["reason"])
    source = bot.record(THU)["sources"]["cs.AI"]
    assert (source["state"], source["items"]) == ("unread", 0)
    assert source["why"].startswith("HTTP 500 from ")
    page = (bot.folder / "docs/2026/2026-01-29.html").read_text()
    assert "What cs.AI announced could not be read when this was made" in page
    assert "HTTP 500" in page
    assert "HTTP 500" in git(bot.folder, "log", "-1", "--format=%b")
    found = check.check(bot.folder / "docs", Site())
    assert [f.problem.partition(":")[0] for f in found] == ["cs.AI was unread and is not completed"]


def test_arxivs_page_stands_in_for_feeds_that_all_fail(bot: Bot, arxiv: Arxiv) -> None:
    arxiv.feeds = {"cs.LG": 503, "cs.AI": 503}
    arxiv.show_both(THU, "2601.00011", "2601.00012")
    ended = bot("run", THU)
    assert (ended["code"], ended["status"]) == (0, "published")
    assert bot.record(THU)["status"] == "complete"
    assert len(bot.scanned()) == 2
    again = bot("run", THU, hour=13)
    assert (again["code"], again["status"]) == (0, "unchanged")
    arxiv.pages.clear()
    assert bot("run", THU, hour=14)["reason"].endswith("; cs.LG, cs.AI could not be read")
    assert bot.record(THU)["status"] == "complete"


def test_a_category_that_does_not_exist_is_an_error(bot: Bot, arxiv: Arxiv) -> None:
    bot.follow("cs.LG", "cs.XY")
    arxiv.announce(THU, "cs.LG", "2601.00011")
    arxiv.feeds["cs.XY"] = 400
    arxiv.show(THU, "cs.LG", "2601.00011")
    ended = bot("run", THU)
    assert (ended["code"], ended["status"]) == (4, "feed_error")
    assert "cs.XY: newer than this version" in ended["stderr"]
    assert not any(path.startswith("/catchup") for path in arxiv.asked)


def test_a_trial_without_a_category_is_no_measure(bot: Bot, arxiv: Arxiv) -> None:
    arxiv.announce(THU, "cs.LG", "2601.00011")
    arxiv.feeds["cs.AI"] = 500
    ended = bot("run", THU, "--limit=5")
    assert (ended["code"], ended["status"]) == (4, "feed_error")
    arxiv.show(THU, "cs.AI", "2601.00012")
    assert bot("run", THU, "--limit=5")["code"] == 0


def test_catch_up_fails_only_if_arxiv_cannot_be_read(bot: Bot, arxiv: Arxiv) -> None:
    arxiv.recent = {WED: 1}
    ended = bot("catch-up", FRI, "--date", str(THU))
    assert (ended["code"], ended["status"]) == (0, "waiting")
    assert "cs.LG, cs.AI: arXiv does not say yet" in ended["reason"]
    arxiv.down = True
    ended = bot("catch-up", MON, "--since", str(THU))
    assert (ended["code"], ended["status"]) == (4, "feed_error")
    assert [day["status"] for day in ended["days"]] == ["feed_error"] * 2
    assert all("HTTP 503" in day["reason"] for day in ended["days"])


# --- a feed that is empty and should not be -------------------------------------------------------

EARLY, LATE = 7, 13  # US Eastern: before and after 16:00 UTC


def silence(bot: Bot, arxiv: Arxiv, before: date, day: date) -> None:
    """One category, which had papers on the day `before`, and whose feed is empty on `day`."""
    bot.follow("cs.LG")
    arxiv.announce(before, "cs.LG", "2601.00001")
    bot("run", before)
    arxiv.announce(day, "cs.LG")


WEEK_BEFORE = TUE - timedelta(days=7)


@pytest.mark.parametrize(
    ("answers", "hour", "options", "status", "reason"),
    [
        ({"recent": {THU: 12, WED: 1}}, EARLY, [], "no_announcement", "a later run looks again"),
        ({"recent": {THU: 12, WED: 1}}, LATE, [], "feed_error", "arXiv lists 12 papers of 2026-01"),
        ({"recent": {THU: 0, WED: 1}}, LATE, [], "no_announcement", "arXiv's own pages say"),
        # A deferred mailing.
        ({"recent": {WED: 1, WEEK_BEFORE: 4}}, LATE, [], "no_announcement", "looks again"),
        # No page can be read: papers were usual.
        ({"down": True}, EARLY, [], "no_announcement", ""),
        ({"down": True}, LATE, [], "feed_error", "on each of the last 1 recorded day"),
        ({"down": True}, EARLY, ["--date", str(THU)], "feed_error", "HTTP 503"),  # on Friday
    ],
)
def test_an_empty_feed_that_should_not_be_is_an_outage(
    bot: Bot,
    arxiv: Arxiv,
    answers: dict[str, Any],
    hour: int,
    options: list[str],
    status: str,
    reason: str,
) -> None:
    silence(bot, arxiv, WED, THU)
    for name, value in answers.items():
        setattr(arxiv, name, value)
    ended = bot("run", FRI if options else THU, *options, hour=hour)
    assert (ended["code"], ended["status"]) == (4 if status == "feed_error" else 0, status)
    assert reason in ended["reason"]
    confirmed = (bot.folder / "docs/data/2026/2026-01-29.json").exists()
    assert confirmed == ("own pages" in reason)
    assert not confirmed or bot.record(THU)["status"] == "empty"


def test_an_empty_feed_gives_way_to_arxivs_page_of_the_day(bot: Bot, arxiv: Arxiv) -> None:
    silence(bot, arxiv, WED, THU)
    arxiv.show(THU, "cs.LG", "2601.00011")
    assert bot("run", THU, hour=EARLY)["status"] == "no_announcement"
    assert bot("run", THU, hour=LATE)["status"] == "published"
    assert bot.record(THU)["status"] == "complete"


def test_a_holiday_explains_an_empty_feed(bot: Bot, arxiv: Arxiv) -> None:
    labor_day, tuesday = date(2026, 9, 7), date(2026, 9, 8)
    silence(bot, arxiv, labor_day, tuesday)
    arxiv.down = True
    late = bot("run", tuesday, hour=LATE)
    assert (late["code"], late["status"]) == (0, "no_announcement")
    assert "Labor Day" in late["reason"]


def test_an_empty_feed_is_unread_if_arxiv_lists_papers(bot: Bot, arxiv: Arxiv) -> None:
    start(bot, arxiv)
    arxiv.announce(THU, "cs.LG", "2601.00011")
    arxiv.announce(THU, "cs.AI")
    arxiv.recent = {THU: 3, WED: 1}
    early = bot("run", THU, hour=EARLY)
    assert (early["code"], early["status"]) == (0, "published")
    source = bot.record(THU)["sources"]["cs.AI"]
    assert (bot.record(THU)["status"], source["state"]) == ("partial", "unread")
    assert "arXiv lists 3 papers" in source["why"]


# --- what of a feed could not be read -------------------------------------------------------------


def test_an_unreadable_paper_is_read_from_the_page(bot: Bot, arxiv: Arxiv) -> None:
    bot.follow("cs.LG")
    good, bad = paper("2601.00011"), paper("2601.00012", unreadable="no title")
    arxiv.announce_papers(THU, "cs.LG", good, bad)
    assert bot("run", THU)["status"] == "published"
    record = bot.record(THU)
    assert record["status"] == "partial"
    (unscored,) = record["unscored"]
    assert (unscored["id"], unscored["reason"]) == ("2601.00012", "unreadable")
    assert unscored["unreadable"] == "no title"
    page = (bot.folder / "docs/2026/2026-01-29.html").read_text()
    assert ">2601.00012</a>" in page
    assert "unreadable (no title)" in page
    assert r"[2601\.00012](" in (bot.folder / "docs/2026/2026-01-29.md").read_text()

    arxiv.show(THU, "cs.LG", "2601.00011", "2601.00012")
    assert bot("run", THU, hour=9)["status"] == "updated"
    record = bot.record(THU)
    assert (record["status"], record["unscored"]) == ("complete", [])
    assert record["sources"]["cs.LG"]["origin"] == "feed and page"
    assert sorted(bot.scanned()) == ["2601.00011", "2601.00012"]
    arxiv.asked.clear()
    assert bot("run", THU, hour=10)["status"] == "unchanged"
    assert f"/catchup/cs.LG/{THU}" not in arxiv.asked


def test_an_item_without_an_id_makes_the_day_partial(bot: Bot, arxiv: Arxiv) -> None:
    bot.follow("cs.LG")
    arxiv.announce(THU, "cs.LG", "2601.00011", "2601.00012")
    whole = arxiv.feeds["cs.LG"]
    assert isinstance(whole, bytes)
    arxiv.feeds["cs.LG"] = whole.replace(b"2601.00012", b"26-01-00012")
    bot("run", THU)
    record = bot.record(THU)
    assert (record["status"], record["counts"]["announced"]) == ("partial", 1)
    source = record["sources"]["cs.LG"]
    assert (source["items"], source["unreadable"]) == (2, ["item 2: oai:arXiv.org:26-01-00012v1"])
    arxiv.show(THU, "cs.LG", "2601.00011", "2601.00012")
    bot("run", THU, hour=9)
    arxiv.pages.clear()
    assert bot("run", THU, hour=10)["status"] == "unchanged"
    assert bot.record(THU)["status"] == "complete"
