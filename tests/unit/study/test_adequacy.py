"""What a design can carry is decided by thresholds fixed beforehand, published with their reasons.

Sources of the numbers: at least three points on a side (EPOC), intervals of series under twelve
points too narrow (Turner et al. 2021), no reliance under four degrees of freedom (our simulation
of REML with Satterthwaite degrees of freedom), five and ten events a cell (the usual rule for
the normal approximation of a count).
"""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from evaluations import PROJECT, read

from equieval.protocol import Evaluation
from equieval.study.adequacy import (
    CAN_CARRY,
    CANNOT_SAY,
    THRESHOLDS,
    WITH_CAUTION,
    Threshold,
    adequacy_checks,
    against,
    design_level,
    events_or_not,
)
from equieval.study.designs import study_of

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


@pytest.mark.parametrize(
    ("id", "check"),
    [
        ("inclusion-outreach-booking", "events-per-cell"),
        ("smokefree-pathway-smoking-at-delivery", "events-treated"),
    ],
)
def test_a_design_carries_as_much_where_nearly_everybody_as_where_hardly_anybody_has_the_event(
    id: str, check: str
) -> None:
    # The variance of a proportion is the same at p and at 1 - p.
    evaluation, observations = read(PROJECT, PROJECT / "params" / f"{id}.yaml")
    table = observations.table
    few = table["denominator"].clip(upper=1)
    found = [
        study_of(evaluation.design.type)
        .checks(evaluation, replace(observations, table=table.assign(numerator=numerator)), None)
        .set_index("id")
        for numerator in (few, table["denominator"] - few)
    ]
    pd.testing.assert_frame_equal(*found)
    assert found[0].loc[check, "found"] < 40
    assert "whichever is fewer" in found[0].loc[check, "criterion"]


def test_nobody_is_counted_as_without_the_event_where_the_denominator_is_modelled() -> None:
    cells = pd.DataFrame({"numerator": [90.0], "denominator": [100.0]})
    modelled = events_or_not(cells, "perinatal-mental-health-access")
    counted = events_or_not(cells, "smoking-at-delivery")
    assert modelled.to_dict("list") == {"events": [90.0]}
    assert counted.to_dict("list") == {"events": [90.0], "others": [10.0]}


def test_periods_in_which_an_effect_is_anticipated_do_not_count_as_before() -> None:
    id = "midwifery-continuity-staggered"
    evaluation, observations = read(PROJECT, PROJECT / "params" / f"{id}.yaml")
    found = []
    for waits in (0, 2):
        design = evaluation.design.model_copy(update={"anticipation": waits})
        stated = Evaluation({**evaluation.given, "design": design}, evaluation.where)
        checks = study_of(design.type).checks(stated, observations, None).set_index("id")
        found.append(checks.loc["periods-before", "found"])
    assert found == [6, 4]
