"""The specification curve: ordered, summed up, and nothing dropped in silence."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from equieval.errors import DesignError, InputError
from equieval.methods.contrasts import t_contrast
from equieval.methods.specification_curve import Specification, specification_curve


def refusing():
    raise DesignError("No controls are left.", where="here", remedy="Add some.")


SPECIFICATIONS = [
    Specification({"weights": "births", "controls": "never"}, t_contrast(-2.0, 0.5)),
    Specification({"weights": "none", "controls": "never"}, lambda: t_contrast(-3.0, 2.0)),
    Specification({"weights": "births", "controls": "not yet"}, t_contrast(0.5, 1.0)),
    Specification({"weights": "none", "controls": "not yet"}, refusing),
]


def test_estimates_are_ordered_and_each_keeps_its_choices():
    curve = specification_curve(SPECIFICATIONS)
    assert list(curve.table.columns) == [
        *["rank", "estimate", "ci_low", "ci_high", "std_error", "weights", "controls", "note"]
    ]
    assert curve.table["estimate"].tolist()[:3] == [-3.0, -2.0, 0.5]
    assert curve.table["rank"].tolist()[:3] == [1, 2, 3]
    assert curve.table["weights"].tolist() == ["none", "births", "births", "none"]


def test_a_refused_specification_stays_with_its_reason():
    curve = specification_curve(SPECIFICATIONS)
    last = curve.table.iloc[-1]
    assert last["note"] == "No controls are left."
    assert math.isnan(last["estimate"])
    assert pd.isna(last["rank"])
    assert (curve.n_estimated, curve.n_refused) == (3, 1)


def test_the_summary_is_of_what_was_estimated():
    curve = specification_curve(SPECIFICATIONS)
    assert curve.median == -2.0
    assert curve.share_same_sign == pytest.approx(2 / 3)
    assert curve.share_excluding_0 == pytest.approx(1 / 3)


def test_a_table_of_ratios_is_judged_against_1():
    frame = pd.DataFrame(
        {
            "choice": ["a", "b", "c"],
            "estimate": [1.2, 0.9, 1.5],
            "ci_low": [1.1, 0.7, 0.9],
            "ci_high": [1.3, 1.1, 2.2],
            "std_error": 0.1,
        }
    )
    curve = specification_curve(frame.sample(frac=1, random_state=1), no_effect=1.0)
    assert curve.table["choice"].tolist() == ["b", "a", "c"]
    assert curve.share_same_sign == pytest.approx(2 / 3)
    assert curve.share_excluding_0 == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("specifications", "words"),
    [
        ([], "No specification could be estimated"),
        (SPECIFICATIONS[3:], "No specification could be estimated"),
        ([*SPECIFICATIONS, SPECIFICATIONS[0]], "the same choices: weights = births"),
        ([*SPECIFICATIONS, Specification({"weights": "x"}, refusing)], "the same choices: contr"),
        (pd.DataFrame({"estimate": [1.0]}), "no column 'ci_low'"),
    ],
)
def test_what_makes_no_curve_is_refused(specifications, words):
    with pytest.raises(InputError, match=words) as refusal:
        specification_curve(specifications)
    assert refusal.value.remedy
