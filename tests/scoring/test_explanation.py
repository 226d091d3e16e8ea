"""What was learned, in words: shown, and taken back."""

from __future__ import annotations

from digest.core.scores import NO_TOPIC
from digest.scoring.explanation import forget, strongest
from digest.scoring.phrases import features, words
from digest.scoring.topics import parse_topics
from tests.scoring.test_learner import TITLES, taught


def test_the_strongest_are_readable_and_by_topic() -> None:
    topics = parse_topics("## Space\n- Relevant: planets\n## Theory\n- Relevant: spectral bounds\n")
    texts = [("Space", "Mixtures of experts"), (NO_TOPIC, "Traffic"), ("Theory", "Spectral roses")]
    texts += [("Space", "Spectral lines"), *[("Space", "Lines")] * 9]
    learned = taught(topics)
    shown = {one.text: one for one in strongest(learned, texts)}
    assert shown["experts"].weight > 0 > shown["Spectral"].weight
    assert (shown["experts"].topic, shown["Spectral"].topic) == ("Space", "Theory")
    assert shown["Traffic"].topic == NO_TOPIC
    assert all("arge" not in word for word in shown)  # no text has it
    sizes = [abs(one.weight) for one in strongest(learned, texts)]
    assert sizes == sorted(sizes, reverse=True)


def test_each_shown_word_can_be_taken_back() -> None:
    texts = [("none", title) for title in TITLES[3:]]
    for one in strongest(taught(), texts):
        left = forget(taught(), [one.text])
        assert one.weight in set(taught().weights.values())
        assert len(left.weights) == len(taught().weights) - 1, one


def test_to_forget_two_words_keeps_each_of_them() -> None:
    left = forget(taught(), ["Mixture-of-experts"])
    assert taught().weights.keys() - left.weights.keys() == {"mixtur expert"}
    assert set(features(words("mixture experts"))) & left.weights.keys() == {"mixtur", "expert"}


def test_to_forget_an_unknown_word_changes_nothing() -> None:
    assert forget(taught(), ["berries", "", "…"]) == taught()
