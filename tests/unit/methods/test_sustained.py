"""Whether an effect lasts: the verdict, its arithmetic and its error rate."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from equieval.errors import DesignError
from equieval.methods.honest import EventStudy
from equieval.methods.its import effect_at, fit_ols, fit_reml_ar1, level_and_slope
from equieval.methods.sustained import sustained_event_study, sustained_its

MONTHS = pd.period_range("2016-01", periods=72, freq="M")
X = level_and_slope(MONTHS, MONTHS[36])
HORIZONS = {"12 months": MONTHS[48], "24 months": MONTHS[60]}


def judged(level, since, noise=0.3, seed=1, fitter=fit_reml_ar1, **change):
    rng = np.random.default_rng(seed)
    values = 20 + 0.05 * X["t"] + level * X["post"] + since * X["since"]
    fit = fitter(values + noise * rng.normal(size=72), X)
    return fit, sustained_its(fit, X, MONTHS[36], HORIZONS, **{"retention": 0.5, **change})


@pytest.mark.parametrize(
    ("level", "since", "verdict"),
    [
        (-3.0, 0.0, "retained"),
        (-3.0, 0.2, "not retained"),
        (0.0, 0.0, "no clear early effect"),
        (3.0, 0.0, "no clear early effect"),
    ],
)
def test_the_verdict_is_what_was_put_in(level, since, verdict):
    assert judged(level, since)[1]["verdict"].iloc[2] == verdict


def test_with_much_noise_these_data_cannot_say():
    assert judged(-3.0, 0.06, noise=1.2)[1]["verdict"].iloc[2] == "these data cannot say"


def test_effects_are_those_at_their_periods_and_the_margin_is_their_difference():
    fit, found = judged(-3.0, 0.05)
    for place, period in enumerate([MONTHS[36], *HORIZONS.values()]):
        assert found["estimate"].iloc[place] == pytest.approx(effect_at(fit, X, period).estimate)
        assert found["df"].iloc[place] == pytest.approx(effect_at(fit, X, period).df)
    margin = -(found["estimate"].iloc[1] - 0.5 * found["estimate"].iloc[0])
    assert found["margin_estimate"].iloc[1] == pytest.approx(margin)


def test_where_high_is_good_the_same_change_is_read_the_other_way():
    _, low = judged(-3.0, 0.0)
    fit, _ = judged(-3.0, 0.0)
    turned = fit_reml_ar1(-(fit.observed), X)
    high = sustained_its(turned, X, MONTHS[36], HORIZONS, retention=0.5, polarity="high")
    assert high["verdict"].tolist()[1:] == low["verdict"].tolist()[1:]
    assert high["margin_p_value"].iloc[1] == pytest.approx(low["margin_p_value"].iloc[1], abs=1e-6)


def test_an_effect_at_the_margin_is_called_retained_as_rarely_as_promised():
    # half the effect is left after two years: the hypothesis is just true
    called = [
        judged(-3.0, 1.5 / 24, seed=seed, fitter=fit_ols)[1]["verdict"].iloc[2] == "retained"
        for seed in range(400)
    ]
    assert np.mean(called) <= 0.025 + 2.576 * math.sqrt(0.025 * 0.975 / 400)


def study(effects=(-1.0, -1.0, -0.9, -0.8, -0.2)):
    covariance = 0.01 * (0.5 * np.eye(8) + 0.5)
    return EventStudy(np.array([0.0, 0.01, -0.01, *effects]), covariance, 3)


def test_an_event_study_is_judged_with_the_covariance_of_its_effects():
    found = sustained_event_study(study(), [0, 1], {"later": [2, 3], "end": [4]}, retention=0.5)
    assert found["verdict"].tolist() == ["", "retained", "not retained"]
    weights = np.array([0, 0, 0, -0.25, -0.25, 0.5, 0.5, 0])
    error = math.sqrt(weights @ study().covariance @ weights)
    row = found.iloc[1]
    assert row["margin_estimate"] == pytest.approx(0.85 - 0.5)
    assert row["margin_low"] == pytest.approx(0.35 - norm.ppf(0.975) * error)
    assert row["margin_p_value"] == pytest.approx(norm.sf(0.35 / error))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"retention": 0.0}, "not between 0 and 1"),
        ({"early": [5]}, "no effects at"),
        ({"horizons": {"early": [0]}}, "not after the early effect"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_a_remedy(change, words):
    given = {"early": [0], "horizons": {"end": [4]}, "retention": 0.5, **change}
    with pytest.raises(DesignError, match=words) as refusal:
        sustained_event_study(study(), **given)
    assert refusal.value.remedy


def test_periods_that_the_series_does_not_have_are_refused():
    fit, _ = judged(-3.0, 0.0)
    for early, late, words in [
        (MONTHS[36], MONTHS[71] + 1, "no period"),
        (MONTHS[40], MONTHS[38], "not after"),
        (MONTHS[10], MONTHS[60], "empty"),
    ]:
        with pytest.raises(DesignError, match=words):
            sustained_its(fit, X, early, {"late": late}, retention=0.5)
