"""A report's event study says where too few units stand behind an effect, and why."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from comparisons import write_comparison
from evaluations import read
from scipy import stats

from equieval.methods.joint_tests import TOO_FEW
from equieval.study.analysis import Subject
from equieval.study.approach import approach_of
from equieval.study.did import subject
from equieval.study.event_studies import (
    FEW_UNITS,
    BlockedStudy,
    EventEffects,
    event_frames,
    for_event_study,
)
from equieval.study.panel import PanelDesign, panel_design, rate_panel
from equieval.study.sensitivity import sensitivity_frames

OUTCOME = "smoking-at-delivery"


@dataclasses.dataclass(frozen=True)
class Shown:
    """Two units join, three more three quarters later, eleven never; in half-years."""

    panel: pd.DataFrame
    design: PanelDesign
    about: Subject
    found: EventEffects

    @property
    def study(self) -> BlockedStudy:
        assert self.found.study is not None
        return self.found.study


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    root = tmp_path_factory.mktemp("staggered")
    evaluation, observations = read(
        root, write_comparison(root, "waves", kind="staggered-did", treated=5)[0]
    )
    design = for_event_study(panel_design(evaluation, observations))
    panel = rate_panel(observations, OUTCOME, design)
    about = subject(evaluation, "effect", OUTCOME, "rate")
    control_group = approach_of(evaluation).control_group
    found = event_frames(panel, design, about, "quarter", control_group=control_group)
    return Shown(panel, design, about, found)


def test_effects_that_two_units_alone_reach_have_no_interval_and_the_row_says_why(
    shown: Shown,
) -> None:
    frame = shown.found.frames["event-study"].set_index("event_time")
    alone = frame.index[frame["reason"] == TOO_FEW]
    # the two that joined first have been followed longer than the three
    assert list(alone) == [3, 4]
    assert frame.index[-1] == 4
    assert frame.loc[alone, ["std_error", "df", "ci_low", "band_low"]].isna().all(axis=None)
    rows = {row["event_time"]: row for row in shown.found.rows}
    withheld = rows[4 * shown.study.width]
    assert withheld["inference"] == "no interval"
    assert withheld["note"].endswith(f"no interval: {TOO_FEW}")
    assert np.isfinite(withheld["estimate"])


def test_what_is_shown_has_degrees_of_freedom_and_t_intervals(shown: Shown) -> None:
    frame = shown.found.frames["event-study"].set_index("event_time")
    rows = {row["event_time"]: row for row in shown.found.rows}
    first, row = frame.loc[0], rows[0]
    assert row["inference"] == FEW_UNITS
    # between the smaller cohort's one and those of all units less their three groups
    assert 1 < row["df"] < 16 - 3
    half = stats.t.ppf(0.975, row["df"]) * row["std_error"]
    assert row["ci_high"] - row["estimate"] == pytest.approx(half)
    assert first["band_low"] < first["ci_low"]


def test_the_test_before_the_start_and_the_sensitivity_analysis_leave_them_out(
    shown: Shown,
) -> None:
    kept = shown.study.shown
    assert kept.n_after == shown.study.study.n_after - 2
    assert kept.n_before == shown.study.study.n_before
    test = shown.found.frames["pre-trend"].iloc[0]
    assert test["reason"] == ""
    assert 0 < test["p_value"] <= 1
    assert 0 < test["slope_half"] < test["slope_most"]
    frames = sensitivity_frames(
        shown.panel, shown.design, "quarter", control_group="not-yet-treated"
    )
    drift = frames["drift"].dropna(subset="drift")
    assert len(drift) == len(kept.estimates)
    assert drift["slope"].iloc[0] == pytest.approx(test["slope_half"])
    assert drift["power"].iloc[0] == pytest.approx(0.5, abs=1e-6)


def test_under_five_treated_units_nothing_has_an_interval(shown: Shown) -> None:
    few = sorted(shown.design.adoption)[:4]
    adoption = {unit: start for unit, start in shown.design.adoption.items() if unit in few}
    design = dataclasses.replace(shown.design, adoption=adoption)
    kept = shown.panel[
        shown.panel["unit"].isin(few) | shown.panel["unit"].isin(shown.design.controls)
    ]
    found = event_frames(kept, design, shown.about, "quarter")
    assert {row["inference"] for row in found.rows} == {"no interval"}
    assert all(TOO_FEW in row["note"] for row in found.rows)
    assert found.frames["pre-trend"]["reason"].iloc[0] != ""
