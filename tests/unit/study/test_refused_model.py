"""A series that the headline model refuses is reported as "cannot say", with the reason.

England's published figures without their last year are such a series: the restricted maximum
of the autocorrelation lies at its limit.
"""

from __future__ import annotations

import pandas as pd
import pytest

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.methods.its import fit_reml_ar1
from equieval.present.narrative import adequacy_statement, certainty_statement, verdict_statement
from equieval.protocol import Evaluation
from equieval.study import views
from equieval.study.appraisal import Appraisal, judge
from equieval.study.conditions import seven_conditions
from equieval.study.its import effect, inequality_effect
from equieval.study.rates_by_period import measure_values
from equieval.study.robustness import robustness
from equieval.study.series import series_design


@pytest.fixture(scope="module")
def shorter(evaluation: Evaluation) -> Evaluation:
    blocks = evaluation.blocks()
    blocks["design"]["last_period"] = "2022"
    return Evaluation.of_blocks(blocks, where="test")


@pytest.fixture(scope="module")
def estimates(shorter: Evaluation, observations: Observations) -> pd.DataFrame:
    analyses = (effect, inequality_effect, robustness)
    return pd.concat([one(shorter, observations).estimates for one in analyses])


@pytest.fixture(scope="module")
def appraisal(
    shorter: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> Appraisal:
    return judge(shorter, observations, estimates)


def test_the_model_is_indeed_refused(shorter: Evaluation, observations: Observations) -> None:
    design = series_design(shorter, observations)
    values = measure_values(observations, "stillbirth", "sii")
    with pytest.raises(DesignError, match="limit"):
        fit_reml_ar1(design.usable(values), design.matrix())


def test_the_verdict_is_cannot_say_and_the_reason_is_told(appraisal: Appraisal) -> None:
    answer = appraisal.inequality
    assert answer.verdict == "cannot-say"
    said = verdict_statement(
        answer.rows,
        subject="deprivation gap in stillbirth",
        intervention="the bundle",
        verdict=answer.verdict,
        reasons=answer.reasons,
    ).markdown
    assert "cannot say" in said
    assert "autocorrelation runs to its limit" in said


def test_no_interval_is_spoken_of_where_there_is_none(appraisal: Appraisal) -> None:
    said = certainty_statement(
        appraisal.inequality.rows,
        certainty=appraisal.certainty,
        reasons=appraisal.certainty_reasons,
    ).markdown
    assert "There is no estimate with an interval that it could be about" in said
    assert "% interval" not in said
    assert ".," not in said
    adequacy = adequacy_statement(appraisal.inequality.checks).markdown
    assert "Degrees of freedom" in adequacy


def test_the_residuals_are_examined_all_the_same_and_no_assumption_is_met(
    shorter: Evaluation, observations: Observations, appraisal: Appraisal
) -> None:
    checked = robustness(shorter, observations)
    assert not checked.frame("residual-tests").empty
    table = seven_conditions(shorter, observations, appraisal, checked).set_index("condition")
    answer, evidence = table.loc["Statistical assumptions", ["answer", "evidence"]]
    assert answer == "not met"
    assert "The model of the headline could not be fitted. The autocorrelation runs to" in evidence


def test_the_table_over_time_says_that_there_is_no_estimate(estimates: pd.DataFrame) -> None:
    table = views.over_time(estimates)
    assert len(table) == 1
    assert table["estimate"].isna().all()


def test_a_change_of_slope_has_no_effect_at_the_start_and_one_later(
    evaluation: Evaluation, observations: Observations
) -> None:
    blocks = evaluation.blocks()
    blocks["design"]["impact"] = "slope"
    sloped = Evaluation.of_blocks(blocks, where="test")
    times = views.over_time(inequality_effect(sloped, observations).estimates)["time"]
    assert next(iter(times)) == "2017"
