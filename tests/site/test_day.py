import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from digest.core.below import near_misses
from digest.core.day import Below, Cut, Day, Digest, Kept, Missed
from digest.core.papers import Paper
from digest.core.scores import Score, ScoredBy, Usage
from digest.site import assets, pages
from digest.site.page import day_markdown
from digest.site.pages import Front, day_page
from tests.site.days import EVENTFUL, PLAIN, QUIET, SITE
from tests.site.reading import Page

Golden = Callable[[str, bytes], None]


def page_of(digest: Digest, **options: object) -> Page:
    return Page(day_page(digest, SITE, "../", **options))  # type: ignore[arg-type]


KEPT = Kept(PLAIN, Score(9, 8, "Routing", "Shows $x^2$."))


def day_of(paper: Paper | Kept) -> Digest:
    """A day that kept this alone."""
    kept = paper if isinstance(paper, Kept) else replace(KEPT, paper=paper)
    return replace(EVENTFUL, kept=(kept,))


def test_an_eventful_day_looks_as_agreed(golden: Golden) -> None:
    golden("eventful.html", day_page(EVENTFUL, SITE, root="../"))


def test_a_quiet_day_looks_as_agreed(golden: Golden) -> None:
    golden("quiet.html", day_page(QUIET, SITE, root="../"))


@pytest.mark.parametrize(("name", "day"), [("eventful.md", EVENTFUL), ("quiet.md", QUIET)])
def test_the_markdown_reads_as_agreed(name: str, day: Digest, golden: Golden) -> None:
    golden(name, day_markdown(day, SITE))


def test_a_phrase_match_is_shown_beside_an_author_match() -> None:
    matched = replace(KEPT, author_match="Solo Author", phrase_match="C++")
    lost = replace(EVENTFUL.unscored[0], phrase_match="nobody")
    day = replace(day_of(matched), unscored=(lost,))
    page = page_of(day)
    assert "author match: Solo Author phrase match: C++" in " ".join(page.text.split())
    assert "timeout; phrase match: nobody" in page.text
    comment = "**Comment:** author match: Solo Author. phrase match: C++. Shows"
    assert comment in day_markdown(day, SITE).decode()


# --- near misses ------------------------------------------------------------------------------


def missed(cut: Cut, *scores: Score, scorer: ScoredBy = ScoredBy.MODEL) -> Digest:
    """A day with a paper below the cut for each of these scores."""
    below = tuple(Below(f"2601.{n:05}", f"Paper {n}", score) for n, score in enumerate(scores))
    return replace(EVENTFUL, cut=cut, scorer=scorer, below=below)


def test_papers_beyond_the_top_are_the_first_near_misses() -> None:
    day = missed(Cut(8, 7, top=1), Score(10, 6), Score(8, 8), Score(8, 7))
    assert [near.score.novelty for near in near_misses(day)] == [8, 7, 6]
    page = page_of(day)
    sentence = "2 more papers reached the cut and count as below: keep.top is 1."
    assert page.text.count(sentence) == 1  # in the totals
    assert "Near misses: 3 papers beyond keep.top or just under the cut" in page.text
    assert "relevance 8, novelty 7, at most 1 paper" in page.text
    text = day_markdown(day, SITE).decode()
    assert sentence in text
    assert "Beyond keep.top or just under the cut, nearest first." in text


@pytest.mark.parametrize(("scorer", "near"), [(ScoredBy.MODEL, 2), (ScoredBy.EMBEDDED, 1)])
def test_a_paper_without_a_word_of_the_topics_is_no_near_miss(scorer: ScoredBy, near: int) -> None:
    day = missed(Cut(5, 7), Score(3, None), Score(2, None), scorer=scorer)
    assert len(near_misses(day)) == near


# --- the learner ------------------------------------------------------------------------------


def test_a_match_stands_beside_the_scores_with_its_words() -> None:
    words = ("sparse <b>routing</b>", "experts")
    day = day_of(replace(KEPT, score=replace(KEPT.score, match=100, words=words)))
    text = " ".join(page_of(day).text.split())
    assert "Relevance R9 Novelty N8 Match M100 Routing" in text
    assert "Shows x2. Words behind the match: sparse <b>routing</b>, experts." in text
    assert "R relevance, N novelty, 1 to 10; M match, 0 to 100" in text
    made = day_markdown(day, SITE).decode()
    assert "Words behind the match: sparse &lt;b&gt;routing&lt;/b&gt;, experts.\n\n**Rel" in made
    assert "**Novelty:** 8  \n**Match:** 100\n\n" in made


def test_what_the_reader_may_like_is_no_near_miss_twice() -> None:
    day = missed(Cut(8, 7), Score(8, 6, match=96), Score(8, 6, match=12))
    page = page_of(day)
    assert "best 5% of the day" in page.text
    assert "Near misses: 1 paper just under the cut" in page.text
    assert [page.text.count(f"Paper {n}") for n in (0, 1)] == [1, 1]
    made = day_markdown(day, SITE).decode()
    assert made.index("## You may like") < made.index("- R8 N6 M96 [Paper 0]")
    assert made.index("## Near misses") < made.index("- R8 N6 M12 [Paper 1]")


def test_who_scored_in_an_outage_is_the_first_line() -> None:
    day = replace(EVENTFUL, scorer=ScoredBy.EMBEDDED, fallback="<b>HTTP 503</b>")
    sentence = "The model has not scored this day: <b>HTTP 503</b>. The embedded scorer has"
    page = page_of(day)
    assert page.text.count(sentence) == 1
    assert page.text.index("12 November 2026\n" + sentence) < page.text.index("papers kept.")
    escaped = (
        "> The model has not scored this day: &lt;b&gt;HTTP 503&lt;/b&gt;. The embedded scorer has"
    )
    lines = day_markdown(day, SITE).decode().splitlines()
    assert lines[2].startswith(escaped)
    assert sum(line.startswith(escaped) for line in lines) == 1


def test_unknown_usage_and_cost_are_said_to_be_unknown() -> None:
    made = day_markdown(replace(EVENTFUL, usage=Usage(), cost_usd=None), SITE).decode()
    assert "| **Tokens** | not reported | not reported | not reported |" in made
    assert "$0.00" not in made


# --- every page -------------------------------------------------------------------------------


def test_no_page_may_run_or_load_what_is_not_the_sites_own() -> None:
    page = page_of(EVENTFUL)
    (policy,) = (m["content"] for m in page.named("meta") if "http-equiv" in m)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert all(script["src"] for script in page.named("script"))
    assert "style" not in {name for name, _ in page.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name == "style" or name.startswith("on")]


def test_an_asset_changes_its_name_with_its_content() -> None:
    files = assets.assets()
    assert {path.suffix for path in files} == {".css", ".js", ".svg"}
    asked_for = day_page(EVENTFUL, SITE, root="../") + pages.stats_page([Day.of(EVENTFUL)], SITE)
    for path in files:
        assert re.fullmatch(r"assets/\w+\.[0-9a-f]{10}\.\w+", path.as_posix())
        assert re.search(rf'="(?:\.\./)?{re.escape(path.as_posix())}"'.encode(), asked_for)


# --- a day ------------------------------------------------------------------------------------


def test_why_a_day_has_no_digest_is_text() -> None:
    missed = (Missed(date(2026, 11, 11), "</p><script>alert(1)</script>"),)
    page = page_of(EVENTFUL, front=Front(expected=date(2026, 11, 13), missed=missed))
    assert "11 November 2026: </p><script>alert(1)</script>." in page.text


def test_a_day_without_a_model_names_no_novelty() -> None:
    day = replace(day_of(replace(KEPT, score=Score(9, None))), scorer=ScoredBy.EMBEDDED, below=())
    text = page_of(day).text
    assert "R relevance, 1 to 10" in text
    assert "Novelty" not in text


def test_authors_beyond_the_first_are_there_on_demand() -> None:
    authors = tuple(f"Author {n}" for n in range(3_000))
    page = page_of(day_of(replace(PLAIN, authors=authors)))
    assert "Author 5, and 2,994 more fewerAuthor 6, Author 7," in page.text
    assert "Author 2999" in page.text


def headings(page: Page) -> list[int]:
    return [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]


def test_a_comment_cannot_pose_as_a_part_of_the_page() -> None:
    comment = (
        "# Near misses\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n\n> quoted\n\n    code\n\n"
        "<details><summary>Unscored</summary></details> [Sign in](https://evil.example) "
        "<h2>Contents</h2> https://evil.example"
    )
    page = page_of(day_of(replace(KEPT, score=Score(9, 8, "Routing", comment))))
    plain = page_of(day_of(replace(KEPT, score=Score(9, 8, "Routing", "Plain."))))
    assert headings(page) == headings(plain)
    for tag in ("a", "table", "hr", "blockquote", "details", "pre"):
        assert len(page.named(tag)) == len(plain.named(tag)), tag
    for word in ("Near misses", "quoted", "code", "Sign in", "Contents"):
        assert word in page.text


def test_the_prompt_is_shown_as_it_was_sent() -> None:
    text = "\n\n# no heading\n\n- *x* <tags> & **stars** </pre>"
    page = page_of(replace(QUIET, prompt=replace(QUIET.prompt, user=text)))
    assert page.text.count(text) == 1
    assert len(page.named("pre")) == 1


def test_a_title_from_right_to_left_turns_nothing_else_around() -> None:
    title = "\u05e9\u05dc\u05d5\u05dd (v2)"
    day = day_of(replace(PLAIN, title=title))
    below = tuple(replace(near, title=title) for near in EVENTFUL.below)
    unscored = tuple(replace(u, paper=replace(u.paper, title=title)) for u in EVENTFUL.unscored)
    page = page_of(replace(day, below=below, unscored=unscored))
    titles = [a for _, a in page.elements if a.get("class") == "title"]
    assert page.text.count(title) == len(titles) + 1 == 5  # once in the BibTeX
    assert {a.get("dir") for a in titles} == {"auto"}


def test_a_title_or_a_name_that_shows_nothing_leaves_no_empty_link() -> None:
    page = page_of(day_of(replace(PLAIN, title="\u200b")))
    assert page.text.count("math.GT/0309136") == 6  # three of them in the BibTeX
