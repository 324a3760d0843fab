"""Verdict and certainty follow from the estimates by the rules that the module states."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from evaluations import all_estimates, read, write_made_up

from equieval.data import Observations
from equieval.protocol import Evaluation
from equieval.study.appraisal import Answer, Appraisal, judge, judge_inequality, judge_outcome

Judged = tuple[Evaluation, Observations, pd.DataFrame]


@pytest.fixture(scope="module")
def monthly(project: Path) -> Judged:
    """A monthly evaluation that can carry its estimate; real by its parameters, so rated."""

    def real(blocks: dict[str, Any]) -> None:
        blocks["identity"]["synthetic"] = False
        blocks["population"]["fictional"] = False

    path, _ = write_made_up(
        project, "rated", real, births_per_period=90_000, noise=0.05, gap_noise=0.05,
        level=-0.6, gap_level=-1.5,
    )  # fmt: skip
    evaluation, observations = read(project, path)
    return evaluation, observations, all_estimates(evaluation, observations)


def with_primary(judged: Judged, **values: float) -> Judged:
    """The same estimates with other values in the primary row."""
    evaluation, observations, estimates = judged
    primary = estimates["role"] == "primary"
    return evaluation, observations, estimates.assign(
        **{name: estimates[name].mask(primary, value) for name, value in values.items()}
    )  # fmt: skip


def with_variants(judged: Judged, estimate: float, only: int | None = None) -> Judged:
    """The same estimates with another value in the variants of the primary measure."""
    evaluation, observations, estimates = judged
    at = (estimates["role"] == "robustness") & (estimates["estimand"] == "sii: effect at horizon")
    places = estimates.index[at][: only or None]
    changed = estimates["estimate"].where(~estimates.index.isin(places), estimate)
    return evaluation, observations, estimates.assign(estimate=changed)


def verdict(judged: Judged) -> str:
    return judge_inequality(*judged).verdict


BELOW = {"estimate": -1.0, "ci_low": -1.6, "ci_high": -0.4, "df": 30.0}
ABOVE = {"estimate": 1.0, "ci_low": 0.4, "ci_high": 1.6, "df": 30.0}
NEITHER = {"estimate": -1.0, "ci_low": -2.2, "ci_high": 0.2, "df": 30.0}


def test_an_interval_on_one_side_gives_the_direction(monthly: Judged) -> None:
    agreeing = with_variants(monthly, -1.0)
    assert verdict(with_primary(agreeing, **BELOW)) == "narrowed"
    agreeing = with_variants(monthly, 1.0)
    assert verdict(with_primary(agreeing, **ABOVE)) == "widened"


def test_an_interval_that_includes_no_effect_gives_no_direction(monthly: Judged) -> None:
    assert verdict(with_primary(with_variants(monthly, -1.0), **NEITHER)) == "no-clear-change"


PLANNED = "equieval.study.series_adequacy.planned_degrees_of_freedom"


def test_too_few_degrees_of_freedom_come_before_everything_else(
    monthly: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PLANNED, lambda *_: 3.9)
    found = judge_inequality(*with_primary(with_variants(monthly, -1.0), **BELOW))
    assert found.verdict == "cannot-say"
    assert found.cannot_say
    assert found.reasons == (
        "degrees of freedom of the primary estimate 3.9 (at an autocorrelation of 0.4), "
        "where at least 4 are needed",
    )


def test_one_variant_of_the_other_sign_takes_the_direction_away(monthly: Judged) -> None:
    found = judge_inequality(*with_primary(with_variants(monthly, 0.01, only=1), **BELOW))
    assert found.verdict == "cannot-say"
    assert len(found.disagreeing) == 1
    assert found.reasons[0].startswith("the direction turns with one choice")


def test_a_variant_of_the_other_sign_does_not_make_an_unclear_change_clearer(
    monthly: Judged,
) -> None:
    found = judge_inequality(*with_primary(with_variants(monthly, 0.5, only=1), **NEITHER))
    assert found.verdict == "no-clear-change"
    assert found.disagreeing


def test_a_placebo_or_a_diagnostic_row_is_no_variant(monthly: Judged) -> None:
    evaluation, observations, estimates = with_primary(with_variants(monthly, -1.0), **BELOW)
    diagnostic = estimates["role"] == "diagnostic"
    turned = estimates.assign(estimate=estimates["estimate"].mask(diagnostic, 5.0))
    assert verdict((evaluation, observations, turned)) == "narrowed"


def test_an_estimate_that_was_refused_gives_cannot_say_with_its_reason(monthly: Judged) -> None:
    none = dict.fromkeys(("estimate", "ci_low", "ci_high", "df"), math.nan)
    evaluation, observations, estimates = with_primary(monthly, **none)
    primary = estimates["role"] == "primary"
    estimates = estimates.assign(note=estimates["note"].mask(primary, "the series is a line"))
    found = judge_inequality(evaluation, observations, estimates)
    assert found.verdict == "cannot-say"
    assert found.reasons == ("the series is a line",)


def test_a_lower_rate_of_a_harm_is_better_and_of_a_good_worse(
    monthly: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from equieval.protocol import indicator
    from equieval.study import appraisal

    assert judge_outcome(*monthly).verdict == "improved"  # the truth lowers the stillbirth rate
    for polarity, word in (("high", "worsened"), ("neutral", "fell"), ("parity", "fell")):
        other = replace(indicator("stillbirth"), polarity=polarity)
        monkeypatch.setattr(appraisal, "indicator", lambda _id, other=other: other)
        assert judge_outcome(*monthly).verdict == word


def certainty(judged: Judged) -> Appraisal:
    return judge(*judged)


def with_placebos(judged: Judged, clear: int = 0) -> Judged:
    """Let so many placebo starts show an effect, and the others none."""
    evaluation, observations, estimates = judged
    placebo = estimates["estimand"].str.endswith("placebo effect")
    ends = pd.Series(-0.9, index=estimates.index[placebo])
    ends.iloc[:clear] = 0.1
    changed = {"df": pd.Series(20.0, index=ends.index), "estimate": ends + 1, "ci_low": ends,
               "ci_high": ends + 2}  # fmt: skip
    return (
        evaluation,
        observations,
        estimates.assign(
            **{
                name: estimates[name].mask(placebo, values.reindex(estimates.index))
                for name, values in changed.items()
            }
        ),
    )


def test_an_effect_at_a_placebo_start_is_said_and_costs_certainty(monthly: Judged) -> None:
    clear = with_primary(with_variants(monthly, -1.0), **BELOW)
    quiet, loud = (certainty(with_placebos(clear, number)) for number in (0, 1))
    assert quiet.doubts == ()
    assert "estimates at placebo starts shows an effect before anything had begun" in loud.doubts[0]
    assert loud.certainty_reasons == (*quiet.certainty_reasons, *loud.doubts)
    assert (quiet.certainty, loud.certainty) == ("moderate", "low")


def test_certainty_starts_at_high_and_loses_a_step_for_each_concern(
    monthly: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear = with_placebos(with_primary(with_variants(monthly, -1.0), **BELOW))
    found = certainty(clear)
    # one concern that no single series can settle: there is no comparison
    assert (found.certainty, len(found.certainty_reasons)) == ("moderate", 1)
    assert "no comparison series" in found.certainty_reasons[0]
    unclear = certainty(with_primary(clear, **NEITHER))
    assert (unclear.certainty, len(unclear.certainty_reasons)) == ("low", 2)
    monkeypatch.setattr(PLANNED, lambda *_: 6.0)
    cautious = certainty(clear)
    assert (cautious.certainty, len(cautious.certainty_reasons)) == ("low", 2)
    both = certainty(with_primary(clear, **NEITHER))
    assert (both.certainty, len(both.certainty_reasons)) == ("very-low", 3)


def test_cannot_say_is_always_of_very_low_certainty(
    monthly: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PLANNED, lambda *_: 1.0)
    found = certainty(with_primary(with_variants(monthly, -1.0), **BELOW))
    assert found.certainty == "very-low"
    assert "degrees of freedom" in found.certainty_reasons[0]


def test_synthetic_data_are_not_rated(project: Path) -> None:
    path, _ = write_made_up(project, "not-rated", births_per_period=90_000)
    evaluation, observations = read(project, path)
    found = judge(evaluation, observations, all_estimates(evaluation, observations))
    assert found.certainty == "not-rated"
    assert found.certainty_reasons == ("the data are synthetic",)


def test_an_answer_hands_its_row_to_the_makers_of_sentences(monthly: Judged) -> None:
    found: Answer = judge_inequality(*monthly)
    assert found.rows["id"].tolist() == [found.estimate["id"]]
    assert found.estimate["role"] == "primary"
