"""A gap is refused where the group that it should burden fared better before the start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evaluations import ENGLAND, PROJECT

from equieval.data import load_observations
from equieval.errors import DesignError
from equieval.protocol import load_evaluation
from equieval.protocol.evaluation import Evaluation
from equieval.study.baseline_direction import refuse_reversed_gap

MIDWIFERY = "midwifery-continuity-staggered"


def evaluation_of(name: str) -> Evaluation:
    return load_evaluation(PROJECT / "params" / f"{name}.yaml")


@pytest.mark.parametrize("name", [MIDWIFERY, ENGLAND])
def test_a_gap_that_burdens_its_first_group_is_compared(name: str) -> None:
    evaluation = evaluation_of(name)
    refuse_reversed_gap(evaluation, load_observations(evaluation, PROJECT))


def test_groups_in_the_wrong_order_are_named_with_the_order_to_give() -> None:
    given = evaluation_of(MIDWIFERY)
    observations = load_observations(given, PROJECT)
    levels = given.equity.levels
    equity = given.equity.model_copy(update={"levels": tuple(reversed(levels))})
    primary = given.outcomes.primary.model_copy(update={"reference_group": levels[0]})
    outcomes = given.outcomes.model_copy(update={"primary": primary})
    turned = Evaluation({**given.given, "equity": equity, "outcomes": outcomes}, given.where)
    with pytest.raises(DesignError, match="fared better") as refusal:
        refuse_reversed_gap(turned, replace(observations, levels=levels[::-1]))
    assert refusal.value.where == "equity.levels"
    assert "outcomes.primary.reference_group" in refusal.value.remedy
