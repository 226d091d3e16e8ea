"""`learned.html`: what the learner goes by, in words that can be taken back."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from digest.core.config import Site
from digest.core.learned import Learned, Word
from digest.core.scores import NO_TOPIC
from digest.core.votes import TAKEN_BACK, Vote
from digest.site.page import render

MOST_VOTES = 500  # shown


def page(words: Sequence[Word], learned: Learned, votes: Iterable[Vote], settings: Site) -> bytes:
    """The page. `words` are the strongest for and against; `votes` are those of the archive."""
    by_topic: dict[str, list[Word]] = {}

    def place(word: Word) -> tuple[bool, bool, float, str]:
        """Words for come first; of each kind, the strongest."""
        return word.topic == NO_TOPIC, word.weight < 0, -abs(word.weight), word.text

    for word in sorted(words, key=place):
        by_topic.setdefault(word.topic, []).append(word)
    counting = [vote for vote in votes if vote.vote != TAKEN_BACK]
    counting.sort(key=lambda vote: (str(vote.date or ""), vote.id), reverse=True)
    return render(
        "learned",
        "",
        settings,
        learned=learned,
        topics=by_topic,
        votes=counting[:MOST_VOTES],
        liked=sum(vote.vote > 0 for vote in counting),
        disliked=sum(vote.vote < 0 for vote in counting),
        quoted=shlex.quote,
    )
