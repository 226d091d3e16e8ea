"""`digest topics --from FILE`: topics and likes from the papers that a reader has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from digest.archive import feedback
from digest.cli.main import main
from digest.core.votes import LIKED, Vote, VotedPaper, VoteSource
from tests.arxiv.test_search_api import answer, entry
from tests.scoring.fake import Fake
from tests.scoring.replies import completion, error

BIBTEX = """
@article{a, title={Phonon drag in thin films}, abstract={Phonon drag changes thermal transport.},
  eprint={2601.00001}}
@article{b, title={Thermal transport and phonon drag}, abstract={Thermal transport is measured.}}
@article{c, title={Broken
@article{d, title={Phonon drag again}, doi={10.48550/arXiv.2601.00002}}
"""
REPLY = {"topics": [{"heading": "Heat in films", "phrases": ["phonon drag", "heat"]}]}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer) -> Iterator[Path]:
    """The working directory, with a library. arXiv knows 2601.00002."""
    arxiv = f"arxiv: {{api_url: '{httpserver.url_for('/api')}', delay_s: 0}}\n"
    (tmp_path / "config.yaml").write_text(f"categories: [cs.LG]\nprompts: words\n{arxiv}")
    (tmp_path / "words").mkdir()
    (tmp_path / "library.bib").write_text(BIBTEX)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    httpserver.expect_request("/api").respond_with_data(answer(entry("2601.00002")))
    yield tmp_path
    httpserver.check()


def test_a_library_becomes_topics(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["topics", "--from", "library.bib"]) == 0
    text = (home / "words" / "topics.md").read_text()
    assert text.startswith("## ")
    assert "phonon drag" in text.lower()
    out, err = capsys.readouterr()
    assert text.strip() in out
    assert "1 topic from 3 papers" in out
    assert "could not be read: line 5" in err
    assert not (home / "docs").exists()  # no likes without being asked


def test_a_file_is_only_overwritten_by_force(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "words" / "topics.md"
    path.write_text("## Mine\n")
    assert main(["topics", "--from", "library.bib"]) == 0
    assert path.read_text() == "## Mine\n"
    out = capsys.readouterr().out
    assert "honon drag" in out
    assert "not written, because the file is there: --force" in out
    assert main(["topics", "--from", "library.bib", "--force"]) == 0
    assert "honon drag" in path.read_text()


def test_like_changes_no_vote_that_is_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["topics", "--from", "library.bib", "--like", "--force"]) == 0
    first, *others = feedback.read_votes(home / "docs")
    assert main(["votes", "remove", first.id]) == 0
    assert main(["topics", "--from", "library.bib", "--like", "--force"]) == 0
    assert "0 papers liked" in capsys.readouterr().out
    assert [vote.vote for vote in feedback.read_votes(home / "docs")] == [0, *[1] * len(others)]


def test_like_adds_papers_with_ids_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert main(["topics", "--from", "library.bib", "--like"]) == 0
    votes = [Vote(f"2601.0000{n}", LIKED, None, VoteSource.HAND) for n in (1, 2)]
    assert list(feedback.read_votes(home / "docs")) == votes
    known, fetched = feedback.read_liked(home / "docs")
    assert known.abstract == "Phonon drag changes thermal transport."
    assert fetched == VotedPaper("2601.00002", "Phonon drag again", "What 2601.00002 finds.")
    assert "public where the site is" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "nothing here", "@misc{a, year=2020}", "2601.00099"])
def test_a_file_without_papers_says_what_is_expected(
    home: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (home / "library.bib").write_text(text)
    assert main(["topics", "--from", "library.bib", "--like"]) == 2
    assert "give it BibTeX" in capsys.readouterr().err
    assert sorted(p.name for p in home.iterdir()) == ["config.yaml", "library.bib", "words"]


def test_without_arxiv_titles_alone_count(
    home: Path, httpserver: HTTPServer, capsys: pytest.CaptureFixture[str], impatient: None
) -> None:
    httpserver.clear()
    httpserver.expect_request("/api").respond_with_data("no", status=500)
    assert main(["topics", "--from", "library.bib"]) == 0
    assert "titles alone count" in capsys.readouterr().err


def test_with_a_key_the_model_drafts(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with Fake(respond=lambda request: completion(request, json.dumps(REPLY))) as fake:
        monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
        assert main(["topics", "--from", "library.bib"]) == 0
    [record] = fake.records
    assert record.ids == ("1", "2", "3")  # no id or key of the file reaches the model
    assert "is asked for a draft from 3 papers: about" in capsys.readouterr().err
    text = (home / "words" / "topics.md").read_text()
    assert text == "## Heat in films\n\n- Relevant: phonon drag, heat\n"


@pytest.mark.parametrize("reply", ["## no JSON", '{"topics":[]}', None])
def test_an_unusable_reply_leaves_the_words(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reply: str | None,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    rejected = error(401, "Incorrect API key provided", code="invalid_api_key")
    with Fake(respond=lambda r: completion(r, reply) if reply else rejected) as fake:
        monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
        assert main(["topics", "--from", "library.bib"]) == 0
    assert "drafted from the papers' words, without the model" in capsys.readouterr().err
    assert "honon drag" in (home / "words" / "topics.md").read_text()
