"""Words and phrases of topics and papers, so that one can be found in the other. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise, product

import Stemmer

from digest.core.text import fold

_MAX_CHARS = 20_000  # of an abstract; the longest real ones have a tenth
_MAX_WORDS = 5  # of a phrase: a longer clause is prose, which no paper repeats
_SINGLE = 6  # letters of a word of prose that says something by itself

_WORD = re.compile(r"[^\W_]+(?:[-\u2010\u2011][^\W_]+)*")
_HYPHEN = re.compile(r"[-\u2010\u2011]")
_PART = re.compile(r"[^\W_]+")
# Joined to a word, such a part is shown with it: in-context, x-ray.
_SHORT_PART = re.compile(r"(?<![\w-])(?:[^\W_]|in|off|on)-$", re.IGNORECASE)
_FORMULA = re.compile(r"\$[^$]*\$|\\\w+")  # or a command of TeX
# Words side by side, one may be between them.
_UNBROKEN = re.compile(r"[\w'’/‐‑-]+(?: [\w'’/‐‑-]+){0,2}")
_DOTTED = re.compile(r"\b(?:e\.\s?g|i\.\s?e|etc|et al|vs|cf|approx)\.,?", re.IGNORECASE)
_CLAUSE = re.compile(
    r"[;,()\n—；，、（）。]|[.:!?](?=\s|$)|\s[-–]\s|\b(?:such as|for example|including|particularly"
    r"|especially)\b"
)
_ENGLISH = """
    a about above after again against all almost also although always am among an and any anything
    are as at be because been before being between both but by can cannot could did do does doing
    done down due during each either else etc even ever every everything few for from further had
    has have having hence her here his how however i if in into is it its itself just less let like
    made make many may me merely might more moreover most much must my nor not of off often on once
    one only onto or other our out over own per rather same several should since so some such than
    that the their them then there these they this those through thus to together too toward towards
    under until up upon us use used uses using very via was we well were what when where whether
    which while who whose why will with within without would yet you your
    anyone based eg everyone existing finally generally ideally ie importantly mainly mostly namely
    nothing preferably someone something specifically typically unless usually
"""
STOP_WORDS = frozenset(_ENGLISH.split())
# A clause with one of these is a part of a sentence, however short.
_VERBS_AND_PRONOUNS = """
    am are be been can cannot could did do does had has have i is it may me might must should that
    these they this those us was we were which who will would you
"""
_OF_SENTENCES = frozenset(_VERBS_AND_PRONOUNS.split())
_STEMMER = Stemmer.Stemmer("english")

# What descriptions of research are made of: such a word is no phrase of a reader's, and ends one.
_OF_RESEARCH = """
    analysis analyze application apply approach author broad comment commenting consider
    contribution criteria current deriving describe develop discuss discussion effort examine
    example experimental experimentalist explore focus follow foundational fulfill given happy idea
    important improve include increased innovation insight interest interested investigate issue
    keen lower measure measuring mention methodological new novel observational paper particular
    pertain play present previously propose provide publication published question read recent
    relevant report research researcher scientific scientist specific study subject theoretical
    topic understand understanding various weighted work working
"""
_SCHOLARLY = frozenset(_STEMMER.stemWords(_OF_RESEARCH.split()))

# Such a word is no phrase if it stands alone in prose; "state space model" is one.
_TOO_GENERAL = """
    algorithm argument aspect assumption behavior behaviour benchmark beyond category change
    characteristic choice common compare comparison complex component computation compute
    concept condition connect connection consequence constraint construct context data dataset
    define demonstrate dependence design detail determine device difference different direct
    domain drive driven dynamics effect efficient element estimate evaluate evaluation event
    evidence experiment extend extension factor feature feed field framework function future
    group higher impact implement implementation implication information interaction introduce
    involve large level limit link local major massive match mechanism method model modern
    natural network number numerical object observation obtain origin outcome output parameter
    pattern performance phenomena phenomenon physical practical practice prediction principle
    problem process produce progress properties quality quantity reason recently region related
    relation represent require result sample scale science setting several similar simple
    simulation single small software solution source space special standard statement strategy
    strong structure support system table target task technique test theory tool trend type
    useful value variable way weight weighted
"""
_VAGUE = _SCHOLARLY | frozenset(_STEMMER.stemWords(_TOO_GENERAL.split()))
# "papers on dark matter" is about dark matter.
_PAPERS_ON = re.compile(
    r"^\W*(?:\w+\s+)?(?:papers?|articles?|work|stud(?:y|ies)|research|results|progress)\s+"
    r"(?:about|in|of|on|with)\s+",
    re.IGNORECASE,
)
_PLURAL = re.compile(r"(?:(?<=ss|ch|sh)es?|(?<=x)es|(?<!s)s)$")


def words(text: str) -> list[str]:
    """The words in plain letters, hyphenated ones whole: "hyper-kahler"."""
    # NFC, because `fold` takes Hangul apart.
    return _WORD.findall(unicodedata.normalize("NFC", fold(text[:_MAX_CHARS])))


def features(of: Iterable[str]) -> list[str]:
    """The stems of words and the pairs of neighbouring stems, without stop words.

    A hyphenated word counts as its parts and as one word: "hyper-kahler" is like "hyperkahler".
    """
    every = list(of)
    meaningful = _meaningful(_HYPHEN.sub(" ", " ".join(every)).split())
    joined = [_HYPHEN.sub("", word) for word in every if not word.isalnum()]
    stems: list[str] = _STEMMER.stemWords(meaningful)
    pairs = list(map(" ".join, pairwise(stems)))
    return [*stems, *_STEMMER.stemWords(joined), *pairs]


def _meaningful(parts: Iterable[str]) -> list[str]:
    return [p for p in parts if len(p) > 1 and not p.isdigit() and p not in STOP_WORDS]


def surfaces(text: str, wanted: Collection[str]) -> dict[str, str]:
    """Those of the wanted features that `text` has, each as it stands there first: "mixtur expert"
    as "mixture of experts". Not in formulas, and no pair with punctuation between its words.

    `text` is in single spaces; each surface is a part of it.
    """
    text = _FORMULA.sub("$", text[:_MAX_CHARS])
    plain = str.casefold if text.isascii() else fold  # the same for ASCII, and faster
    parts = list(map(plain, _PART.findall(text)))
    meaningful = set(_meaningful(set(parts)))
    places = [place for place, part in enumerate(parts) if part in meaningful]
    stems = _STEMMER.stemWords([parts[place] for place in places])
    spans = [match.span() for match in _PART.finditer(text)]
    found: dict[str, str] = {}
    for place, stem in zip(places, stems, strict=True):
        if stem in wanted and stem not in found:
            found[stem] = _cut(text, spans[place][0], spans[place][1])
    for (one, other), pair in zip(pairwise(places), map(" ".join, pairwise(stems)), strict=True):
        if pair in wanted and pair not in found:
            surface = _cut(text, spans[one][0], spans[other][1])
            if _UNBROKEN.fullmatch(surface):
                found[pair] = surface
    return found


def _cut(text: str, start: int, end: int) -> str:
    """With a short part that is joined to it: "in-context", "x-ray"."""
    short = _SHORT_PART.search(text, max(start - 4, 0), start)
    return text[short.start() if short else start : end]


def text_features(*texts: str) -> list[str]:
    """The features of a description; no pair reaches across two clauses."""
    return [
        feature
        for text in texts
        for clause in clauses(text)
        for alternative in _alternatives(clause)
        for feature in features(words(alternative))
    ]


def phrase_features(phrases: Iterable[str]) -> set[str]:
    """What stands for whole phrases: of several words their pairs, of one word its stem."""
    found: set[str] = set()
    for phrase in phrases:
        own = text_features(phrase)
        found.update([feature for feature in own if " " in feature] or own)
    return found


Phrases = dict[str, str]  # a phrase as written, by its key


def phrases(*texts: str) -> Phrases:
    """The phrases of descriptions: short clauses as they are, aliases in parentheses included; of
    prose what stands between words that say little by themselves."""
    found: Phrases = {}
    for clause in (c for text in texts for c in clauses(text)):
        for part in re.split(r"\b(?:and|or)\b", clause):
            for alternative in _alternatives(_PAPERS_ON.sub("", part)):
                own = alternative.split()
                if len(own) > _MAX_WORDS or not _OF_SENTENCES.isdisjoint(map(_plain, own)):
                    _add_runs(found, own)
                else:
                    _add(found, own)
    return found


def _add_runs(found: Phrases, own: list[str]) -> None:
    """The runs of words between those that say little; of one word only a telling one."""
    run: list[str] = []
    for word in [*own, "the"]:
        if not ends_phrase(word):
            run.append(word)
            continue
        if len(run) > 1 or (run and _is_telling(run[0])):
            _add(found, run[:_MAX_WORDS])
        run = []


def _is_telling(word: str) -> bool:
    has_capitals = word[1:] != word[1:].lower()  # ARPES
    return has_capitals or (len(word) >= _SINGLE and not is_vague(word))


def has_no_filler(phrase: str) -> bool:
    """False if one of the words is one of which descriptions of any research are made."""
    return not any(_is_in(_SCHOLARLY, word) for word in phrase.split() if word not in STOP_WORDS)


def _add(found: Phrases, own: list[str]) -> None:
    while own and _plain(own[0]) in STOP_WORDS:
        own = own[1:]
    while own and _plain(own[-1]) in STOP_WORDS:
        own = own[:-1]
    if len(own) == 1 and ends_phrase(own[0]):
        return
    text = " ".join(own).strip(" .:;\"'")
    for form in _forms(text):
        if len(form) > 3:
            found.setdefault(form, text)


def _plain(word: str) -> str:
    return "".join(words(word))


def ends_phrase(word: str) -> bool:
    """True for what stands between phrases: stop words, and what research says of itself."""
    return _is_in(_SCHOLARLY, word)


def is_vague(word: str) -> bool:
    """True if the word says nothing by itself, though it may in a phrase: "model"."""
    return _is_in(_VAGUE, word)


def _is_in(stems: frozenset[str], word: str) -> bool:
    """True for a word of that kind, and for a stop word."""
    plain = _plain(word)
    return plain in STOP_WORDS or _STEMMER.stemWord(plain) in stems


def _forms(text: str) -> list[str]:
    """The text's words in the singular between spaces, so that `in` finds whole words only; once
    with hyphenated words apart, and once with them as one."""
    own = words(text)
    parts = [part for word in own for part in _HYPHEN.split(word)]
    joined = ["".join(_HYPHEN.split(word)) for word in own]
    both = (f" {' '.join(map(_singular, form))} " for form in (parts, joined))
    return list(dict.fromkeys(both))


def searchable(text: str) -> str:
    """A text in which `find` looks for phrases."""
    return "|".join(_forms(text))


def find(wanted: Phrases, texts: Sequence[str]) -> list[str]:
    """The phrases that stand in the `searchable` texts, those of the first text first, without
    those inside a longer one."""
    keys = dict.fromkeys(key for text in texts for key in wanted if key in text)
    inside = {one for one in keys for longer in keys if one != longer and one in longer}
    return list(dict.fromkeys(wanted[one] for one in keys if one not in inside))


def _singular(word: str) -> str:
    """The word without the ending of a plural: papers and topics are compared in this form."""
    if len(word) <= 3:
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else _PLURAL.sub("", word)


def clauses(text: str) -> list[str]:
    """The parts of a text that no phrase reaches across."""
    return _CLAUSE.split(_DOTTED.sub(", ", text))


def _alternatives(clause: str) -> Iterator[str]:
    """Each reading of the slashes: "sparse/dense layers" is "sparse layers" and "dense layers"."""
    own = [[w for w in word.split("/") if w] for word in clause.split()]
    if math.prod(map(len, own)) > 16:  # nobody writes phrases like this
        return iter([clause.replace("/", " ")])
    return map(" ".join, product(*own))
