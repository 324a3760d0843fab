"""Controlled interrupted time series: what it takes out, what it keeps, what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.its import average_effect, cumulative_effect, effect_at, fit_reml_ar1
from equieval.methods.its_controlled import controlled_its
from equieval.methods.its_design import SegmentedModel, segmented

MONTHS = pd.period_range("2018-01", periods=72, freq="M")
START = pd.Period("2021-01", freq="M")
PANDEMIC = pd.Period("2020-03", freq="M")


def drawn(seed=0, effect=-1.5, shared=1.0, own=0.3):
    """Three series with common shocks, a pandemic, a season; the first has an effect."""
    rng = np.random.default_rng(seed)
    common = shared * rng.normal(size=72) + 2.0 * (MONTHS >= PANDEMIC)
    common = common + np.sin(2 * np.pi * np.asarray(MONTHS.month) / 12)
    frame = pd.DataFrame(
        {
            name: level + common + own * rng.normal(size=72)
            for name, level in (("Here", 20.0), ("There", 18.0), ("Elsewhere", 25.0))
        },
        index=MONTHS,
    )
    frame["Here"] += effect * (MONTHS >= START)
    return frame


def test_shared_shocks_drop_out_of_the_difference():
    data = drawn()
    found = controlled_its(data["Here"], data[["There", "Elsewhere"]], START)
    alone = fit_reml_ar1(data["Here"], segmented(MONTHS, START)).coefficient("post")
    effect = found.difference.coefficient("post")
    assert effect.ci_low < -1.5 < effect.ci_high
    assert effect.std_error < 0.5 * alone.std_error
    assert found.pre_trend().p_value > 0.01


@pytest.mark.parametrize("fit", ["difference", "stacked"])
def test_every_effect_of_an_exact_series_is_the_one_put_in(fit):
    since = np.maximum(0, np.arange(72) - 38)
    after = MONTHS >= START + 2
    jitter = 1e-6 * np.random.default_rng(1).normal(size=(72, 2))
    common = 0.1 * np.arange(72) + 2.0 * (MONTHS >= PANDEMIC) + np.cos(np.pi * MONTHS.month / 6)
    treated = pd.Series(20 + common - after - 0.1 * since + jitter[:, 0], MONTHS)
    control = pd.Series(18 + common + 0.5 * after + jitter[:, 1], MONTHS)
    model = SegmentedModel(
        lag=2,
        phase_in=3,
        fourier_pairs=1,
        other_interruptions={"pandemic": PANDEMIC},
        exclude=(MONTHS[5],),
    )
    found = controlled_its(treated, control, START, model=model)
    used, X = getattr(found, fit), getattr(found, f"{fit}_design")
    assert used.coefficient("post").estimate == pytest.approx(-1.5, abs=1e-4)
    assert used.coefficient("since").estimate == pytest.approx(-0.1, abs=1e-5)
    assert effect_at(used, X, MONTHS[-1]).estimate == pytest.approx(-1.5 - 3.3, abs=1e-4)
    truth = -1.5 - 0.1 * since[41:]
    assert cumulative_effect(used, X).estimate == pytest.approx(truth.sum(), abs=1e-2)
    assert average_effect(used, X).estimate == pytest.approx(truth.mean(), abs=1e-3)


def test_the_counterfactual_follows_the_controls():
    data = drawn(2, own=0.01)
    frame = controlled_its(data["Here"], data["There"], START).counterfactual().set_index("period")
    truth = (data["Here"] + 1.5 * (MONTHS >= START)).loc[START:]
    np.testing.assert_allclose(frame.loc[START:, "counterfactual"], truth, atol=0.1)
    np.testing.assert_allclose(frame["observed"], data["Here"])
    assert list(frame.columns[:4]) == ["observed", "control", "fitted", "counterfactual"]


def test_larger_controls_count_for_more_and_scale_does_not_matter():
    data = drawn(3)
    sizes = {"Here": 400, "There": 900, "Elsewhere": 100}
    controls = data[["There", "Elsewhere"]]
    found = controlled_its(data["Here"], controls, START, sizes=sizes)
    np.testing.assert_allclose(found.control_weights, [0.9, 0.1])
    scaled = controlled_its(
        data["Here"], controls, START, sizes={key: 7 * size for key, size in sizes.items()}
    )
    np.testing.assert_allclose(scaled.stacked.params, found.stacked.params)
    np.testing.assert_allclose(scaled.stacked.std_error, found.stacked.std_error)


def test_a_missing_value_of_one_control_costs_the_stacked_model_one_point_only():
    data = drawn(4)
    data.loc[MONTHS[10], "There"] = np.nan
    found = controlled_its(data["Here"], data[["There", "Elsewhere"]], START)
    assert found.stacked.n_obs == 215
    assert found.difference.n_obs == 71


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: {"controls": d[[]]}, "No controls are left"),
        (lambda d: {"controls": d["There"].iloc[1:]}, "different periods"),
        (lambda d: {"controls": d[["Here"]]}, "Two series are called 'Here'"),
        (lambda d: {"controls": d[["There"]] * np.nan}, "has no values"),
        (lambda d: {"sizes": {"Here": 1.0}}, "has no size"),
        (lambda d: {"sizes": {"Here": 1.0, "There": 0.0}}, "is 0"),
        (lambda d: {"start": MONTHS[0]}, "leaves nothing to compare"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_remedy(change, words):
    data = drawn()
    options = {"controls": data[["There"]], "start": START, **change(data)}
    with pytest.raises(DesignError, match=words) as refusal:
        controlled_its(data["Here"], **options)
    assert refusal.value.remedy
