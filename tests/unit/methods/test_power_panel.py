"""Minimum detectable effects of comparisons: drawn panels judged as the real one will be."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.few_clusters import cr2, wild_bootstrap
from equieval.methods.inference import reassignment_interval
from equieval.methods.panel_noise import panel_noise
from equieval.methods.power_panel import detectable_effect_panel
from equieval.methods.synthetic_inequality import placebo_contrast, placebo_synthetic_did

UNITS = [f"trust {number:02d}" for number in range(24)]


def before(seed=0, periods=36, phi=0.0, scale=1.0, units=UNITS):
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(units), periods))
    for step in range(1, periods):
        noise[:, step] = phi * noise[:, step - 1] + np.sqrt(1 - phi**2) * noise[:, step]
    frame = pd.MultiIndex.from_product(
        [units, pd.period_range("2021-01", periods=periods, freq="M")], names=["unit", "period"]
    ).to_frame(index=False)
    level = np.repeat(rng.normal(size=len(units)), periods) + 0.1 * np.tile(
        np.arange(periods), len(units)
    )
    return frame.assign(y=scale * (10 + level + noise.ravel()))


def planned(treated=8, periods=48, n_before=36, units=UNITS):
    frame = pd.MultiIndex.from_product([units, range(periods)], names=["unit", "period"])
    frame = frame.to_frame(index=False)
    exposed = frame["unit"].isin(units[:treated]) & (frame["period"] >= n_before)
    return frame.assign(exposed=exposed.astype(int))


def by_rank(panel):
    ranked = placebo_synthetic_did(panel, outcome="y")
    return placebo_contrast(ranked.estimate, ranked.placebos["estimate"].to_numpy()[1:], 0.95)


@pytest.mark.parametrize(
    ("judge", "treated"),
    [
        (partial(two_way_fixed_effects, outcome="y"), 8),
        (partial(cr2, outcome="y"), 8),
        (partial(wild_bootstrap, outcome="y", draws=499), 8),
        (partial(reassignment_interval, outcome="y"), 2),
        (by_rank, 1),
    ],
    ids=["clustered", "CR2", "wild bootstrap", "reassignment", "synthetic"],
)
def test_an_interval_moves_with_the_effect_and_its_mirror_image_is_that_of_the_panels(
    judge, treated
):
    # what one analysis of each drawn panel rests on
    def contrast(panel):
        found = judge(panel)
        return getattr(found, "effect", found)

    panel = planned(treated, periods=12, n_before=8)
    panel["y"] = np.random.default_rng(3).normal(size=len(panel))
    found = contrast(panel)
    moved = contrast(panel.assign(y=panel["y"] + 2 * panel["exposed"]))
    mirrored = contrast(panel.assign(y=-panel["y"]))
    ends = np.array([found.ci_low, found.ci_high])
    np.testing.assert_allclose([moved.ci_low, moved.ci_high], ends + 2, atol=1e-8)
    np.testing.assert_allclose([mirrored.ci_high, mirrored.ci_low], -ends, atol=1e-8)


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_the_noise_is_that_of_the_panel(phi):
    frame = before(2, periods=60, phi=phi, units=[f"{n:03d}" for n in range(80)])
    values = frame.pivot(index="unit", columns="period", values="y").to_numpy()
    _, found, deviation = panel_noise(values)
    assert found == pytest.approx(phi, abs=0.05)
    assert np.sqrt((deviation**2).mean()) == pytest.approx(1, abs=0.05)


def test_what_covariates_explain_is_no_noise():
    # truth: standard deviations of 1 and 2, over a slope that changes every period
    rng = np.random.default_rng(4)
    x, own = rng.normal(size=80), np.where(np.arange(80) < 40, 1.0, 2.0)
    noise = own[:, None] * rng.standard_normal((80, 60))
    values = noise + np.outer(x, 3 * rng.normal(size=60)) + rng.normal(size=(80, 1))
    residuals, _, deviation = panel_noise(values, x[:, None])
    assert np.abs(x @ residuals).max() < 1e-9
    for half, truth in ((slice(40), 1.0), (slice(40, 80), 2.0)):
        assert np.sqrt((deviation[half] ** 2).mean()) == pytest.approx(truth, rel=0.05)
    _, _, unadjusted = panel_noise(values)
    assert np.sqrt((unadjusted**2).mean()) > 3


def by_mean_change(panel):
    """The comparison of mean changes with the usual t interval, by hand, on 22 df."""
    after = panel["period"] >= 36
    change = panel[after].groupby("unit")["y"].mean() - panel[~after].groupby("unit")["y"].mean()
    treated, others = change[UNITS[:8]], change[UNITS[8:]]
    pooled = (7 * treated.var() + 15 * others.var()) / 22
    half = 2.0739 * np.sqrt(pooled * (1 / 8 + 1 / 16))
    estimate = treated.mean() - others.mean()
    return Contrast(estimate, np.nan, 22.0, estimate - half, estimate + half, np.nan, 0.95)


def test_the_answer_agrees_with_the_formula_for_independent_noise():
    # two means of changes: (t + t at 80 %) · σ · √((1/n₁ + 1/n₀)(1/T₁ + 1/T₀)), Bloom 1995
    found = detectable_effect_panel(
        before(), planned(periods=60), by_mean_change, outcome="y", replications=1_000
    )
    formula = (2.0739 + 0.8583) * found.sigma * np.sqrt((1 / 8 + 1 / 16) * (1 / 24 + 1 / 36))
    assert found.effect == pytest.approx(formula, rel=0.1)
    assert found.curve["power"].is_monotonic_increasing
    assert found.curve.loc[0, "power"] == pytest.approx(0.025, abs=0.015)
    assert (found.n_units, found.periods_before, found.replications) == (24, 36, 1_000)


def test_few_treated_units_need_more_and_scale_is_the_users_own():
    options = {"outcome": "y", "replications": 100}
    judge = partial(reassignment_interval, outcome="y", max_assignments=199)
    one = detectable_effect_panel(before(), planned(1), judge, **options)
    many = detectable_effect_panel(before(), planned(8), judge, **options)
    assert one.effect > 1.5 * many.effect
    scaled = detectable_effect_panel(before(scale=1000.0), planned(8), judge, **options)
    assert scaled.effect == pytest.approx(1000 * many.effect)


def test_noise_runs_on_through_periods_that_are_left_out():
    # neighbours alike: a panel without its odd periods is judged as what it is, every second one
    seen = []

    def judge(panel):
        table = panel.pivot(index="unit", columns="period", values="y")
        table = table.sub(table.mean(axis=1), axis=0)
        seen.append((table.iloc[:, 1:].to_numpy() * table.iloc[:, :-1].to_numpy()).mean())
        return Contrast(0, np.nan, 1.0, -1.0, 1.0, np.nan, 0.95)

    options = {"outcome": "y", "replications": 40}
    frame = planned(periods=48)
    detectable_effect_panel(before(phi=0.8), frame, judge, **options)
    whole = np.mean(seen)
    seen.clear()
    detectable_effect_panel(before(phi=0.8), frame[frame["period"] % 2 == 0], judge, **options)
    assert np.mean(seen) < 0.85 * whole


def endless(_panel):
    return Contrast(0, np.nan, np.inf, -np.inf, np.inf, np.nan, 0.95)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"planned": planned(units=[*UNITS[:23], "trust 99"])}, "'trust 23' is in one panel only"),
        ({"covariates": ["age"]}, "no column 'age'"),
        ({"before": before().iloc[1:]}, "miss some periods"),
        ({"before": before(periods=5)}, "5 periods before the start"),
        ({"before": before().assign(y=1.0)}, "do not vary"),
        ({"judge": endless}, "could ever be found"),
        ({"power": 80}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_a_remedy(change, words):
    options = {"before": before(), "planned": planned(), "judge": by_mean_change, **change}
    given = [options.pop(name) for name in ("before", "planned", "judge")]
    with pytest.raises(DesignError, match=words) as refusal:
        detectable_effect_panel(*given, outcome="y", replications=4, **options)
    assert refusal.value.remedy
