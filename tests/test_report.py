from __future__ import annotations

import json
from datetime import date

from digest.models import Kept
from digest.report import DayReport, RunReport
from tests import make
from tests.make import DAY, REPORT_KEYS, paper, score

DIGEST = make.digest(kept=[Kept(paper(), score())])
PUBLISHED = DayReport.of(DIGEST, "published", "1 of 1 paper kept", "abc123")
STALE = DayReport("stale_feed", "the feed is stale", date(2026, 1, 29))


def told(report: RunReport) -> dict[str, object]:
    text = report.to_json(1.23456)
    assert len(text.splitlines()) == 1
    loaded: dict[str, object] = json.loads(text)
    return loaded


def test_a_report_has_the_contracts_keys_whatever_happened() -> None:
    published, failed = RunReport(), RunReport()
    published.add(PUBLISHED)
    failed.fail("config_error", "no", 2)
    for report in (RunReport(), published, failed):
        assert list(told(report)) == REPORT_KEYS


def test_a_day_has_the_same_keys_as_the_run_but_for_days() -> None:
    report = RunReport()
    report.add(PUBLISHED)
    days = told(report)["days"]
    assert isinstance(days, list)
    assert [list(day) for day in days] == [REPORT_KEYS[:-1]]


def test_a_day_tells_what_its_digest_holds() -> None:
    report = RunReport()
    report.add(PUBLISHED)
    facts = told(report)
    assert facts["date"] == "2026-01-30"
    assert facts["page"] == "2026/2026-01-30.html"
    assert facts["counts"] == {
        "announced": 1,
        "seen": 0,
        "filtered": 0,
        "scanned": 1,
        "kept": 1,
        "below": 0,
        "unscored": 0,
        "new": 1,
        "cross": 0,
        "replace": 0,
    }
    assert (facts["cost_usd"], facts["model"], facts["scorer"]) == (None, "gpt-6-luna", "llm")


def test_the_top_level_is_the_newest_day_and_the_seconds_of_the_run() -> None:
    report = RunReport()
    report.add(STALE)
    report.add(PUBLISHED)
    facts = told(report)
    assert (facts["status"], facts["date"], facts["seconds"]) == ("published", str(DAY), 1.235)


def test_the_days_are_oldest_first() -> None:
    report = RunReport()
    report.add(STALE)
    report.add(PUBLISHED)
    days = told(report)["days"]
    assert isinstance(days, list)
    assert [day["date"] for day in days] == ["2026-01-29", "2026-01-30"]


def test_a_failure_is_the_top_level_and_the_day_it_struck() -> None:
    report = RunReport()
    report.add(STALE)
    report.under_way = DAY
    report.fail("publish_error", "git push failed", 5)
    facts = told(report)
    assert (facts["status"], facts["date"]) == ("publish_error", str(DAY))
    days = facts["days"]
    assert isinstance(days, list)
    assert [day["status"] for day in days] == ["stale_feed", "publish_error"]


def test_a_failure_before_any_day_handled_none() -> None:
    report = RunReport()
    report.fail("config_error", "no", 2)
    assert told(report)["days"] == []


def test_a_run_without_anything_to_do_is_unchanged() -> None:
    assert told(RunReport())["status"] == "unchanged"


def test_a_stale_day_that_fails_the_run_is_complained_about_after_a_good_one() -> None:
    report = RunReport()
    report.add(STALE, exit_code=4)
    report.add(PUBLISHED)
    assert report.exit_code == 4
    assert report.complaints() == ["digest: 2026-01-29: the feed is stale"]


def test_each_mistake_is_a_line_that_names_the_program() -> None:
    report = RunReport()
    report.fail("config_error", "keep: wrong\nout: wrong", 2)
    assert report.complaints() == ["digest: keep: wrong", "digest: out: wrong"]


def test_a_good_run_complains_of_nothing() -> None:
    report = RunReport()
    report.add(PUBLISHED)
    assert report.complaints() == []


def test_words_from_outside_cannot_command_github() -> None:
    report = RunReport()
    report.add(DayReport("stale_feed", "a\n::error::b\x1b[31m", DAY), exit_code=4)
    for text in (report.to_text(), report.to_json(0), *report.complaints()):
        assert "::error" not in text
        assert "\x1b" not in text
        assert len(text.splitlines()) == 1


def test_a_person_reads_a_line_a_day() -> None:
    report = RunReport()
    report.add(STALE)
    report.add(PUBLISHED)
    assert report.to_text() == (
        "2026-01-29: stale_feed: the feed is stale\n2026-01-30: published: 1 of 1 paper kept"
    )


def test_what_is_no_day_has_no_date_before_it() -> None:
    report = RunReport()
    report.add(DayReport("updated", "2 files changed"))
    assert report.to_text() == "updated: 2 files changed"
