"""TF-IDF vectors: the weight of each feature, by its name. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

Vector = dict[str, float]


def unit(counts: Mapping[str, int], idf: Mapping[str, float]) -> Vector:
    """The TF-IDF vector of unit length of those features that have an idf."""
    vector = {f: (1 + math.log(n)) * idf[f] for f, n in counts.items() if f in idf}
    length = math.hypot(*vector.values()) or 1.0
    return {f: value / length for f, value in vector.items()}


def dot(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """The dot product."""
    if len(a) > len(b):
        a, b = b, a
    return sum(value * b[f] for f, value in a.items() if f in b)


def mean(vectors: Iterable[Vector]) -> Vector:
    """The mean of vectors; empty if there are none."""
    every = list(vectors)
    total: Vector = {}
    for vector in every:
        for feature, value in vector.items():
            total[feature] = total.get(feature, 0.0) + value / len(every)
    return total
