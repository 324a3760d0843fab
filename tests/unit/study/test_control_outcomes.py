"""Where no effect can be: a planted shock is found there, and nothing where there is none.

The truth is that of the generators of synthetic data, which share no code with the estimators.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from comparisons import NARROWER, STEADY, UNITS, write_comparison
from evaluations import Blocks, read, write_made_up

from equieval.data import Observations
from equieval.data.synthetic import did_panel, its_births, single_treated_panel, staggered_panel
from equieval.data.synthetic.groups import QUINTILES
from equieval.data.synthetic.options import Effect, Setting
from equieval.methods.few_clusters import wild_bootstrap
from equieval.protocol import Evaluation
from equieval.study.approach import approach_of
from equieval.study.compared_series import compared_series
from equieval.study.control_outcomes import ESTIMANDS
from equieval.study.control_words import control_words, is_clear, moved_where_none_can_be
from equieval.study.designs import study_of
from equieval.study.panel import panel_design, rate_panel
from equieval.study.panel_control_outcomes import panel_control_outcomes
from equieval.study.series import series_design
from equieval.study.series_control_outcomes import series_control_outcomes
from equieval.study.shown_placebos import arguments, where_none_can_be

BOOKING, SMOKING = "booking-by-10-weeks", "smoking-at-delivery"
BECAUSE = "A woman meets the pathway when she books, never before."
DESIGNS = ("did", "staggered-did", "synthetic-did", "controlled-its")
SHOCK = 6.0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("controls")


def bookings(root: Path, id: str, truth: dict[str, Any], shock: float) -> str:
    """Write early bookings in the same units, with a shock to the treated when they start."""
    early = Setting(
        BOOKING, "early_bookings", "bookings", QUINTILES,
        {"1": 52.0, "2": 57.0, "3": 61.0, "4": 64.0, "5": 67.0},
        births=3000, frequency="quarter", first="2020-Q1", periods=16,
    )  # fmt: skip
    shared: dict[str, Any] = {
        "units": len(truth["treated"]) + len(truth["controls"]),
        "effect": Effect(shock),
        "variation": STEADY,
    }
    if truth["generator"] == "staggered_panel":
        joining = pd.Series(truth["adoption"]).groupby(pd.Series(truth["adoption"]))
        waves = {str(start): list(rows.index) for start, rows in joining}
        drawn = staggered_panel(2, early, adoption=waves, **shared)
    elif truth["generator"] == "single_treated_panel":
        drawn = single_treated_panel(
            2, early, treated=truth["treated"][0], start="2022-Q1", **shared
        )
    else:
        drawn = did_panel(2, early, treated=truth["treated"], start="2022-Q1", **shared)
    path = f"data/{id}-bookings.csv"
    drawn.table.to_csv(root / path, index=False)
    return path


def analysed(
    root: Path,
    kind: str,
    shock: float = 0.0,
    *,
    levels: tuple[str, ...] = (),
    units: int = 0,
    effect: dict[str, float] | None = None,
    table: Any = None,
) -> tuple[pd.DataFrame, tuple[Evaluation, Observations]]:
    """Estimate a control outcome of a made-up comparison, or a placebo group."""
    id = f"controls-{kind}"
    truth: dict[str, Any] = {}

    def declare(blocks: Blocks) -> None:
        design = blocks["design"]
        source = blocks["data"]["sources"][0]
        if kind == "controlled-its":
            design["impact"] = "level"  # Eight points a side carry no change of slope.
        blocks["robustness"] = {"placebo_starts": []}
        if levels or units:
            group = {"levels": list(levels)} if levels else {"units": design["controls"][:units]}
            blocks["robustness"]["placebo_groups"] = [
                {"name": "Spared", "because": "Nobody served them.", **group}
            ]
        else:
            truth["written"] = f"data/{id}-bookings.csv"
            blocks["data"]["sources"].append(
                source | {
                    "id": "bookings", "path": truth["written"],
                    "indicators": {
                        BOOKING: {"numerator": ["early_bookings"], "denominator": ["bookings"]}
                    },
                }
            )  # fmt: skip
            blocks["robustness"]["control_outcomes"] = [{"indicator": BOOKING, "because": BECAUSE}]

    # One in twenty needs twenty placebos; errors by cluster need twelve controls or more.
    many = 24 if kind in ("synthetic-did", "staggered-did") else UNITS
    path, made = write_comparison(
        root, id, declare, kind=kind, effect=effect, table=table, units=many
    )
    if truth:
        bookings(root, id, made.truth, shock)
    evaluation, observations = read(root, path)
    return controls_of(evaluation, observations), (evaluation, observations)


def controls_of(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    """Return the frame ``controls`` of the robustness page, without the rest of it."""
    if evaluation.design.type in ("its", "controlled-its"):
        compared = compared_series(evaluation, observations).observations
        design = series_design(evaluation, compared)
        return series_control_outcomes(evaluation, observations, design)[0]
    return panel_control_outcomes(
        evaluation,
        observations,
        panel_design(evaluation, observations),
        approach_of(evaluation),
    )[0]


def of_measure(found: pd.DataFrame, measure: str) -> pd.Series:
    return found[found["measure"] == measure].iloc[0]


@pytest.mark.parametrize("kind", DESIGNS)
def test_a_shock_to_a_control_outcome_is_found_and_none_is_found_where_there_was_none(
    root: Path, kind: str
) -> None:
    quiet, shocked = (analysed(root, kind, shock)[0] for shock in (0.0, SHOCK))
    still, moved = (of_measure(found, "rate") for found in (quiet, shocked))
    assert still["ci_low"] < 0 < still["ci_high"]
    assert moved["ci_low"] < SHOCK < moved["ci_high"]
    assert moved["ci_low"] > 0
    assert shocked["measure"].tolist() == ["sii", "rate"]
    assert (shocked["role"] == "diagnostic").all()
    assert (shocked["outcome"] == BOOKING).all()
    assert set(moved["estimand"].split(": ")) == {"rate", ESTIMANDS["control outcome"]}
    assert moved_where_none_can_be(moved.to_frame().T) == ("Booking by 10 weeks",)
    assert moved_where_none_can_be(still.to_frame().T) == ()


def test_a_control_outcome_has_the_headline_interval_of_its_design(root: Path) -> None:
    found, (evaluation, observations) = analysed(root, "did", SHOCK)
    panel = rate_panel(observations, BOOKING, panel_design(evaluation, observations).to_horizon())
    expected = wild_bootstrap(panel, outcome="value", weights="weight").effect
    row = of_measure(found, "rate")
    np.testing.assert_allclose(
        row[["estimate", "ci_low", "ci_high"]].to_numpy(float),
        [expected.estimate, expected.ci_low, expected.ci_high],
    )


@pytest.mark.parametrize("kind", DESIGNS)
def test_controls_taken_as_treated_show_nothing_though_the_treated_changed(
    root: Path, kind: str
) -> None:
    found, (evaluation, observations) = analysed(root, kind, units=5)
    # What the intervention did to the treated, who are left out: -1.8 on average, -4.7 the index.
    for measure, theirs in (("rate", -1.8), ("sii", -4.7)):
        row = of_measure(found, measure)
        assert abs(row["estimate"]) < abs(theirs) / 2
        assert row["outcome"] == SMOKING
    if kind != "controlled-its":
        assert row["n_treated_units"] == 5
        assert row["n_units"] == len(evaluation.design.controls)
        return
    cells = study_of(kind).behind(evaluation, observations, "robustness", found)
    behind = cells[cells["id"] == of_measure(found, "rate")["id"]].iloc[0]
    own = observations.overall(SMOKING)
    own = own[own["unit"].isin(evaluation.design.controls[:5])]
    assert behind["events"] == own.groupby("period")["numerator"].sum().min()


def test_a_group_of_four_has_no_interval_where_units_start_apart(root: Path) -> None:
    found, _ = analysed(root, "staggered-did", units=4)
    assert found["n_treated_units"].tolist() == [4, 4]
    assert found["estimate"].notna().all()
    assert found[["ci_low", "ci_high", "p_value"]].isna().all(axis=None)
    assert not is_clear(found).any()
    assert "a standard error cannot be learned from so few" in " ".join(control_words(found))


def test_a_shock_to_some_controls_is_found_by_the_group_that_they_make(root: Path) -> None:
    def shocked(table: pd.DataFrame) -> pd.DataFrame:
        named = sorted(set(table["lmns"]) - set(write_comparison(root, "x")[1].truth["treated"]))
        hit = table["lmns"].isin(named[:4]) & (table["quarter"] >= "2022-Q1")
        more = table["smokers"] + (0.03 * table["women_status_known"]).round().astype("Int64")
        return table.assign(smokers=table["smokers"].where(~hit, more))

    found, _ = analysed(root, "did", units=4, table=shocked)
    row = of_measure(found, "rate")
    assert row["ci_low"] < 3.0 < row["ci_high"]
    assert is_clear(found)[found["measure"] == "rate"].all()
    words = " ".join(control_words(found))
    assert "1 of 2 leaves out no effect, where none can be; chance alone gives one" in words
    assert "No control outcome was declared beforehand." in words


@pytest.mark.parametrize(("kind", "moved"), [("did", False), ("did", True), ("its", True)])
def test_the_rate_of_levels_that_nobody_served_is_that_of_these_people_together(
    root: Path, project: Path, kind: str, moved: bool
) -> None:
    levels = ("4", "5")
    if kind == "its":

        def declare(blocks: Blocks) -> None:
            blocks["robustness"]["placebo_groups"] = [
                {"name": "Spared", "levels": list(levels), "because": "Nobody served them."}
            ]

        path, _ = write_made_up(
            project, "spared", declare, births_per_period=90_000, level=-2.0, gap_level=0.0
        )
        evaluation, observations = read(project, path)
        found = controls_of(evaluation, observations)
    else:
        change = {**NARROWER, "4": -3.0, "5": -3.0} if moved else {**NARROWER, "4": 0, "5": 0}
        found, (evaluation, observations) = analysed(root, "did", levels=levels, effect=change)
    rows = found
    assert rows["measure"].tolist() == ["rate"]
    row = rows.iloc[0]
    assert row["stratum"] == "4; 5"
    assert bool(row["ci_high"] < 0) is moved
    cells = study_of(kind).behind(evaluation, observations, "robustness", found)
    of_row = cells[cells["id"] == row["id"]].iloc[0]
    strata = observations.strata(evaluation.outcomes.primary.indicator)
    strata = strata[strata["stratum"].isin(levels)]
    joined = strata.groupby(["unit", "period"])["numerator"].sum()
    assert of_row["events"] == joined.min()


def test_what_the_data_cannot_carry_is_kept_with_the_reason(root: Path) -> None:
    def without_some(table: pd.DataFrame) -> pd.DataFrame:
        treated = write_comparison(root, "x")[1].truth["treated"]
        gone = table["lmns"].isin(treated) & (table["quarter"] == "2021-Q1")
        return table[~gone]

    id = "controls-did"
    _, (evaluation, _) = analysed(root, "did")
    bookings_file = root / "data" / f"{id}-bookings.csv"
    without_some(pd.read_csv(bookings_file)).to_csv(bookings_file, index=False)
    _, observations = read(root, root / "params" / f"{id}.yaml")
    rows = controls_of(evaluation, observations)
    assert rows["estimate"].isna().all()
    assert "no treated unit has a figure in every period" in rows["note"].iloc[0]
    shown = where_none_can_be(rows.head(0), rows)
    assert shown["reading"].iloc[1] == (
        "Cannot be estimated: no treated unit has a figure in every period"
    )
    assert shown.iloc[0][["series", "mark"]].tolist() == ["None was declared beforehand", "[z]"]
    assert arguments(rows)["words"].tolist() == [BECAUSE]
    assert "Cannot" not in " ".join(control_words(rows))


def test_a_control_outcome_of_a_series_is_fitted_as_the_series_is(project: Path) -> None:
    other = its_births(7, periods=96, start="2012-01", level=1.5, births_per_period=90_000)

    def declare(blocks: Blocks) -> None:
        source = blocks["data"]["sources"][0]
        blocks["data"]["sources"].append(
            source | {
                "id": "deaths", "path": "data/deaths.csv",
                "indicators": {
                    "neonatal-mortality": {
                        "numerator": ["stillbirths"], "denominator": ["live_births"],
                    }
                },
            }
        )  # fmt: skip
        blocks["robustness"]["control_outcomes"] = [
            {"indicator": "neonatal-mortality", "because": "Nobody treated them."}
        ]

    other.table.to_csv(project / "data" / "deaths.csv", index=False)
    path, _ = write_made_up(project, "controlled", declare, births_per_period=90_000)
    found = controls_of(*read(project, path))
    row = of_measure(found, "rate")
    assert row["ci_low"] > 0
    assert row["ci_low"] < 1.5 < row["ci_high"]
    assert row["estimator"] == "REML AR(1)"
