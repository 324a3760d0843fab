"""A placebo start keeps its interval by what its design carries, whatever it found."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from evaluations import PROJECT, read

from equieval.data import Observations, parse_period
from equieval.methods.contrasts import Contrast
from equieval.methods.its_effects import planned_effect_df
from equieval.protocol import Evaluation
from equieval.study.adequacy import LEAST_DF, PLANNED_PHI
from equieval.study.compared_series import compared_series
from equieval.study.control_words import is_clear, reading
from equieval.study.doubts import doubts
from equieval.study.robustness import robustness
from equieval.study.series import series_design
from equieval.study.series_adequacy import as_carried
from equieval.study.shown_placebos import beside_the_reported, where_none_can_be

Read = tuple[Evaluation, Observations]


@pytest.fixture(scope="module")
def booking() -> Read:
    return read(PROJECT, PROJECT / "params" / "inclusion-outreach-booking.yaml")


def test_a_placebo_start_that_its_design_cannot_carry_has_no_interval(booking: Read) -> None:
    evaluation, observations = booking
    found = robustness(evaluation, observations)
    placebo = found.frame("placebo")
    design = series_design(evaluation, compared_series(evaluation, observations).observations)
    before = design.periods[design.periods < design.start]
    carried = {}
    for start in evaluation.robustness.placebo_starts:
        period = parse_period(start, observations.frequency)
        earlier = design.starting(period).over(before, before[-1])
        df = planned_effect_df(earlier.matrix(), before[-1], phi=PLANNED_PHI)
        carried[f"placebo start in {start}"] = df >= LEAST_DF
    assert set(carried.values()) == {True, False}
    assert (placebo["estimate"].notna()).all()
    assert (placebo["ci_low"].notna() == placebo["label"].map(carried)).all()
    # estimated, all have degrees of freedom enough: that does not decide
    assert (placebo["df"] > LEAST_DF).all()
    for row in placebo[placebo["ci_low"].isna()].to_dict("records"):
        assert "degrees of freedom at an autocorrelation of 0.4, where at least 4" in reading(row)
    shown = where_none_can_be(placebo, found.frame("controls")).set_index("id")
    assert shown.loc[placebo["id"], "ci_low"].notna().tolist() == placebo["ci_low"].notna().tolist()
    primary = evaluation.outcomes.primary
    reported = placebo.assign(role="primary", kind="").head(1)
    drawn = beside_the_reported(
        placebo, found.frame("controls"), reported, primary.indicator, primary.measure
    )
    assert not drawn["label"].str.contains("2022").any()
    assert not is_clear(placebo[placebo["ci_low"].isna()]).any()


def test_no_outcome_decides_whether_a_placebo_keeps_its_interval(booking: Read) -> None:
    evaluation, observations = booking
    compared = compared_series(evaluation, observations)
    design = series_design(evaluation, compared.observations)
    values = compared.outcome(evaluation.outcomes.primary.indicator)
    told = Contrast(2.0, 0.5, 2.1, 0.1, 3.9, 0.04, 0.95)  # on few estimated degrees of freedom
    assert as_carried(told, design, values) == (told, "")
    before = design.periods[design.periods < design.start]
    begins = parse_period(evaluation.robustness.placebo_starts[-1], observations.frequency)
    earlier = design.starting(begins).over(before, before[-1])
    withheld, why = as_carried(replace(told, df=30.0), earlier, values)
    assert withheld.estimate == told.estimate
    assert math.isnan(withheld.ci_low)
    assert math.isnan(withheld.p_value)
    assert "where at least 4 are needed" in why


def test_a_placebo_without_an_interval_raises_no_doubt() -> None:
    evaluation, observations = read(
        PROJECT, PROJECT / "params" / "smokefree-pathway-controlled-its.yaml"
    )
    estimates = robustness(evaluation, observations).estimates
    placebo = estimates["estimand"].str.endswith("placebo effect")
    assert placebo.any()
    assert estimates.loc[placebo, "ci_low"].isna().all()
    assert not any("placebo" in words for words in doubts(evaluation, observations, estimates))
    shown = estimates.assign(
        ci_low=estimates["estimate"] - 0.1, ci_high=estimates["estimate"] + 0.1
    )
    again = pd.concat([estimates[~placebo], shown[placebo]])
    assert any("placebo" in words for words in doubts(evaluation, observations, again))
