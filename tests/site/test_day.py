import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from digest.core.config import Site
from digest.core.day import Day, Digest, Kept, Missed
from digest.core.papers import AnnounceType, Paper
from digest.core.scores import Score, ScoredBy
from digest.site import assets, pages
from digest.site.day import Front, day_page
from digest.site.math import comment_to_html
from tests.attacks import ATTACKS
from tests.site.days import EVENTFUL, PLAIN, QUIET, SITE

Golden = Callable[[str, bytes], None]
Element = tuple[str, dict[str, str | None]]


class Elements(HTMLParser):
    """Every element of a page, and the text in it."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.all: list[Element] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.all if name == tag]


def page_of(digest: Digest, **options: object) -> Elements:
    return Elements(day_page(digest, SITE, "../", **options))  # type: ignore[arg-type]


FRONT = Front(expected=date(2026, 11, 13))
KEPT = Kept(PLAIN, Score(9, 8, "Routing", "Shows $x^2$."))


def day_of(paper: Paper | Kept) -> Digest:
    """A day that kept this alone."""
    kept = paper if isinstance(paper, Kept) else replace(KEPT, paper=paper)
    return replace(EVENTFUL, kept=(kept,))


def test_an_eventful_day_looks_as_agreed(golden: Golden) -> None:
    golden("eventful.html", day_page(EVENTFUL, SITE, root="../"))


def test_a_quiet_day_looks_as_agreed(golden: Golden) -> None:
    golden("quiet.html", day_page(QUIET, SITE, root="../"))


# --- every page -------------------------------------------------------------------------------


def test_no_page_may_run_or_load_what_is_not_the_sites_own() -> None:
    page = page_of(EVENTFUL)
    (policy,) = (m["content"] for m in page.named("meta") if "http-equiv" in m)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert all(script["src"] for script in page.named("script"))
    assert "style" not in {name for name, _ in page.all}
    names = {name for _, attributes in page.all for name in attributes}
    assert not [name for name in names if name == "style" or name.startswith("on")]


def test_the_address_of_a_page_is_named_where_the_site_knows_its_own() -> None:
    site = Site(title="Papers", url="https://ada.github.io/papers/")
    day = day_page(EVENTFUL, site, root="../").decode()
    front = day_page(EVENTFUL, site, root="", front=FRONT).decode()
    address = 'property="og:url" content="https://ada.github.io/papers/'
    assert f'{address}2026/2026-11-12.html"' in day
    assert f'{address}"' in front
    assert "og:url" not in day_page(EVENTFUL, SITE, root="").decode()


def test_an_asset_changes_its_name_with_its_content() -> None:
    files = assets.assets()
    assert {path.suffix for path in files} == {".css", ".js", ".svg"}
    asked_for = day_page(EVENTFUL, SITE, root="../") + pages.stats_page([Day.of(EVENTFUL)], SITE)
    for path in files:
        assert re.fullmatch(r"assets/\w+\.[0-9a-f]{10}\.\w+", path.as_posix())
        assert re.search(rf'="(?:\.\./)?{re.escape(path.as_posix())}"'.encode(), asked_for)


# --- a day ------------------------------------------------------------------------------------


def test_the_front_page_names_the_days_that_were_missed() -> None:
    missed = (Missed(date(2026, 11, 10), ""), Missed(date(2026, 11, 11), ""))
    said = "No digest was made for Tuesday, 10 November 2026; Wednesday, 11 November 2026."
    assert said in page_of(EVENTFUL, front=replace(FRONT, missed=missed)).text
    assert "No digest was made" not in page_of(EVENTFUL, front=FRONT).text


@pytest.mark.parametrize("attack", [a[:300] for a in ATTACKS], ids=lambda a: ascii(a[:30]))
def test_why_a_day_has_no_digest_is_text(attack: str) -> None:
    def elements(reason: str) -> list[str]:
        missed = (Missed(date(2026, 11, 11), reason),)
        return [name for name, _ in page_of(EVENTFUL, front=replace(FRONT, missed=missed)).all]

    assert elements(attack) == elements("harmless")


@pytest.mark.parametrize(("digest", "linked"), [(EVENTFUL, True), (QUIET, False)])
def test_what_could_not_be_scored_is_one_link_away(digest: Digest, linked: bool) -> None:
    page = page_of(digest)
    assert ("#unscored" in [link["href"] for link in page.named("a")]) == linked
    folds = [details.get("id") for details in page.named("details")]
    assert ("unscored" in folds) == linked
    assert "the day's page" not in page.text


def test_scores_are_words_and_figures() -> None:
    said = page_of(EVENTFUL).text
    assert "Relevance R10 Novelty N9" in said
    assert "R relevance, N novelty, 1 to 10" in said
    unjudged = replace(
        day_of(replace(KEPT, score=Score(9, None))), scorer=ScoredBy.EMBEDDED, model=None
    )
    said = page_of(replace(unjudged, below=())).text
    assert "R relevance, 1 to 10" in said
    assert "Novelty" not in said


def test_texts_from_outside_have_a_direction_of_their_own() -> None:
    authors = tuple(f"Author {n}" for n in range(9))
    below = replace(EVENTFUL.below[0], score=Score(8, 6, comment="Nearly."))
    day = day_of(replace(PLAIN, authors=authors))
    page = page_of(replace(day, below=(below,), unscored=()))
    for name in ("comment", "authors", "topic", "why"):
        found = [a for _, a in page.all if a.get("class") == name]
        assert [a.get("dir") for a in found] == ["auto"], name
    inside = [tag for tag, a in page.all if a.get("dir") == "auto"]
    assert inside.count("p") == 1  # the abstract


def test_authors_beyond_the_first_are_there_on_demand() -> None:
    authors = tuple(f"Author {n}" for n in range(3_000))
    page = page_of(day_of(replace(PLAIN, authors=authors)))
    assert "Author 5, and 2,994 more fewerAuthor 6, Author 7," in page.text
    assert "Author 2999" in page.text


def test_type_and_version_are_named_where_they_matter() -> None:
    cross = replace(PLAIN, announce_type=AnnounceType.CROSS)
    assert "math.GT/0309136 · cross · v2 · math.GT cs.LG" in page_of(day_of(cross)).text
    new = replace(PLAIN, version=1)
    assert "math.GT/0309136 · math.GT cs.LG" in page_of(day_of(new)).text


def test_links_lead_to_the_version_that_was_announced() -> None:
    linked = [link["href"] for link in page_of(day_of(KEPT)).named("a")]
    for address in ("abs/math.GT/0309136", "pdf/math.GT/0309136v2", "html/math.GT/0309136v2"):
        assert f"https://arxiv.org/{address}" in linked


def test_math_becomes_mathml_but_not_where_only_text_may_stand() -> None:
    paper = replace(PLAIN, title="On $x^2$", abstract="Of $y_1$.")
    page = day_page(day_of(paper), SITE, "../").decode()
    assert page.count("<msup>") == 3  # in the contents, the title and the comment
    assert page.count("<msub>") == 1
    assert "<math" not in re.sub(r"(?s)<body.*", "", page)


def headings(page: Elements) -> list[int]:
    return [int(name[1]) for name, _ in page.all if re.fullmatch("h[1-6]", name)]


def test_a_comment_cannot_pose_as_a_part_of_the_page() -> None:
    said = (
        "# Near misses\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n\n> quoted\n\n    code\n\n"
        "<details><summary>Unscored</summary></details> [Sign in](https://evil.example) "
        "<h2>Contents</h2> https://evil.example"
    )
    page = page_of(day_of(replace(KEPT, score=Score(9, 8, "Routing", said))))
    plain = page_of(day_of(replace(KEPT, score=Score(9, 8, "Routing", "Plain."))))
    assert headings(page) == headings(plain)
    for tag in ("a", "table", "hr", "blockquote", "details", "pre"):
        assert len(page.named(tag)) == len(plain.named(tag)), tag
    for word in ("Near misses", "quoted", "code", "Sign in", "Contents"):
        assert word in page.text


def test_a_comment_keeps_emphasis_lists_code_and_math() -> None:
    said = "**So** *it* `is`:\n\n- one\n- $x^2$\n\n1. two"
    made = comment_to_html(said)
    for tag in ("<p>", "<strong>", "<em>", "<code>", "<ul>", "<ol>", "<li>", "<msup>"):
        assert tag in made


def test_a_near_miss_shows_no_raw_markdown() -> None:
    below = replace(EVENTFUL.below[0], score=Score(8, 6, comment="**Good** `code`, $x^2$.\n\n# So"))
    page = day_page(replace(EVENTFUL, below=(below,)), SITE, "../").decode()
    assert "<strong>Good</strong> <code>code</code>, <math" in page
    assert "**" not in page


@pytest.mark.parametrize(
    "text", ["<tags> & **stars**", "\n\nfirst", "# no heading\n\n- *x*", "</pre>"]
)
def test_the_prompt_is_shown_as_it_was_sent(text: str) -> None:
    day = replace(QUIET, prompt=replace(QUIET.prompt, user=text))
    page = page_of(day)
    assert page.text.count(text) == 1
    assert len(page.named("pre")) == 1


def test_a_title_from_right_to_left_turns_nothing_else_around() -> None:
    title = "\u05e9\u05dc\u05d5\u05dd (v2)"
    day = day_of(replace(PLAIN, title=title))
    below = tuple(replace(near, title=title) for near in EVENTFUL.below)
    unscored = tuple(replace(u, paper=replace(u.paper, title=title)) for u in EVENTFUL.unscored)
    page = page_of(replace(day, below=below, unscored=unscored))
    titles = [a for _, a in page.all if a.get("class") == "title"]
    assert page.text.count(title) == len(titles) + 1 == 5  # once in the BibTeX
    assert {a.get("dir") for a in titles} == {"auto"}


def test_a_title_or_a_name_that_shows_nothing_leaves_no_empty_link() -> None:
    page = page_of(day_of(replace(PLAIN, title="\u200b")))
    assert page.text.count("math.GT/0309136") == 6  # three of them in the BibTeX
