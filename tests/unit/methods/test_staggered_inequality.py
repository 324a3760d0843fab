"""The effect on inequality under staggered adoption: against other routes to the same number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.honest import relative_magnitudes
from equieval.methods.inequality_effect import inequality_effects, levelling, stratum_effects
from equieval.methods.staggered import callaway_santanna
from equieval.methods.staggered_inequality import staggered_stratum_effects

LEVELS = ["most", "middle", "least"]
BASE = np.array([12.0, 10.0, 8.0])
EFFECTS = np.array([-2.0, -1.0, 0.0])
SHARES = {"most": 1.0, "middle": 2.0, "least": 3.0}


def panel(seed=0, units=40, periods=6, noise=0.2, effects=EFFECTS):
    """Rates by unit, period and stratum; cohorts start in periods 3 and 5, a third never."""
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product(
        [range(units), range(1, periods + 1), LEVELS], names=["unit", "period", "stratum"]
    ).to_frame(index=False)
    place = frame["stratum"].map(LEVELS.index).to_numpy()
    frame["first_exposed"] = np.array([0, 3, 5])[frame["unit"] % 3]
    frame["births"] = 100.0 * (1 + place) + frame["unit"]
    exposed = (frame["first_exposed"] > 0) & (frame["period"] >= frame["first_exposed"])
    shock = rng.normal(size=(units, periods + 1))[frame["unit"], frame["period"]]
    level = rng.normal(size=(units, 3))[frame["unit"], place]
    frame["rate"] = BASE[place] + level + 0.1 * frame["period"] + shock
    frame["rate"] += noise * rng.normal(size=len(frame)) + np.asarray(effects)[place] * exposed
    return frame


@pytest.fixture(scope="module")
def data():
    return panel()


@pytest.fixture(scope="module")
def strata(data):
    return staggered_stratum_effects(data, LEVELS, outcome="rate", size="births")


@pytest.mark.parametrize("kind", ["simple", "group", "dynamic", "calendar"])
def test_the_gap_effect_is_that_of_the_gap_taken_as_the_outcome(data, strata, kind):
    wide = data.pivot(index=["unit", "period", "first_exposed"], columns="stratum", values="rate")
    gap = (wide["most"] - wide["least"]).rename("gap").reset_index()
    direct = callaway_santanna(gap, outcome="gap").aggregate(kind).few_clusters
    found = inequality_effects(strata.overall(kind), which=["gap"]).iloc[0]
    assert found["estimate"] == pytest.approx(direct.estimate)
    assert found["std_error"] == pytest.approx(direct.std_error)
    assert found["df"] == pytest.approx(direct.df)


@pytest.mark.parametrize(
    "option", [{}, {"cluster": "region"}, {"control_group": "not-yet-treated"}]
)
def test_each_strata_effect_and_time_is_that_of_callaway_and_santanna(data, option):
    data = data.assign(region=data["unit"] // 6 * 3 + data["unit"] % 3)
    strata = staggered_stratum_effects(data, LEVELS, outcome="rate", **option)
    at_two = strata.at(2)
    for level in LEVELS:
        alone = callaway_santanna(data[data["stratum"] == level], outcome="rate", **option)
        assert strata.overall().effect(level).as_row() == pytest.approx(
            alone.aggregate("simple").few_clusters.as_row()
        )
        by_time = alone.aggregate("dynamic")
        place = by_time.effects["event_time"].tolist().index(2)
        expected = by_time.arms.contrast(
            by_time.effects["estimate"].iloc[place],
            by_time.arms.unbiased(by_time.influence[:, place]),
        )
        assert at_two.effect(level).as_row() == pytest.approx(expected.as_row())


def test_with_one_start_and_two_periods_all_measures_are_those_of_the_two_by_two(data):
    # stratum_effects is itself held to one stacked least-squares regression
    two = data[data["period"].isin([2, 3]) & (data["first_exposed"] != 5)]
    two = two.assign(exposed=((two["first_exposed"] == 3) & (two["period"] == 3)).astype(int))
    expected = inequality_effects(
        stratum_effects(two, LEVELS, outcome="rate", shares=SHARES)
    ).set_index("measure")
    strata = staggered_stratum_effects(two, LEVELS, outcome="rate", shares=SHARES)
    found = inequality_effects(strata.overall()).set_index("measure")
    for column in ("observed", "counterfactual", "estimate", "std_error", "df"):
        np.testing.assert_allclose(found[column], expected[column])


def test_standard_errors_of_every_measure_are_those_of_leaving_out_one_unit_at_a_time():
    # the delete-one jackknife over units (Efron & Tibshirani 1993, ch. 11)
    data = panel(3, units=45, periods=5)

    def table(rows):
        strata = staggered_stratum_effects(
            rows, LEVELS, outcome="rate", shares=SHARES, method="or", base_period="varying"
        )
        return inequality_effects(strata.overall()).set_index("measure")

    found = table(data)
    without = [table(data[data["unit"] != left])["estimate"] for left in range(45)]
    spread = np.asarray(without) - np.mean(without, axis=0)
    jackknife = np.sqrt(44 / 45 * (spread**2).sum(axis=0))
    np.testing.assert_allclose(found["std_error"], jackknife, rtol=0.08)


def test_the_effects_put_in_are_found_and_who_moved_is_named(strata):
    overall = strata.overall()
    for level, effect in zip(LEVELS, EFFECTS, strict=True):
        assert overall.effect(level).ci_low < effect < overall.effect(level).ci_high
    verdict = levelling(overall)
    assert verdict.verdict == "narrowed: the worst-off gained"
    assert verdict.gap.ci_low < -2 < verdict.gap.ci_high
    table = inequality_effects(overall).set_index("measure")
    assert (table["estimate"] < 0).all()
    assert table.loc["gap", "counterfactual"] == pytest.approx(4, abs=0.6)


def test_shares_are_those_of_births_before_exposure(data, strata):
    grown = data.assign(births=data["births"].where(data["period"] < 3, 9 * data["births"]))
    other = staggered_stratum_effects(
        grown[grown["first_exposed"] != 5], LEVELS, outcome="rate", size="births"
    )
    same = staggered_stratum_effects(
        data[data["first_exposed"] != 5], LEVELS, outcome="rate", size="births"
    )
    np.testing.assert_allclose(other.shares, same.shares)
    assert strata.shares[0] < strata.shares[2]


def test_the_gaps_event_study_goes_on_to_honest_did(strata):
    study = strata.gap_event_study()
    assert study.effects["event_time"].tolist() == [-4, -3, -2, -1, 0, 1, 2, 3]
    assert relative_magnitudes(study.study, [0.5]).loc[0, "ci_high"] < 0
    turned = strata.gap_event_study(polarity="high")
    assert turned.overall.estimate == pytest.approx(-study.overall.estimate)


def test_order_and_names_change_nothing(data, strata):
    renamed = data.assign(unit="trust " + data["unit"].astype(str)).sample(frac=1, random_state=2)
    other = staggered_stratum_effects(renamed, LEVELS, outcome="rate", size="births")
    pd.testing.assert_frame_equal(
        inequality_effects(strata.overall()), inequality_effects(other.overall())
    )
    assert other.overall().n_treated_clusters == strata.overall().n_treated_clusters == 26


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d[d["stratum"] != "middle"], "no stratum 'middle'"),
        (lambda d: d.drop(index=d.index[0]), "misses a period"),
        (lambda d: d[d["first_exposed"] > 0], "No controls are left"),
        (
            lambda d: d[~((d["stratum"] == "least") & (d["first_exposed"] == 5))],
            "do not have the same cells",
        ),
    ],
)
def test_what_cannot_be_estimated_names_the_stratum(data, change, words):
    with pytest.raises(DesignError, match=words) as refusal:
        staggered_stratum_effects(change(data), LEVELS, outcome="rate")
    assert refusal.value.remedy


def test_times_before_exposure_have_no_effect(strata):
    with pytest.raises(DesignError, match="no effect -2 periods"):
        strata.at([0, -2])
