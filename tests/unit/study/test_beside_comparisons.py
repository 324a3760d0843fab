"""What stands beside the headline of a comparison, by other routes to the same numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from comparisons import write_comparison
from evaluations import PROJECT, Blocks, read

from equieval.data import Observations
from equieval.protocol import Evaluation
from equieval.study import views
from equieval.study.approach import approach_of
from equieval.study.beside import TOO_FEW
from equieval.study.counting import Counting
from equieval.study.did import effect, inequality_effect
from equieval.study.panel import panel_design, rate_panel
from equieval.study.staggered_ways import count_ways, other_staggered_ways

Read = tuple[Evaluation, Observations]
OUTCOME = "smoking-at-delivery"


@pytest.fixture(scope="module")
def staggered(tmp_path_factory: pytest.TempPathFactory) -> Read:
    root = tmp_path_factory.mktemp("staggered")
    enough = {"units": 22, "treated": 11}  # for errors that hold for many
    return read(root, write_comparison(root, "waves", kind="staggered-did", **enough)[0])


def rows_of(
    estimates: pd.DataFrame, measure: str = "rate", scale: str = "absolute"
) -> pd.DataFrame:
    return views.estimators(estimates, OUTCOME, measure, scale=scale).set_index("estimator")


def test_the_poisson_rows_hold_the_events_against_those_that_the_unexposed_predict(
    staggered: Read,
) -> None:
    evaluation, observations = staggered
    estimates = effect(evaluation, observations).estimates
    panel = rate_panel(observations, OUTCOME, panel_design(evaluation, observations).to_horizon())
    # statsmodels, on the unexposed alone: dummies of cohorts and periods, births as offset
    cells = panel[["first_exposed", "period"]].map(str)
    X = pd.get_dummies(cells, drop_first=True, dtype=float)
    X = sm.add_constant(X)
    without = (panel["exposed"] == 0).to_numpy()
    births = np.log(panel["denominator"])
    fitted = sm.GLM(
        panel["numerator"][without],
        X[without],
        family=sm.families.Poisson(),
        offset=births[without],
    ).fit()
    expected = fitted.predict(X[~without], offset=births[~without]).sum()
    exposed = panel[~without]
    difference, ratio = (
        rows_of(estimates, scale=scale).loc["Poisson with offset"]
        for scale in ("absolute", "relative")
    )
    seen = exposed["numerator"].sum()
    assert difference["estimate"] == pytest.approx(
        100 * (seen - expected) / exposed["denominator"].sum(), rel=1e-6
    )
    assert ratio["estimate"] == pytest.approx(seen / expected, rel=1e-6)
    assert difference["weighting"] == "each person counts the same"
    assert difference["ci_low"] < difference["estimate"] < difference["ci_high"] < 0
    assert ratio["ci_high"] < 1


@pytest.mark.parametrize("page", [effect, inequality_effect])
def test_sun_and_abraham_estimate_what_the_never_treated_give(page, staggered: Read) -> None:
    measure = "rate" if page is effect else "sii"
    rows = rows_of(page(*staggered).estimates, measure)
    found = rows.loc["Sun–Abraham"]
    other = rows.loc["Callaway–Sant'Anna, never treated controls"]
    assert found["estimate"] == pytest.approx(other["estimate"])
    assert found["std_error"] == pytest.approx(other["std_error"], rel=0.25)
    assert found["weighting"] == "each unit counts the same"
    assert rows.loc["Imputation", "ci_low"] < rows.loc["Imputation", "ci_high"]
    # no events make an inequality measure
    assert ("Poisson with offset" in rows.index) is (page is effect)


def test_errors_that_hold_for_many_units_are_not_shown_for_few(tmp_path: Path) -> None:
    # 200 draws without effect, 36 months: imputation 80 % with 6 of 42, Sun and Abraham 80 %
    path, _ = write_comparison(tmp_path, "few", kind="staggered-did")  # 6 of 16
    rows = rows_of(effect(*read(tmp_path, path)).estimates)
    without = ["Imputation", "Sun–Abraham", "Poisson with offset"]
    assert rows.loc[without, "estimate"].notna().all()
    assert rows.index[rows["ci_low"].isna()].tolist() == without
    assert (rows.loc[without, "inference"] == TOO_FEW).all()


def test_what_takes_no_anticipation_is_a_row_that_says_so(tmp_path: Path) -> None:
    def anticipated(blocks: Blocks) -> None:
        blocks["design"]["anticipation"] = 1

    path, _ = write_comparison(tmp_path, "anticipated", anticipated, kind="staggered-did")
    estimates = effect(*read(tmp_path, path)).estimates
    rows = rows_of(estimates)
    refused = ["Imputation", "Sun–Abraham", "Poisson with offset"]
    assert rows.index[rows["estimate"].isna()].tolist() == refused
    assert rows.loc[refused, "inference"].str.startswith("no estimate: it takes no periods").all()
    assert rows.drop(refused)["ci_low"].notna().all()
    assert "Poisson with offset" not in rows_of(estimates, scale="relative").index
    assert views.without_estimate(estimates, OUTCOME, "rate").startswith(
        "No estimate by Imputation (it takes no periods before the start"
    )


def test_rows_say_whether_they_are_adjusted_and_who_counts_how_much(staggered: Read) -> None:
    evaluation, observations = staggered
    panel = rate_panel(observations, OUTCOME, panel_design(evaluation, observations))
    counting = Counting(by_size=True, covariates=("booking-by-10-weeks",))
    ways = {
        name: (inference, weighting)
        for name, inference, weighting, _ in (
            *other_staggered_ways(panel, "not-yet-treated", counting=counting),
            *count_ways(panel, 100, counting=counting),
        )
    }
    assert ways["Sun–Abraham, unadjusted"][1] == "each unit counts the same"
    assert "adjusted for" not in ways["Sun–Abraham, unadjusted"][0]
    assert "adjusted for" in ways["Poisson with offset"][0]
    assert ways["Poisson with offset"][1] == "each person counts the same"


@pytest.mark.parametrize("id", ["workforce-race-equality", "young-peoples-mental-health-access"])
def test_a_triple_difference_of_groups_alike_in_size_is_the_unweighted_one(id: str) -> None:
    # one indicator is better low, the other high
    evaluation, observations = read(PROJECT, PROJECT / "params" / f"{id}.yaml")
    table = observations.table
    same = table.assign(numerator=1e6 * table["numerator"] / table["denominator"], denominator=1e6)
    outcome = evaluation.outcomes.primary.indicator

    def row(given: pd.DataFrame) -> pd.DataFrame:
        found = inequality_effect(evaluation, replace(observations, table=given)).estimates
        return views.estimators(found, outcome, "gap").set_index("estimator")

    alike, sized = row(same), row(table)
    name = "Triple difference, weighted"
    assert alike.loc[name, "estimate"] == pytest.approx(alike.loc["TWFE, unweighted", "estimate"])
    assert alike.loc[name, "estimate"] == pytest.approx(sized.loc["TWFE, unweighted", "estimate"])
    others = sized.drop(name)["estimate"].dropna()
    assert not np.isclose(sized.loc[name, "estimate"], others, rtol=1e-6).any()


def test_a_slope_over_all_groups_has_no_triple_difference(tmp_path: Path) -> None:
    path, _ = write_comparison(tmp_path, "slope")
    evaluation, observations = read(tmp_path, path)
    assert approach_of(evaluation).estimator == "two-way fixed effects"
    rows = rows_of(inequality_effect(evaluation, observations).estimates, "sii")
    assert not rows.index.str.startswith("Triple").any()
    # ten controls are too few for it, and the row says so
    assert rows.loc["Ferman–Pinto", "inference"] == (
        "no estimate: 10 controls are too few to learn how changes vary"
    )
