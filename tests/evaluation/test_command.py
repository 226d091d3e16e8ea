"""`digest eval` as its users meet it: through `main([...])`, with real servers to talk to."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from digest.archive import record, store
from digest.cli.main import main
from digest.core.config import Config, Llm, load_config
from digest.core.day import Digest, Kept
from digest.core.errors import OverBudget, ScoringError
from digest.core.papers import Paper
from digest.core.scores import Failure, Prompt, Reason, ScoredBy, Scoring, Usage, Verdict
from digest.evaluation import command, labels
from digest.evaluation.labels import load_labels, load_results
from digest.run.report import RunReport
from digest.scoring.scorer import Scorer, make_scorer
from digest.scoring.topics import parse_topics
from tests import make
from tests.arxiv.test_search_api import Server
from tests.cli.test_main import Ended
from tests.make import DAY, REPORT_KEYS, paper, score, tree
from tests.scoring import replies
from tests.scoring.fake import Fake
from tests.scoring.replies import Label, Request, Response, whenever

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "digest/cli/sample/labels.jsonl"
IDS = [label.paper.id for label in load_labels(LABELS)]
CONFIG = "categories: [cs.LG]\nscorer: {scorer}\nllm: {{batch_size: 5{llm}}}\n"
NEXT = DAY + timedelta(days=1)


Eval = Callable[..., Ended]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings and prompts, in what is the working directory."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    configure(folder)
    return folder


def configure(folder: Path, scorer: str = "offline", llm: str = "", more: str = "") -> None:
    (folder / "config.yaml").write_text(CONFIG.format(scorer=scorer, llm=llm) + more)


@pytest.fixture
def evaluate(project: Path, capsys: pytest.CaptureFixture[str]) -> Eval:
    def run(*arguments: str | Path) -> Ended:
        code = main(["eval", *(str(argument) for argument in arguments)])
        return Ended(code, *capsys.readouterr())

    return run


def prompts(folder: Path, name: str, topic: str) -> Path:
    """A folder of prompts with a topic of its own."""
    path = folder / name
    shutil.copytree(folder / "prompts", path)
    (path / "topics.md").write_text(f"# Topics\n## Matters\n- Relevant: {topic}\n")
    return path


# --- the embedded scorer ----------------------------------------------------------------------


def test_the_embedded_scorer_is_measured(evaluate: Eval, project: Path) -> None:
    ended = evaluate("--labels", LABELS)
    assert ended.code == 0
    assert ended.out.startswith("24 labelled papers, 11 relevant (46%)\n\nAt the cut (relevance 3)")
    last = ended.out.splitlines()[-1]
    assert last in (ROOT / "manual/topics.md").read_text().splitlines()  # as the manual shows it
    assert ended.err.startswith("score: 24 papers by the embedded scorer, prompts of prompts (")
    assert not (project / ".digest").exists()
    assert not (project / "docs").exists()


def test_with_json_stdout_is_the_report_of_what_was_asked(evaluate: Eval, project: Path) -> None:
    configure(project, scorer=ScoredBy.MODEL, more="keep: {relevance: 2, novelty: 1}\n")
    packed = project / "labels.jsonl.gz"
    packed.write_bytes(gzip.compress(LABELS.read_bytes()))
    report = evaluate("--labels", packed, "--scorer", "offline", "--k", "3", "--json").report
    assert list(report) == [*REPORT_KEYS, "evaluation", "left_out"]
    assert (report["status"], report["scorer"], report["model"]) == ("evaluated", "offline", None)
    assert (report["date"], report["counts"], report["commit"]) == (None, None, None)
    assert [day["status"] for day in report["days"]] == ["evaluated"]
    evaluation = report["evaluation"]
    assert (evaluation["n"], evaluation["unscored"]) == (24, 0)
    assert (evaluation["k"], evaluation["cut"]) == (3, {"relevance": 2, "novelty": 1})
    assert 0.5 < evaluation["figures"]["auc"] <= 1
    cuts = evaluation["cuts"]
    assert cuts["configured"]["f1"] == evaluation["figures"]["f1"]
    assert (cuts["best"] in cuts["results"], cuts["best"]["novelty"]) == (True, None)


def test_a_real_day_with_its_verdicts_is_measured(evaluate: Eval, real_data: Path) -> None:
    real = real_data / "seed_day/2026-01-30.jsonl.gz"
    evaluation = evaluate("--labels", real, "--json").report["evaluation"]
    assert (evaluation["n"], evaluation["relevant"]) == (451, 68)
    assert evaluation["figures"]["auc"] > 0.85


def test_a_terminal_with_ascii_only(
    evaluate: Eval, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "labels.jsonl").write_text(
        '{"id": "2601.00001", "title": "Größe über alles", "abstract": "A", "relevant": true}\n'
    )
    terminal = io.TextIOWrapper(io.BytesIO(), "ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert evaluate("--labels", "labels.jsonl").code == 0
    assert b"Gr??e ?ber alles" in terminal.buffer.getvalue()


# --- results, saved and compared --------------------------------------------------------------


def test_two_folders_of_prompts_are_compared(evaluate: Eval, project: Path) -> None:
    a, b = prompts(project, "a", "attention, quantization"), prompts(project, "b", "proteins")
    ended = evaluate("--labels", LABELS, "--compare", a, b)
    assert ended.code == 0
    assert ended.out.startswith(f"24 labelled papers, 11 relevant (46%)\na: {a}\nb: {b}\n")
    assert "b - a   95% interval" in ended.out
    last = ended.out.splitlines()[-1]
    assert last.startswith("evaluated: 24 labelled papers; a: AUC 0.")
    assert "; b: AUC 0." in last


def test_saved_scores_are_compared_without_a_key(evaluate: Eval, project: Path) -> None:
    (project / "a.jsonl.gz").write_text("of another day\n")
    evaluate("--labels", LABELS, "--save", "a.jsonl.gz")
    evaluate("--labels", LABELS, "--save", "new/b.jsonl")
    assert list(load_results(project / "a.jsonl.gz")) == IDS
    lines = (project / "new/b.jsonl").read_text().splitlines(keepends=True)
    (project / "new/b.jsonl").write_text("".join(lines[:20]))
    configure(project, scorer=ScoredBy.MODEL)
    given = ("--labels", LABELS, "--compare", "a.jsonl.gz", "new/b.jsonl")
    ended = evaluate(*given)
    assert ended.out.startswith("24 labelled papers, compared on the 20 that both have scored: ")
    assert "\nb: new/b.jsonl\n4 papers without a score: left out of both\n" in ended.out
    assert "; 4 papers left out (without a score: 0 of a, 4 of b); cost none" in ended.out
    report = evaluate(*given, "--json").report
    assert list(report) == [*REPORT_KEYS, "comparison", "left_out"]
    assert (report["status"], report["scorer"], report["usage"]) == ("evaluated", None, None)
    comparison = report["comparison"]
    assert comparison["names"] == ["a.jsonl.gz", "new/b.jsonl"]
    assert [comparison[key] for key in ("labelled", "unscored_a", "unscored_b")] == [24, 0, 4]
    assert comparison["a"] == comparison["b"]
    assert comparison["differences"]["auc"] == {"difference": 0.0, "low": 0.0, "high": 0.0}


def test_labels_and_scores_have_the_cut_of_their_own_scorer(evaluate: Eval, project: Path) -> None:
    text = '"title": "T", "abstract": "A", "novelty": 7, "relevance"'
    labels = (f'{{"id": "2601.{n}", {text}: {relevance}}}\n' for n, relevance in ((1, 8), (2, 4)))
    (project / "labels.jsonl").write_text("".join(labels))
    for name, novelty in (("model", ', "novelty": 9'), ("embedded", "")):
        lines = (f'{{"id": "2601.{n}", "relevance": 4{novelty}}}\n' for n in (1, 2))
        (project / f"{name}.jsonl").write_text("".join(lines))
    given = ("--labels", "labels.jsonl", "--compare", "model.jsonl", "embedded.jsonl")
    ended = evaluate(*given)
    assert ended.out.startswith("2 labelled papers, 1 relevant (50%)")
    assert "Kept (a: relevance 8, novelty 7; b: relevance 3)" in ended.out
    assert "by both 0, only by a 0, only by b 2, by neither 0" in ended.out


def test_results_without_a_common_paper_are_not_compared(evaluate: Eval, project: Path) -> None:
    line = '{{"id": "{}", "relevance": 3}}\n'.format
    (project / "a.jsonl").write_text(line(IDS[0]) + line("1901.00001"))  # not labelled
    (project / "b.jsonl").write_text(line(IDS[1]) + line("1901.00001"))
    ended = evaluate("--labels", LABELS, "--compare", "a.jsonl", "b.jsonl")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(
        "digest: a.jsonl and b.jsonl: no labelled paper has a score in both"
    )


# --- labels out of the archive ----------------------------------------------------------------


def archived(folder: Path, *digests: Digest) -> None:
    files: store.Files = {store.day_path(d.date): record.encode(d) for d in digests}
    store.write_files(folder / "docs", files)


@pytest.fixture
def arxiv(project: Path, httpserver: HTTPServer) -> Server:
    """arXiv's search interface, which knows one of the papers that have no abstract."""
    server = Server(httpserver, "2601.00003")
    configure(project, more=f'arxiv: {{api_url: "{server.url}", delay_s: 0}}\n')
    return server


def a_day(kept: str, *below: str, day: date = DAY) -> Digest:
    return make.digest(kept=[Kept(paper(kept), score())], below=list(map(paper, below)), day=day)


def test_the_archive_is_a_source_of_labels(evaluate: Eval, project: Path, arxiv: Server) -> None:
    a_later_day = a_day("2601.00002", "2601.00003", "2601.00004", day=NEXT)
    archived(project, a_day("2601.00001"), a_later_day)
    ended = evaluate("--since", NEXT, "--json")
    evaluation = ended.report["evaluation"]
    assert (evaluation["n"], evaluation["relevant"]) == (2, 1)
    assert arxiv.asked == [["2601.00003", "2601.00004"]]
    assert "labels: asking arXiv for 2 abstracts, 100 at a time\n" in ended.err
    assert "labels: 2 papers as the model scored them, 1 day of the archive (" in ended.err
    assert "labels: left out, arXiv has no abstract of 1: 2601.00004\n" in ended.err
    assert ended.report["left_out"] == ["2601.00004"]
    assert "2 labelled papers; " in ended.report["reason"]
    assert "; 1 labelled paper left out; " in ended.report["reason"]


def test_no_scored_day_since_then_is_an_error(evaluate: Eval, project: Path) -> None:
    archived(project, a_day("2601.00001"))
    ended = evaluate("--since", NEXT, "--json")
    assert (ended.code, ended.report["status"]) == (2, "config_error")
    assert ended.err == (
        f"digest: docs/data: no scored day from {NEXT} on: name an earlier date, or a file of"
        " labels with --labels\n"
    )


# --- votes ------------------------------------------------------------------------------------


def test_votes_tell_how_good_the_list_is(evaluate: Eval, project: Path) -> None:
    days = [DAY + timedelta(number) for number in range(6)]
    ids = [f"2601.1000{number}" for number in range(6)]
    archived(project, *(a_day(i, f"{i}9"[-10:], day=day) for i, day in zip(ids, days, strict=True)))
    votes = [
        f'{{"id": "{i}", "vote": 1, "date": "{day}"}}\n' for i, day in zip(ids, days, strict=True)
    ]
    (project / "docs/data/votes.jsonl").write_text("".join(votes))
    ended = evaluate("--votes")
    assert ended.code == 0
    table = ended.out.splitlines()
    assert (
        " ".join(table[1].split())
        == "First 10 papers: liked 100.0% 47.6% to 100.0% 6 of 6 papers, 6 days"
    )
    assert max(map(len, table)) <= 100
    report = evaluate("--votes", "--json").report
    assert list(report) == [*REPORT_KEYS, "for_you"]
    assert report["reason"] == "6 votes, 6 days"
    first, *_, foreseen = report["for_you"]
    assert first["value"] == pytest.approx([1, 0.476, 1], abs=0.001)
    assert (foreseen["name"], foreseen["value"]) == ("Cut foreseen (AUC)", None)


@pytest.mark.parametrize("more", [(), ("--k", "3")])
def test_without_votes_or_with_other_options_it_says_so(
    evaluate: Eval, project: Path, more: tuple[str, ...]
) -> None:
    ended = evaluate("--votes", *more)
    assert ended.code == 2
    assert ("use it without other options" if more else "holds no votes") in ended.err


# --- the model --------------------------------------------------------------------------------


ALL_GOOD = {i: Label(relevance=9, novelty=8, topic="none", comment=f"Of {i}.") for i in IDS}
KEPT = "; what was scored is kept: run it again, and only the rest is paid for"
Ask = Callable[..., tuple[Ended, Fake]]


@pytest.fixture
def ask(evaluate: Eval, project: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Evaluate with a running endpoint, which gives every paper good scores or responds."""
    configure(project, scorer=ScoredBy.MODEL)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

    def run(
        *arguments: str | Path, respond: replies.Step | None = None, labels: Path = LABELS
    ) -> tuple[Ended, Fake]:
        with Fake(ALL_GOOD, public=True, respond=respond) as fake:
            monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
            return evaluate("--labels", labels, *arguments, "--json"), fake

    return run


def unfinished(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".digest").glob("*"))


def once(*fakes: Fake) -> bool:
    """True if each labelled paper was paid for exactly once by all together."""
    paid = [paper_id for fake in fakes for paper_id in fake.answered.elements()]
    return sorted(paid) == sorted(IDS)


def test_a_model_is_measured_with_its_cost(project: Path, ask: Ask) -> None:
    ended, fake = ask("--save", "a.jsonl", respond=whenever(IDS[3], replies.filtered()))
    report = ended.report
    assert (ended.code, report["scorer"], report["model"]) == (0, "llm", "gpt-6-luna")
    assert 0 < report["usage"]["requests"] <= len(fake.records)
    assert report["usage"]["prompt_tokens"] > 1000
    assert f"({report['usage']['requests']} requests, tokens " in report["reason"]
    cost = report["cost_usd"]
    assert ("cost not reported" if cost is None else f"cost ${cost:.4f}") in report["reason"]
    assert (report["evaluation"]["kept"], report["evaluation"]["unscored"]) == (23, 1)
    assert "prompts: 1 of 24 papers not scored (1 refused)\n" in ended.err
    assert "; 1 paper without a score; cost " in report["reason"]
    results = load_results(project / "a.jsonl")
    assert set(IDS) - set(results) == {IDS[3]}
    assert results[IDS[0]].comment == f"Of {IDS[0]}."
    assert unfinished(project) == []


# --- what is paid for once --------------------------------------------------------------------


def test_after_a_failure_only_the_rest_is_paid_for(project: Path, ask: Ask) -> None:
    ended, failing = ask(
        "--save", "a.jsonl", respond=lambda r: replies.unauthorized() if r.number >= 2 else None
    )
    assert (ended.code, ended.report["status"]) == (3, "outage")
    assert "evaluation" not in ended.report
    assert "rejects the API key" in ended.err.splitlines()[-1]
    assert not (project / "a.jsonl").exists()
    assert failing.answered
    assert len(unfinished(project)) == 1
    (project / "taken").write_text("a file")  # where the scores cannot be saved
    ended, fake = ask("--save", "taken/a.jsonl")
    assert (ended.code, ended.report["status"]) == (1, "archive_error")
    assert f", {len(failing.answered)} scored earlier (" in ended.err
    ended, free = ask("--save", "a.jsonl")
    assert once(failing, fake)
    assert free.records == []
    whole = [r for f in (failing, fake) for r in f.records if r.status == 200]
    assert ended.report["usage"]["requests"] == len(whole)
    assert ended.report["evaluation"]["scored"] == 24
    assert unfinished(project) == []


# --- the budget -------------------------------------------------------------------------------


def priced(project: Path, budget_usd: object) -> None:
    """One request after the other, at a price that is known."""
    llm = f", model: gpt-4o, concurrency: 1, budget_usd: {budget_usd}"
    configure(project, "llm", llm)


def estimate(project: Path) -> float:
    """The estimated cost of a whole evaluation, in dollars."""
    config = load_config(project / "config.yaml")
    papers = [label.paper for label in load_labels(LABELS)]
    cost = make_scorer(config, None, None).estimate(papers).cost_usd
    assert cost is not None
    return cost


def test_above_the_budget_nothing_is_sent(project: Path, ask: Ask) -> None:
    priced(project, 1)
    cost = estimate(project)
    priced(project, cost * 1.5)
    ended, fake = ask("--compare", "prompts", "prompts")
    assert fake.records == []
    assert (ended.code, ended.report["status"]) == (3, "over_budget")
    assert ended.report["reason"] == (
        f"about ${2 * cost:.4f} are needed for 24 papers and 24 papers, and of the budget of"
        f" ${cost * 1.5:.4f} there is ${cost * 1.5:.4f} left: raise llm.budget_usd, or name"
        " fewer papers; nothing was sent to the model"
    )
    ended, _ = ask()
    assert ended.code == 0
    assert ended.err.startswith(f"cost: about ${cost:.4f} for 24 papers, in ")
    assert ended.err.splitlines()[1].startswith("score: ")


def test_a_budget_that_ends_midway_gives_no_figures(project: Path, ask: Ask) -> None:
    given = ("--compare", "prompts", prompts(project, "b", "proteins"))
    tokens = {"prompt_tokens": 400_000, "completion_tokens": 10, "total_tokens": 400_010}

    def costly(request: Request) -> Response | None:
        if "Relevant: proteins" not in json.dumps(request.body):
            return None
        return replies.usage(tokens)(request)

    priced(project, 1)
    ended, first = ask(*given, respond=costly)
    assert (ended.code, ended.report["status"]) == (3, "over_budget")
    assert "comparison" not in ended.report
    assert ended.report["reason"].startswith("the budget is not enough: ")
    assert ": b: " in ended.report["reason"].replace(str(project) + "/", "")
    assert ended.report["reason"].endswith(KEPT)
    assert len(unfinished(project)) == 2
    ended, again = ask(*given, respond=costly)  # the spend of earlier tries counts
    assert (ended.code, ended.report["status"]) == (3, "over_budget")
    assert "there is nothing left: raise llm.budget_usd" in ended.report["reason"]
    assert again.records == []
    priced(project, "null")
    ended, last = ask(*given, respond=costly)
    assert ended.code == 0
    assert ended.report["comparison"]["b"]["n"] == 24
    assert set((first.answered + last.answered).values()) == {2}  # each with its own prompts
    assert unfinished(project) == []


# --- how much may be unscored -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("reasons", "max_unscored", "error"),
    [
        ([Reason.REFUSED] * 9, 0.2, None),
        ([Reason.REFUSED] * 10, 1.0, "the model failed: it is slow: a: 10 of 10"),
        ([Reason.BUDGET] * 10, 1.0, "the budget is not enough: it is slow: a: 10 of 10"),
        ([Reason.INTERRUPTED], 0.2, "interrupted: a: 1 of 10 papers not scored"),
        ([*[Reason.REFUSED] * 5, *[Reason.TIMEOUT] * 2], 0.2, None),
        ([*[Reason.REFUSED] * 5, *[Reason.TIMEOUT] * 3], 0.2, "the model failed: it is slow: a: 8"),
    ],
)
def test_too_many_unscored_papers_give_no_figures(
    reasons: Sequence[Reason], max_unscored: float, error: str | None, tmp_path: Path
) -> None:
    asked: list[str] = []

    def score(
        papers: Sequence[Paper], _left: float | None, keep: Callable[[Scoring], None]
    ) -> Scoring:
        asked.append(papers[0].id)
        failed = [Failure(reason) for reason in reasons]
        verdicts: list[Verdict] = [*failed, *[make.score()] * (10 - len(failed))]
        by_id = {p.id: v for p, v in zip(papers, verdicts, strict=True)}
        keep(Scoring(by_id, Usage(requests=1)))
        return Scoring(by_id, Usage(requests=1), trouble="it is slow")

    scorer = Scorer(
        ScoredBy.MODEL, "m", Prompt("", ""), score, lambda _: Scoring({}), parse_topics("pruning")
    )
    config = Config(categories=("cs.LG",), llm=Llm(max_unscored=max_unscored))
    given = tuple(labels.Label(paper(f"2601.0000{n}"), n % 2 == 0) for n in range(10))
    contenders = [command.Contender(name, scorer) for name in ("a", "b")]
    report = RunReport()
    arguments = command.Labelled(given), contenders, config, tmp_path, 20, report
    if error is None:
        command.measure(*arguments)
        assert report.top.status == "evaluated"
        return
    with pytest.raises(ScoringError) as caught:
        command.measure(*arguments)
    assert str(caught.value).startswith(error)
    assert isinstance(caught.value, OverBudget) is (Reason.BUDGET in reasons)
    assert len(asked) == 1  # the second would have cost money for nothing
    assert list(tmp_path.glob("*.jsonl"))


# --- what is wrong is a line ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "one of the arguments --labels --since --votes is required: see digest eval --help"),
        (["--labels", "x", "--since", "2026-01-30"], "--since: not allowed with argument --labels"),
        (["--labels", LABELS, "--k", "0"], "'0' is not a whole number above 0"),
        (["--labels", LABELS, "--compare", "a"], "--compare: expected 2 arguments"),
        (["--labels", "none.jsonl"], "none.jsonl: no such file: write one"),
        (
            ["--labels", LABELS, "--save", "a", "--compare", "prompts", "prompts"],
            "--save saves one set of scores: use it without --compare",
        ),
        (["--labels", LABELS, "--save", "prompts"], "--save: prompts is a folder: name a file"),
        (
            ["--labels", "config.yaml", "--save", "prompts/../config.yaml"],
            "--save: prompts/../config.yaml holds the labels: name another file",
        ),
        (
            ["--labels", LABELS, "--compare", "prompts", "nowhere"],
            "nowhere: no such file or folder: name a folder of prompts, or a file of results",
        ),
        (["--labels", LABELS, "--compare", "docs", "prompts"], "docs/topics.md: no such file"),
        (
            ["--labels", LABELS, "--compare", "other.jsonl", "prompts"],
            "other.jsonl: no labelled paper has a score: name results of these",
        ),
        (["--labels", LABELS, "--scorer", "llm"], "no API key for `scorer: llm`"),
    ],
)
def test_a_usage_mistake_is_a_line_and_changes_nothing(
    evaluate: Eval, project: Path, arguments: list[str | Path], says: str
) -> None:
    (project / "docs").mkdir()
    (project / "other.jsonl").write_text('{"id": "1901.00001", "relevance": 3}\n')
    before = tree(project)
    ended = evaluate(*arguments, "--json")
    assert (ended.code, ended.report["status"]) == (2, "config_error")
    assert list(ended.report) == REPORT_KEYS
    (line,) = ended.err.splitlines()
    assert line.startswith("digest: ")
    assert says in line
    assert tree(project) == before
