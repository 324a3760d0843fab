"""Where the effects of comparisons lie among those of reassigned starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from comparisons import write_comparison
from evaluations import read

from equieval.data import Observations
from equieval.methods.inference import reassign_over_units
from equieval.protocol import Evaluation
from equieval.study.analysis import tidy
from equieval.study.approach import approach_of
from equieval.study.did import subject
from equieval.study.headline import at_headline
from equieval.study.panel import PanelDesign, measure_panel, panel_design, rate_panel
from equieval.study.reassigned import reassigned_rows
from equieval.study.shown_reassigned import reading

OUTCOME = "smoking-at-delivery"


@pytest.fixture(scope="module", params=["did", "staggered-did", "synthetic-did"])
def compared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Evaluation, Observations]:
    root = tmp_path_factory.mktemp(request.param)
    return read(root, write_comparison(root, "dealt", kind=request.param)[0])


def reassigned(
    evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    about = subject(evaluation, "robustness", OUTCOME, "sii")
    panels = [
        (measure_panel(evaluation, observations, "sii", design), about),
        (rate_panel(observations, OUTCOME, design), replace(about, measure="rate")),
    ]
    frames, rows = reassigned_rows(panels, design, approach_of(evaluation))
    return frames, tidy(rows)


def test_each_effect_is_held_against_those_of_other_assignments(
    compared: tuple[Evaluation, Observations],
) -> None:
    evaluation, observations = compared
    design = panel_design(evaluation, observations).to_horizon()
    frames, estimates = reassigned(evaluation, observations, design)
    table, drawn = frames["reassigned"], frames["reassignments"]
    if evaluation.design.type == "synthetic-did":
        assert [len(frame) for frame in (table, drawn, estimates)] == [0, 0, 0]
        return
    assert table["measure"].tolist() == ["sii", "rate"]
    assert drawn["actual"].tolist() == [True] + [False] * (len(drawn) - 1)
    as_far = (drawn["estimate"].abs() >= abs(drawn["estimate"].iloc[0]) - 1e-9).mean()
    assert table["p_value"].iloc[0] == pytest.approx(as_far)
    assert table["smallest_attainable_p"].iloc[0] == 1 / len(drawn)
    panel = measure_panel(evaluation, observations, "sii", design)
    if evaluation.design.type == "did":
        assert drawn["estimate"].iloc[0] == reassign_over_units(panel, outcome="value").estimate
        assert table["assignments"].iloc[0] == "8,008 possible"  # 16 choose 6
    else:
        headline = approach_of(evaluation).compare(panel, None).effect.estimate
        assert drawn["estimate"].iloc[0] == pytest.approx(headline)
        assert table["assignments"].iloc[0] == "1,999 drawn"
    # They never decide: no verdict finds them among the rows of the headline's estimand.
    assert (estimates["role"] == "diagnostic").all()
    assert at_headline(estimates).empty
    assert estimates["ci_low"].isna().all()
    assert estimates["p_value"].tolist() == table["p_value"].tolist()


def test_starts_that_cannot_be_reassigned_say_why(tmp_path: Path) -> None:
    path, _ = write_comparison(tmp_path, "early", kind="staggered-did")
    evaluation, observations = read(tmp_path, path)
    design = replace(panel_design(evaluation, observations).to_horizon(), anticipation=9)
    frames, estimates = reassigned(evaluation, observations, design)
    assert frames["reassignments"].empty
    assert estimates["estimate"].isna().all()
    assert reading(frames["reassigned"].to_dict("records")[0]) == (
        "Cannot be done: some units have no period more than 9 before their adoption"
    )


def test_too_few_assignments_are_no_evidence_either_way() -> None:
    row = {"p_value": 1 / 12, "smallest_attainable_p": 1 / 12, "reason": ""}
    assert reading(row) == "Too few assignments to tell it from chance"
