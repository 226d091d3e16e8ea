"""What a BibTeX file and a list of links name."""

from __future__ import annotations

import pytest

from digest.arxiv.library import read
from digest.core.votes import VotedPaper

ZOTERO = r"""﻿@string{deep = "Deep "}
@comment{jabref-meta: {databaseType:bibtex;}}

@article{gross_2026, title = {{On the {Gro\ss} number of {\"o}rsted {LLMs} at $O(n^{2})$}},
  abstract = "We study $x$ and caf\'e.", eprint = {2601.00001v2}, archivePrefix = {arXiv},
  year = 2026, month = jan }
@article{net, title = deep # "Nets", doi = {10.48550/arXiv.2601.00002}}
@misc{broken, title={No end

@misc{old, Title="Old", url={http://arxiv.org/abs/math/0309136}}
@misc{nothing, year=2020}
@misc{net, title={Same key}, eprint={hep-th/9901001}, eprinttype={arxiv}}
@misc{jstor, title={Elsewhere 中文}, eprint={2601.00009}, eprinttype={jstor}}
@misc{again, title={Another version}, eprint={2601.00001}}
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_bibtex_as_programs_export_it(line_end: str) -> None:
    library = read(ZOTERO.replace("\n", line_end).encode())
    title = "On the Groß number of örsted LLMs at $O(n^{2})$"
    assert sorted(library.papers, key=lambda paper: paper.title) == [
        VotedPaper("2601.00002", "Deep Nets", ""),
        VotedPaper("", "Elsewhere 中文", ""),
        VotedPaper("math/0309136", "Old", ""),
        VotedPaper("2601.00001", title, "We study $x$ and café."),
        VotedPaper("hep-th/9901001", "Same key", ""),
    ]
    assert [item.partition(":")[0] for item in library.unread] == ["line 8", "line 11"]


def test_links_and_ids_in_any_text() -> None:
    text = """2601.00003v2
    see https://arxiv.org/pdf/2601.00004v1.pdf, (arXiv:2601.00005).
    doi.org/10.48550/arXiv.2601.00006
    math.GT/0309136, not 10.1000/2601.00007, 2601.123456 or version 1.2; 2601.00003 again"""
    ids = ["2601.00003", "2601.00004", "2601.00005", "2601.00006", "math.GT/0309136"]
    assert [paper.id for paper in read(text.encode()).papers] == ids


@pytest.mark.parametrize(
    "text", ["@a{" * 2_000, "@a{x,title=" + "{" * 5_000, '@a{x,title="' * 2_000, "@" * 9_000, "\0"]
)
def test_hostile_files_hold_nothing(text: str) -> None:
    assert read(text.encode()).papers == ()
