from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.authors import Authors, Name, mistake
from digest.core.config import parse_config
from digest.core.errors import ConfigError
from tests import make


def matches(followed: str, printed: str) -> bool:
    return Authors.parse([followed]).match(["Somebody Else", printed]) == followed


@pytest.mark.parametrize(
    ("followed", "printed"),
    [
        # initials and middle names
        ("Edward Witten", "E. Witten"),
        ("E Witten", "Edward Witten"),
        ("E. Witten", "Edwin Witten"),
        ("Leonard E. Susskind", "L. Susskind"),
        ("Leonard Susskind", "Leonard E. Susskind"),
        ("Linxi Fan", 'Linxi "Jim" Fan'),
        ("Yuri Ivanov", "Yu. A. Ivanov"),
        # order, title, suffix
        ("Witten, Edward", "E. Witten"),
        ("Prof. Edward Witten", "E. Witten"),
        ("Yang C. N.", "Chen-Ning Yang"),
        ("Harini A", "A. Harini"),
        ("Weinan E", "W. E"),
        ("Conway, J. H., Jr.", "John H. Conway"),
        ("Martin Luther King", "M. L. King III"),
        ("Edward Witten", "Witten, Edward"),
        ("Edward Witten", "Edward Witten, PhD"),
        ("Edward Witten PhD", "E. Witten"),
        ("Prof. Dr. Edward Witten", "E. Witten"),
        ("Conway, J. H.,Jr.", "John H. Conway"),
        # accents, TeX, capitals
        ("Élie Cartan", r"\'Elie Cartan"),
        ("Élie Cartan", r"{\'E}lie Cartan"),
        ("Wei-Ming Li", '"Wei-Ming" Li'),
        ("Juan St. John", "J. St. John"),
        ("yann lecun", "Yann LeCun"),
        ("Bernhard Schölkopf", "Bernhard Scholkopf"),
        ("Jürgen Müller", "Juergen Mueller"),
        ("Mueller", "J. Müller"),
        ("Søren Kjær", "S. Kjaer"),
        (r"E. Schr{\"o}dinger", "Erwin Schroedinger"),
        ("E.~Witten", "Edward Witten"),
        ("EDWARD WITTEN", "E. Witten"),
        ("Bo Li", "Bo LI"),
        # hyphens
        ("Jean-Pierre Serre", "J.-P. Serre"),
        ("Jean-Pierre Serre", "J.P. Serre"),
        ("Jean-Pierre Serre", "JP Serre"),
        ("Jean-Pierre Serre", "Jean Pierre Serre"),
        ("J. P. Serre", "Jean-Pierre Serre"),
        ("Jean-Pierre Serre", "J. Serre"),
        ("Xiao-Ming Li", "Xiaoming Li"),
        # surnames of several words
        ("Johannes van der Waals", "J. D. Van Der Waals"),
        ("Waals, J. van der", "Johannes van der Waals"),
        ("van der Waals", "Johannes D. van der Waals"),
        ("de la Cruz, Ana", "A. de la Cruz"),
        ("García López, Juan", "J. García-López"),
        ("Juan García-López", "J. Garcia Lopez"),
        ("Thanh Van Tran", "T. V. Tran"),
        ("di wu", "D. Wu"),
        ("Conan O'Brien", "C. O’Brien"),
        ("Gerard 't Hooft", "G. ’t Hooft"),
        # collaborations and surnames alone
        ("LIGO Scientific Collaboration", "The LIGO Scientific Collaboration"),
        ("CMS Collaboration", "Dipanwita Dutta for the CMS Collaboration"),
        ("Dipanwita Dutta", "D. Dutta for the CMS Collaboration"),
        ("ATLAS", "ATLAS Collaboration"),
        ("Witten", "Edward Witten"),
        ("Mausam", "Mausam"),
    ],
)
def test_one_person_in_two_forms(followed: str, printed: str) -> None:
    assert matches(followed, printed)


@pytest.mark.parametrize(
    ("followed", "printed"),
    [
        ("Edward Witten", "A. Witten"),
        ("A. Witten", "Edward Witten"),
        ("Edward Witten", "Edwin Witten"),
        ("Edward Witten", "Witten"),
        ("Joseph Polchinski", "J. Polchinskaya"),
        ("Witten", "E. Wittenberg"),
        ("Leonard E. Susskind", "Leonard A. Susskind"),
        ("Zhou Wang", "Z. Jane Wang"),
        ("Jean-Pierre Serre", "Jean Serre"),
        ("Jean-Pierre Serre", "Jean-Marie Serre"),
        ("Xiao Li", "Xiao-Ming Li"),
        ("Wei Li", "Li Wei"),
        ("Ana Cruz", "Ana de la Cruz"),
        ("Ana de la Cruz", "Ana Cruz"),
        ("García López, Juan", "J. López"),
        ("Edward Witten", "Edward Witten-Smith"),
        ("Mueller", "A. Muller"),
        ("Martin King Jr.", "Martin King III"),
        ("LIGO Scientific Collaboration", "Virgo Collaboration"),
        ("ATLAS Collaboration", "A. Atlas"),
    ],
)
def test_two_people_are_not_one(followed: str, printed: str) -> None:
    assert not matches(followed, printed)


def test_the_first_name_of_the_settings_is_recorded() -> None:
    followed = Authors.parse(["A. Nobody", "Witten, E.", "Edward Witten"])
    assert followed.match(["Nathan Seiberg", "Edward Witten"]) == "Witten, E."
    assert followed.match([]) is None


WORDS = ["Li", "E", "E.", "J.-P.", "Jean-Pierre", "Xiaoming", "JP", "van", "der", "Müller", "LI"]
WORDS += [
    "Mueller",
    "Dr.",
    "Jr.",
    "III",
    "Witten,",
    "O'Brien",
    "Team",
    "for",
    "Vander-Plas",
    "e",
    "|",
    r"\'Elie",
    r"{\'E}lie",
    '"Wei-Ming"',
    "St.",
    "PhD",
    ", Edward",
]
names = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join) | make.texts


in_other_forms = st.sampled_from(
    [
        "Élie Cartan",
        r"\'Elie Cartan",
        r"{\'E}lie Cartan",
        "Cartan, Elie",
        "E. Cartan",
        "Wei-Ming Li",
        '"Wei-Ming" Li',
        "Li, Wei-Ming",
        "W.-M. Li",
        "Wei Ming Li PhD",
    ]
)


@make.examples(300)
@given(names | in_other_forms, names | in_other_forms)
def test_no_match_is_lost_to_speed(followed: str, printed: str) -> None:
    expected = Name.parse(followed).matches(Name.parse(printed))
    assert (Authors.parse([followed]).match([printed]) is not None) == expected


# --- what people are told ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("followed", "words"),
    [
        ("Witten, Edward", "Edward Witten (also E. Witten, E. … Witten)"),
        ("E. Witten", "E. Witten (any E… Witten)"),
        ("de Sitter", "de Sitter: any given name"),
        ("LIGO Scientific Collaboration", "LIGO Scientific Collaboration (as a whole)"),
    ],
)
def test_how_a_name_was_read(followed: str, words: str) -> None:
    assert str(Name.parse(followed)) == words


@pytest.mark.parametrize(
    ("followed", "words"),
    [
        (["Edward Witten", "LIGO Scientific Collaboration"], []),
        (["Witten", "Edward"], ["Witten, Edward, so everybody of that name"]),
        (["王伟", "Witten"], ["王伟 matches nobody", "for Witten, so everybody"]),
    ],
)
def test_names_that_match_too_many_or_nobody(followed: list[str], words: list[str]) -> None:
    doubts = Authors.parse(followed).doubts
    assert len(doubts) == len(words)
    assert all(word in doubt for word, doubt in zip(words, doubts, strict=True))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("ada@example.org", "is an address"),
        ("https://orcid.org/0000-0002-1825-0097", "is an address"),
        ("0000-0002-1825-0097", "is not a name"),
        ("Ada Lovelace and Alan Turing", "several names"),
        ("Ada Lovelace; Alan Turing", "several names"),
        ("Vaswani et al.", "several names"),
        ("everything that Edward Witten writes about strings", "is not a name"),
        ("Yann LeCun, Yoshua Bengio, Geoffrey Hinton", "several names"),
        ("Witten, Susskind, Polchinski", "several names"),
        ("Edward Witten, Lenny Susskind", "two names"),
        ("E. Witten, L. Susskind", "two names"),
        ("Prof. Edward Witten, Dr. Lenny J. Susskind", "two names"),
        ("García López, Juan Carlos", "'García López, J. C.'"),
        (", Edward", "no surname"),
        ("Jr.", "no surname"),
        ("Dr.", "no surname"),
        ("Prof. Dr.", "no surname"),
        ("PhD", "no surname"),
        ("J.", "no surname"),
        ("J. P.", "no surname"),
        ("J., Edward", "no surname"),
        ("$x$", "no surname"),
    ],
)
def test_a_wrong_entry_is_named_with_what_to_write(entry: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_config({"categories": ["hep-th"], "authors": ["E. Witten", entry]})
    (line,) = raised.value.mistakes
    assert line.startswith("authors[1]: ")
    assert words in line
    assert ": write " in line


@pytest.mark.parametrize(
    "entry",
    [
        "Wil M. P. van der Aalst",
        "Conway, J. H., Jr.",
        "King, Jr., Martin Luther",
        "Martin Luther King, PhD",
        "van der Waals, Johannes Diderik",
        "García López, Juan",
        "Lopez Garcia, J.-C. M.",
        "W. E",
        "E, Weinan",
        "Do",
        r"E. Schr{\"o}dinger",
        "王伟",
        "गौरी",
        "Santiago Ramón y Cajal",
        "Massimiliano de Sa Aaron D. Ames",
        "LIGO Scientific Collaboration and Virgo Collaboration",
        "NA62 Collaboration",
    ],
)
def test_a_name_is_no_mistake(entry: str) -> None:
    assert mistake(entry) is None
