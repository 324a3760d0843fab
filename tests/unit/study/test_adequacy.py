"""What a design can carry is decided by thresholds fixed beforehand, published with their reasons.

Sources of the numbers: at least three points on a side (EPOC), intervals of series under twelve
points too narrow (Turner et al. 2021), no reliance under four degrees of freedom (our simulation
of REML with Satterthwaite degrees of freedom), five and ten events a cell (the usual rule for
the normal approximation of a count).
"""

from __future__ import annotations

import math

import pytest

from equieval.study.adequacy import (
    CAN_CARRY,
    CANNOT_SAY,
    THRESHOLDS,
    WITH_CAUTION,
    Threshold,
    adequacy_checks,
    against,
    design_level,
)

ENOUGH = {"points_before": 24, "points_after": 24, "df": 20.0, "expected_events": 50.0}


@pytest.mark.parametrize(
    ("quantity", "value", "level"),
    [
        ("points_before", 2, CANNOT_SAY),
        ("points_before", 3, WITH_CAUTION),
        ("points_before", 11, WITH_CAUTION),
        ("points_before", 12, CAN_CARRY),
        ("points_after", 2, CANNOT_SAY),
        ("points_after", 3, WITH_CAUTION),
        ("points_after", 12, CAN_CARRY),
        ("df", 3.99, CANNOT_SAY),
        ("df", 4.0, WITH_CAUTION),
        ("df", 7.99, WITH_CAUTION),
        ("df", 8.0, CAN_CARRY),
        ("df", math.nan, CANNOT_SAY),
        ("expected_events", 4, CANNOT_SAY),
        ("expected_events", 5, WITH_CAUTION),
        ("expected_events", 10, CAN_CARRY),
    ],
)
def test_a_threshold_turns_at_its_value_and_the_worst_check_decides(
    quantity: str, value: float, level: str
) -> None:
    checks = adequacy_checks(**{**ENOUGH, quantity: value})
    assert design_level(checks) == level
    missed = checks[checks["judgement"] != CAN_CARRY]
    assert len(missed) == (level != CAN_CARRY)


def test_a_check_says_what_was_needed_why_and_what_would_change_it() -> None:
    checks = adequacy_checks(**{**ENOUGH, "df": 0.4}).set_index("id")
    row = checks.loc["degrees-of-freedom"]
    assert (row["found"], row["needed"]) == (0.4, 4)
    assert "cannot carry a change of trend" in row["reason"]
    assert "monthly" in row["remedy"]
    cautious = adequacy_checks(**{**ENOUGH, "df": 5.0}).set_index("id")
    assert cautious.loc["degrees-of-freedom", "needed"] == 8


@pytest.mark.parametrize("thresholds", THRESHOLDS.values(), ids=list(THRESHOLDS))
def test_the_published_thresholds_are_those_that_decide(
    thresholds: tuple[Threshold, ...],
) -> None:
    for decided in thresholds:
        enough = {threshold.id: threshold.can_carry_from for threshold in thresholds}
        for value, level in (
            (decided.can_carry_from, CAN_CARRY),
            (decided.caution_from, WITH_CAUTION),
            (decided.caution_from - 0.01, CANNOT_SAY),
            (math.nan, CANNOT_SAY),
        ):
            checks = against(thresholds, {**enough, decided.id: value})
            assert design_level(checks) == level
            assert dict(zip(checks["id"], checks["judgement"], strict=True))[decided.id] == level
