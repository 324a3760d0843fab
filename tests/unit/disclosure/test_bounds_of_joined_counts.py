"""Counts joined from several tables come as objects; their bounds are those of numbers."""

from __future__ import annotations

import numpy as np

from equieval.disclosure.bounds import Margins, Relation


def test_counts_as_objects_have_the_sums_of_numbers() -> None:
    ties = [Relation(0, (1, 2))]
    joined = Margins(np.array([30, 10.0, 20], dtype=object), ties)
    plain = Margins(np.array([30.0, 10.0, 20.0]), ties)
    assert joined.sums.tolist() == plain.sums.tolist()
    assert joined.exact.dtype == np.float64
