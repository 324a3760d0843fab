"""Minimum detectable effects of comparisons: drawn panels judged as the real one will be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods import power_panel
from equieval.methods.few_clusters import cr2
from equieval.methods.inference import reassign_over_units
from equieval.methods.panel_noise import panel_noise
from equieval.methods.power_panel import detectable_effect_panel
from equieval.methods.staggered import callaway_santanna
from equieval.methods.synthetic_inequality import placebo_synthetic_did

UNITS = [f"trust {number:02d}" for number in range(24)]
ONE_START = dict.fromkeys(UNITS[:8], 0)
STAGGERED = {name: 4 * (place % 2) for place, name in enumerate(UNITS[:8])}


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


def planned(adoption, periods=10, n_before=6, seed=1):
    """A drawn panel as an array and as the frame that public estimators take."""
    drawn = np.random.default_rng(seed).normal(size=(1, 24, periods))
    first = np.array([adoption.get(name, -1) for name in UNITS])
    frame = pd.MultiIndex.from_product([UNITS, range(periods)], names=["unit", "period"])
    frame = frame.to_frame(index=False).assign(y=drawn.ravel())
    starts = np.repeat(first, periods)
    frame["exposed"] = ((starts >= 0) & (frame["period"] >= n_before + starts)).astype(int)
    frame["first_exposed"] = np.where(starts >= 0, n_before + starts, 0)
    return drawn, first, frame


def with_effect(frame, effect):
    return frame.assign(y=frame["y"] + effect * frame["exposed"])


def test_the_interval_is_that_of_cr2_with_bell_and_mccaffreys_df():
    drawn, first, frame = planned(ONE_START)
    needed = power_panel._by_interval(drawn, first, 6, 0.95, "bell-mccaffrey")[0]
    assert cr2(with_effect(frame, needed), outcome="y").ci_low == pytest.approx(0, abs=1e-9)


def test_the_interval_is_that_of_callaway_and_santanna():
    drawn, first, frame = planned(STAGGERED)
    needed = power_panel._by_interval(drawn, first, 6, 0.95, "clustered")[0]
    theirs = callaway_santanna(
        with_effect(frame, needed), outcome="y", control_group="not-yet-treated", method="or"
    )
    overall = theirs.aggregate("simple").overall
    # t on 23 df with 24/23 here, normal there; they also count what estimating the shares costs
    limit = 2.0687 * np.sqrt(24 / 23)
    assert overall.estimate / overall.std_error == pytest.approx(limit, rel=0.03)


@pytest.mark.parametrize("adoption", [{UNITS[3]: 0}, dict.fromkeys(UNITS[:2], 0)])
def test_just_above_the_effect_needed_reassignment_rejects_and_just_below_it_does_not(adoption):
    drawn, first, frame = planned(adoption)
    needed = power_panel._reassigned(drawn, first, 6, 0.05, 1)[0]
    above, below = (
        reassign_over_units(with_effect(frame, needed + step), outcome="y").p_value
        for step in (1e-6, -1e-6)
    )
    assert above <= 0.05 < below


def test_just_above_the_effect_needed_synthetic_placebos_reject_and_just_below_do_not():
    drawn, first, frame = planned({UNITS[3]: 0})
    needed = power_panel._synthetic(drawn, first, 6, 0.05, 1)[0]
    above, below = (
        placebo_synthetic_did(with_effect(frame, needed + step), outcome="y").p_value
        for step in (1e-6, -1e-6)
    )
    assert above <= 0.05 < below


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_the_noise_is_that_of_the_panel(phi):
    frame = before(2, periods=60, phi=phi, units=[f"{n:03d}" for n in range(80)])
    values = frame.pivot(index="unit", columns="period", values="y").to_numpy()
    _, found, deviation = panel_noise(values)
    assert found == pytest.approx(phi, abs=0.05)
    assert np.sqrt((deviation**2).mean()) == pytest.approx(1, abs=0.05)


def test_the_answer_agrees_with_the_formula_for_independent_noise():
    # two means of changes: (t + t at 80 %) · σ · √((1/n₁ + 1/n₀)(1/T₁ + 1/T₀)), Bloom 1995
    found = detectable_effect_panel(
        before(),
        ONE_START,
        outcome="y",
        periods_after=24,
        replications=4_000,
        noise="autoregressive",
    )
    formula = (2.145 + 0.868) * found.sigma * np.sqrt((1 / 8 + 1 / 16) * (1 / 24 + 1 / 36))
    assert found.effect == pytest.approx(formula, rel=0.08)
    assert found.inference == "bell-mccaffrey"
    assert "8 of them treated" in found.reason
    assert found.curve["power"].is_monotonic_increasing
    assert found.curve.loc[0, "power"] == pytest.approx(0.025, abs=0.01)


def test_few_treated_units_need_more_and_scale_is_the_users_own():
    one = detectable_effect_panel(before(), {UNITS[3]: 0}, outcome="y", periods_after=24)
    many = detectable_effect_panel(before(), ONE_START, outcome="y", periods_after=24)
    assert one.inference == "reassignment"
    assert one.effect > 1.5 * many.effect
    scaled = detectable_effect_panel(before(scale=1000.0), ONE_START, outcome="y", periods_after=24)
    assert scaled.effect == pytest.approx(1000 * many.effect)


def test_the_gap_is_judged_by_its_own_noise():
    shared = before(3)
    both = pd.concat(
        [
            shared.assign(stratum=name, y=shared["y"] + 0.2 * before(seed)["y"])
            for name, seed in (("most", 4), ("least", 5))
        ]
    )
    options = {"outcome": "y", "periods_after": 12}
    gap = detectable_effect_panel(both, ONE_START, strata=("most", "least"), **options)
    whole = detectable_effect_panel(shared, ONE_START, **options)
    assert gap.effect < 0.6 * whole.effect


def test_a_synthetic_design_is_judged_with_what_units_share():
    found = detectable_effect_panel(
        before(6),
        {UNITS[3]: 0},
        outcome="y",
        periods_after=12,
        inference="synthetic",
        replications=60,
    )
    assert (found.noise, found.reason) == ("blocks", "asked for")
    assert 0.2 < found.effect < 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"adoption": {"trust 99": 0}}, "is not in the data"),
        ({"adoption": {}}, "No unit is planned"),
        ({"adoption": dict.fromkeys(UNITS, 0)}, "No controls are left"),
        ({"adoption": {UNITS[0]: 12}}, "outside the 12 planned"),
        ({"adoption": {UNITS[0]: 0}, "inference": "clustered"}, "carry no standard error"),
        ({"adoption": STAGGERED, "inference": "synthetic"}, "need one start"),
        ({"before": before().iloc[1:]}, "miss some periods"),
        ({"before": before(periods=5)}, "5 periods before the start"),
        ({"before": before().assign(y=1.0)}, "do not vary"),
        ({"before": before(units=UNITS[:6]), "adoption": {UNITS[0]: 0}}, "could ever be found"),
        ({"power": 80}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_a_remedy(change, words):
    options = {"before": before(), "adoption": ONE_START, **change}
    with pytest.raises(DesignError, match=words) as refusal:
        detectable_effect_panel(
            options.pop("before"), options.pop("adoption"), outcome="y", periods_after=12, **options
        )
    assert refusal.value.remedy
