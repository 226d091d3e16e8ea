from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import date

from digest.core.day import Kept
from digest.core.errors import RunStatus
from digest.core.scores import ScoredBy
from digest.core.secrets import Secrets
from digest.run.report import DayReport, LogFormatter, RunReport
from tests import make
from tests.make import DAY, DAY_KEYS, REPORT_KEYS, paper, score

DIGEST = make.digest(kept=[Kept(paper(), score())])
PUBLISHED = DayReport.of(DIGEST, RunStatus.PUBLISHED, "1 of 1 paper kept", "abc123")
STALE = DayReport(RunStatus.STALE_FEED, "the feed is stale", date(2026, 1, 29))


def told(report: RunReport) -> dict[str, object]:
    text = report.to_json(1.23456)
    assert len(text.splitlines()) == 1
    loaded: dict[str, object] = json.loads(text)
    return loaded


def report_of(*days: DayReport) -> RunReport:
    """Of a run that handled these days; a stale one has failed it."""
    report = RunReport()
    for day in days:
        report.add(day, 4 if day.status is RunStatus.STALE_FEED else 0)
    return report


def failed(reason: str, status: RunStatus = RunStatus.CONFIG_ERROR) -> RunReport:
    report = RunReport()
    report.fail(status, reason, 2)
    return report


def test_a_report_has_the_contracts_keys_whatever_happened() -> None:
    for report in (RunReport(), report_of(PUBLISHED), failed("no")):
        assert list(told(report)) == REPORT_KEYS
    days = told(report_of(PUBLISHED))["days"]
    assert isinstance(days, list)
    assert [list(day) for day in days] == [DAY_KEYS]
    assert (told(RunReport())["status"], told(failed("no"))["days"]) == ("unchanged", [])


def test_the_newest_day_is_the_top_and_what_failed_is_named() -> None:
    report = report_of(PUBLISHED, STALE)
    facts = told(report)
    assert (facts["status"], facts["date"], facts["seconds"]) == ("published", str(DAY), 1.235)
    assert isinstance(facts["days"], list)
    assert [day["date"] for day in facts["days"]] == ["2026-01-29", "2026-01-30"]
    assert report.to_text() == (
        "2026-01-29: stale_feed: the feed is stale\n2026-01-30: published: 1 of 1 paper kept"
    )
    assert report.exit_code == 4
    assert report.complaints() == ["digest: 2026-01-29: the feed is stale"]
    assert "digest: 2026-01-29: the feed is stale" in report.to_summary()


def test_a_failure_is_the_top_level_and_the_day_it_struck() -> None:
    report = RunReport()
    report.add(STALE)
    report.under_way = DAY
    report.fail(RunStatus.PUBLISH_ERROR, "git push failed", 5)
    facts = told(report)
    assert (facts["status"], facts["date"]) == ("publish_error", str(DAY))
    days = facts["days"]
    assert isinstance(days, list)
    assert [day["status"] for day in days] == ["stale_feed", "publish_error"]


def test_what_set_the_exit_code_is_the_problem() -> None:
    report = report_of(PUBLISHED)
    assert told(report)["problem"] is None
    report.add(DayReport(RunStatus.WAITING, "arXiv does not say yet", date(2026, 1, 28)))
    report.add(STALE, exit_code=4)
    assert told(report)["problem"] == {
        "status": "stale_feed",
        "reason": "the feed is stale",
        "date": "2026-01-29",
    }
    report.under_way = None
    report.fail(RunStatus.CONFIG_ERROR, "keep: wrong\nout: wrong", 2)
    assert told(report)["problem"] == {
        "status": "config_error",
        "reason": "keep: wrong; out: wrong",
        "date": None,
    }


def test_words_from_outside_cannot_command_github() -> None:
    report = RunReport()
    report.add(DayReport(RunStatus.STALE_FEED, "a\n::error::b\x1b[31m", DAY), exit_code=4)
    for text in (report.to_text(), report.to_json(0), *report.complaints()):
        assert "::error" not in text
        assert "\x1b" not in text
        assert len(text.splitlines()) == 1


# --- GitHub Actions ---------------------------------------------------------------------------


def outputs(report: RunReport) -> dict[str, str]:
    """`name<<DELIMITER`, the value's line, the delimiter."""
    lines = report.to_outputs().splitlines()
    found = {}
    for head, value, end in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        name, _, delimiter = head.partition("<<")
        assert delimiter == end
        found[name] = value
    return found


def test_a_step_outputs_what_the_newest_day_came_to() -> None:
    report = report_of(replace(PUBLISHED, cost_usd=0.0421), STALE)
    assert outputs(report) == {
        "status": "published",
        "reason": "1 of 1 paper kept",
        "date": "2026-01-30",
        "kept": "1",
        "unscored": "0",
        "cost-usd": "0.042100",
        "page": "2026/2026-01-30.html",
        "commit": "abc123",
        "exit-code": "4",
    }


def test_delimiters_cannot_be_guessed() -> None:
    text = RunReport().to_outputs() + RunReport().to_outputs()
    delimiters = [line.partition("<<")[2] for line in text.splitlines() if "<<" in line]
    assert len(set(delimiters)) == len(delimiters) == 18


def test_the_summary_holds_the_sums_and_the_cost_of_each_day() -> None:
    """An unknown cost is never called nothing."""
    report = report_of(replace(PUBLISHED, cost_usd=0.0421), STALE, PUBLISHED)
    report.add(replace(PUBLISHED, scorer=ScoredBy.EMBEDDED))
    text = report.to_summary()
    assert text.startswith("## Digest: published\n\n1 of 1 paper kept\n\ndigest: 2026-01-29: the")
    assert "| 2026-01-29 | stale\\_feed |" in text
    for cost in ("&#36;0.0421", "not reported", "none"):
        assert f"| 2026-01-30 | published | 1 | 0 | 0 | 1 | 1 | 0 | 0 | {cost} |" in text


def test_the_summary_stays_short() -> None:
    report = RunReport()
    for _ in range(500):
        report.add(replace(PUBLISHED, reason="word " * 10_000))
    assert len(report.to_summary()) < 8_000
    assert "And 480 earlier days." in report.to_summary()
    report.fail(RunStatus.FINDINGS, "a finding\n" * 500, 1)
    assert len(report.to_summary()) < 8_000
    assert "And 480 more." in report.to_summary()


def test_a_log_record_is_one_line_that_commands_nothing() -> None:
    record = logging.LogRecord("digest", logging.INFO, "", 1, "read: %s", ("a\n::error::b",), None)
    line = LogFormatter(Secrets()).format(record)
    assert line.replace("\u2060", "") == "read: a ::error::b"
    assert "::" not in line


def test_a_log_record_holds_no_secret() -> None:
    key = "sk-proj-Ab3dEf6hIj9kLm2nOp5q"
    text = f"key {key[:9]}\u200b{key[9:]}"
    record = logging.LogRecord("digest", logging.INFO, "", 1, "read: %s", (text,), None)
    assert LogFormatter(Secrets([key])).format(record) == "read: key …"


def test_json_commands_nothing_and_loses_nothing() -> None:
    report = RunReport()
    report.add(replace(PUBLISHED, model="##[error]@cf/x::y\n"))
    assert "##[" not in report.to_json(0)
    assert "::" not in report.to_json(0)
    assert told(report)["model"] == "##[error]@cf/x::y\n"


# --- annotations and the newest day's best ------------------------------------------------------


def test_a_failure_is_an_error_annotation_and_a_line_of_it() -> None:
    assert failed("100% wrong: fix it\nsecond").to_annotations() == (
        "::error title=Digest stopped::100%25 wrong: fix it\n::error title=Digest stopped::second\n"
    )
    findings = failed("push: refused: fix it", RunStatus.FINDINGS)  # no digest has stopped
    assert findings.to_annotations() == "::error title=To be fixed::push: refused: fix it\n"


def test_what_a_reader_must_know_of_a_day_is_a_warning_annotation() -> None:
    report = RunReport()
    digest = make.digest(kept=[Kept(paper(), score())], unscored=[paper("2601.00002")])
    report.add(DayReport.of(digest, RunStatus.PUBLISHED, "1 of 2 papers kept", "abc"))
    (line,) = report.to_annotations().splitlines()
    assert line.startswith("::warning title=Digest::2026-01-30: 1 paper could not be scored")
    stands = DayReport.of(digest, RunStatus.UNCHANGED, "nothing is new", None)
    assert report_of(stands).to_annotations() == ""  # not again


def test_what_only_deserves_a_look_stands_in_the_summary_alone() -> None:
    report = RunReport(notes=["pages: not switched on @ada"])
    report.add(DayReport(RunStatus.UNCHANGED, "the set-up is good; 1 warning"))
    assert report.to_summary().startswith(
        "## Digest: unchanged\n\nthe set-up is good; 1 warning\n\n**Note:** pages: not switched on"
    )
    assert "@ada" not in report.to_summary()
    assert report.to_annotations() == ""


def test_no_words_from_outside_make_an_annotation_of_their_own() -> None:
    report = RunReport()
    report.fail(RunStatus.FEED_ERROR, "a\r\n::error::b%0A::warning::c", 4)
    lines = report.to_annotations().splitlines()
    assert all(line.startswith("::error title=Digest stopped::") for line in lines)
    assert all(line.count("::") == 2 for line in lines)


def test_the_summary_lists_the_ten_best_with_links() -> None:
    report = RunReport()
    kept = [Kept(paper(f"2601.{n:05}", title=f"No. {n}"), score()) for n in range(1, 13)]
    report.add(DayReport.of(make.digest(kept=kept), RunStatus.PUBLISHED, "12 of 12 kept", "abc123"))
    report.site, report.repository = "https://reader.example/", "https://github.com/reader/papers"
    text = report.to_summary()
    assert "### The best 10 of 12 papers" in text
    assert "1. **R9 N8** [No. 1](https://arxiv.org/abs/2601.00001)" in text
    assert "2601.00011" not in text
    assert "[The page](https://reader.example/2026/2026-01-30.html)" in text
    assert "[The commit](https://github.com/reader/papers/commit/abc123)" in text
