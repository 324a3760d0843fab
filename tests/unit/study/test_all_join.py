"""Where every unit joins in the end, those that join last are what the others are compared with."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from comparisons import write_comparison
from evaluations import Blocks, read

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.protocol import Evaluation
from equieval.study.adequacy import CANNOT_SAY
from equieval.study.approach import approach_of
from equieval.study.designs import analyst_of
from equieval.study.panel import panel_design, rate_panel
from equieval.study.panel_adequacy import panel_checks

OUTCOME = "smoking-at-delivery"
LAST = "2023-Q1"


def all_join(blocks: Blocks) -> None:
    design = blocks["design"]
    design["adoption"] |= dict.fromkeys(design.pop("controls"), LAST)
    design["control_group"] = "not-yet-treated"
    blocks["outcomes"]["primary"]["horizon"] = "2022-Q4"


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Observations]:
    root = tmp_path_factory.mktemp("all-join")
    path, _ = write_comparison(root, "all-join", all_join, kind="staggered-did")
    return read(root, path)


def test_the_effect_has_an_interval_and_counts_the_periods_that_can_be_compared(
    joined: tuple[Evaluation, Observations],
) -> None:
    evaluation, observations = joined
    design = panel_design(evaluation, observations).to_horizon()
    panel = rate_panel(observations, OUTCOME, design)
    found = approach_of(evaluation).compare(panel, None)
    waves = evaluation.design.adoption.values()
    n_last = sum(start == LAST for start in waves)
    assert (found.n_units, found.n_treated_units) == (16, 16 - n_last)
    assert found.interval == "clustered"
    assert found.effect.ci_low < found.effect.ci_high
    exposed = panel[panel["exposed"] == 1]
    assert exposed["period"].max() < pd.Period(LAST)
    assert found.observed == pytest.approx(exposed["value"].mean())


def test_a_horizon_at_which_all_have_joined_is_refused(tmp_path: Path) -> None:
    def too_far(blocks: Blocks) -> None:
        all_join(blocks)
        blocks["outcomes"]["primary"]["horizon"] = LAST

    path, _ = write_comparison(tmp_path, "too-far", too_far, kind="staggered-did")
    with pytest.raises(DesignError, match="nobody is left to compare with") as refusal:
        panel_design(*read(tmp_path, path))
    assert refusal.value.where == "outcomes.primary.horizon"
    assert "2022-Q4" in refusal.value.remedy


def test_the_effect_on_inequality_has_one_too(joined: tuple[Evaluation, Observations]) -> None:
    evaluation, observations = joined
    approach = approach_of(evaluation)
    design = panel_design(evaluation, observations).to_horizon()
    joint = approach.joint(evaluation, observations, design)
    assert joint.measures["ci_low"].notna().all()
    assert joint.n_treated_units < joint.n_units == 16


def test_pages_and_adequacy_do_not_take_it_for_a_design_without_controls(
    joined: tuple[Evaluation, Observations],
) -> None:
    evaluation, observations = joined
    for page in ("effect", "inequality-effect", "robustness"):
        rows = analyst_of("staggered-did", page)(evaluation, observations).estimates
        headline = rows[rows["role"] == "headline"]
        assert headline["ci_low"].notna().all()
    checks = panel_checks(evaluation, observations).set_index("id")
    assert checks.loc["comparison-units", "judgement"] != CANNOT_SAY
