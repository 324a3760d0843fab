"""One sign convention for every measure, and what stays the same when nothing real changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equieval.errors import DataError, DesignError, InputError
from equieval.methods.inequality import MEASURES, NO_INEQUALITY, measure_series, measures

LEVELS = ["1", "2", "3", "4", "5"]


def strata(numerator, denominator=1000.0, levels=LEVELS):
    return pd.DataFrame(
        {"stratum": levels, "numerator": numerator, "denominator": denominator}
    ).astype({"numerator": float, "denominator": float})


counts = st.lists(st.integers(20, 400), min_size=5, max_size=5)
sizes = st.lists(st.integers(500, 5000), min_size=5, max_size=5)


@settings(max_examples=60, deadline=None)
@given(
    low=st.integers(20, 150),
    steps=st.lists(st.integers(1, 60), min_size=4, max_size=4),
    size=sizes,
    polarity=st.sampled_from(["low", "high"]),
    model=st.sampled_from(["linear", "log", "logit"]),
)
def test_every_measure_is_on_the_worse_side_when_the_most_deprived_fare_worse(
    low, steps, size, polarity, model
):
    rising = np.cumsum([low, *steps]) / 1000
    for sign in (1, -1):
        rates = rising[::-sign] if polarity == "low" else rising[::sign]
        cells = strata(rates * size, size)
        found = measures(cells, LEVELS, per=100, polarity=polarity, model=model)
        for row in found.itertuples():
            # a straight line may fall below 0 at an end: then the RII is missing, with a reason
            undefined = row.measure == "rii" and "not positive" in row.method
            assert undefined or sign * (row.estimate - NO_INEQUALITY[row.measure]) > 0, row


def test_parity_is_judged_by_the_distance_from_one():
    # likelihood ratios: 1.6 for the most deprived, 0.8 for the least
    cells = strata([1600, 1500, 1400, 1300, 800])
    found = measures(cells, LEVELS, per=1, polarity="parity", cell_variance="poisson")
    found = found.set_index("measure")["estimate"]
    assert found["gap"] == pytest.approx(0.6 - 0.2)
    assert found["ratio"] == pytest.approx(0.6 / 0.2)
    assert all(found[measure] > NO_INEQUALITY[measure] for measure in MEASURES)


def test_the_slope_form_runs_from_most_to_least_deprived_whatever_the_polarity():
    falling = strata([300, 250, 200, 150, 100])
    for polarity in ("low", "high"):
        found = measures(falling, LEVELS, per=1, polarity=polarity, form="slope")
        found = found.set_index("measure")["estimate"]
        assert found["sii"] == pytest.approx(-0.25)
        assert found["rii"] < 1
        assert found["concentration-index-relative"] < 0


@settings(max_examples=40, deadline=None)
@given(numerator=counts, size=sizes, per=st.sampled_from([1, 100, 1000, 100_000]))
def test_the_unit_scales_absolute_measures_and_leaves_relative_ones(numerator, size, per):
    one = measures(strata(numerator, size), LEVELS, per=1)
    many = measures(strata(numerator, size), LEVELS, per=per)
    factor = np.where(one["scale"] == "absolute", per, 1.0)
    for column in ("estimate", "ci_low", "ci_high"):
        np.testing.assert_allclose(many[column], factor * one[column], rtol=1e-9, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(numerator=counts, size=sizes, order=st.permutations(range(5)))
def test_row_order_and_names_of_strata_change_nothing(numerator, size, order):
    cells = strata(numerator, size)
    expected = measures(cells, LEVELS, per=1000)
    pd.testing.assert_frame_equal(measures(cells.iloc[order], LEVELS, per=1000), expected)
    renamed = cells.assign(stratum="quintile " + cells["stratum"])
    names = ["quintile " + level for level in LEVELS]
    pd.testing.assert_frame_equal(measures(renamed, names, per=1000), expected)


@settings(max_examples=40, deadline=None)
@given(numerator=counts, size=sizes)
def test_turning_levels_and_polarity_round_together_changes_nothing(numerator, size):
    cells = strata(numerator, size)
    low = measures(cells, LEVELS, per=1000, polarity="low")
    high = measures(cells, LEVELS[::-1], per=1000, polarity="high")
    for column in ("estimate", "std_error", "ci_low", "ci_high"):
        np.testing.assert_allclose(low[column], high[column], rtol=1e-9, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(numerator=counts, size=sizes, place=st.integers(1, 4))
def test_an_empty_stratum_changes_no_measure(numerator, size, place):
    expected = measures(strata(numerator, size), LEVELS, per=1000)
    levels = [*LEVELS[:place], "empty", *LEVELS[place:]]
    padded = strata(
        np.insert(np.array(numerator, float), place, 0.0),
        np.insert(np.array(size, float), place, 0.0),
        levels,
    )
    found = measures(padded, levels, per=1000)
    np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found["std_error"], expected["std_error"], rtol=1e-9)


def test_an_empty_extreme_leaves_the_gap_undefined_and_says_why():
    cells = strata([0, 20, 30, 40, 50], [0, 100, 100, 100, 100])
    found = measures(cells, LEVELS, per=1).set_index("measure")
    assert np.isnan(found.loc["gap", "estimate"])
    assert "nobody" in found.loc["gap", "method"]
    assert np.isfinite(found.loc["sii", "estimate"])


@settings(max_examples=30, deadline=None)
@given(numerator=counts, size=sizes, model=st.sampled_from(["linear", "log", "logit"]))
def test_standard_errors_are_those_of_the_delta_method_by_differences(numerator, size, model):
    names = ["sii", "rii", "concentration-index-relative"]
    shares = dict(zip(LEVELS, map(float, size), strict=True))
    x, n = np.array(numerator, float), np.array(size, float)

    def evaluate(count):
        found = measures(
            strata(count, n), LEVELS, per=100, model=model, which=names, shares=shares
        )["estimate"].to_numpy()
        return np.array([found[0], np.log(found[1]) if found[1] > 0 else np.nan, found[2]])

    variance = n * (x / n) * (1 - x / n)
    step = 1e-4
    slopes = [
        (evaluate(x + step * unit) - evaluate(x - step * unit)) / (2 * step) for unit in np.eye(5)
    ]
    expected = np.sqrt((np.array(slopes) ** 2 * variance[:, None]).sum(axis=0))
    found = measures(strata(x, n), LEVELS, per=100, model=model, which=names)["std_error"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_overdispersion_widens_by_its_root():
    cells = strata([100, 90, 80, 70, 60])
    one = measures(cells, LEVELS, per=1000)
    wide = measures(cells, LEVELS, per=1000, dispersion=4.0)
    np.testing.assert_allclose(wide["std_error"], 2 * one["std_error"])
    assert ((wide["ci_high"] - wide["ci_low"]) > (one["ci_high"] - one["ci_low"])).all()


def test_a_missing_stratum_is_refused_by_name_and_never_read_as_zero():
    with pytest.raises(DesignError, match="missing: 3"):
        measures(strata([100, 90, np.nan, 70, 60]), LEVELS, per=1)


def test_a_period_with_a_missing_stratum_has_a_missing_index():
    full = strata([100, 90, 80, 70, 60]).assign(period=pd.Period("2020", freq="Y"))
    gap = full.assign(period=pd.Period("2021", freq="Y"))
    gap.loc[2, "numerator"] = np.nan
    short = full.iloc[:4].assign(period=pd.Period("2022", freq="Y"))
    series = measure_series(pd.concat([gap, full, short]), LEVELS, "sii", per=1000)
    assert series["estimate"].notna().tolist() == [True, False, False]
    assert list(series.columns) == ["period", "estimate", "std_error", "ci_low", "ci_high"]


def test_no_events_anywhere_leave_relative_measures_undefined_with_a_reason():
    found = measures(strata([0, 0, 0, 0, 0]), LEVELS, per=1).set_index("measure")
    assert found.loc["sii", "estimate"] == 0
    assert found.loc["sii", "std_error"] > 0
    for measure in ("ratio", "rii", "concentration-index-relative"):
        assert np.isnan(found.loc[measure, "estimate"])
        assert found.loc[measure, "method"].startswith("not defined")


@pytest.mark.parametrize(
    ("cells", "levels", "error", "words"),
    [
        (strata([100, 90, 80, 70, 60], 80), LEVELS, DataError, "larger than its denominator"),
        (strata([-1, 90, 80, 70, 60]), LEVELS, DataError, "negative"),
        (strata([1, 2, 3, 4, 5]), ["1", "2", "33"], DesignError, "did you mean '3'"),
        (strata([1, 2, 3, 4, 5]), ["1"], DesignError, "at least two"),
        (pd.concat([strata([1] * 5)] * 2), LEVELS, DesignError, "more than once"),
        (strata([5, 0, 0, 0, 0], [9, 0, 0, 0, 0]), LEVELS, DesignError, "Only one group"),
    ],
)
def test_bad_strata_are_refused_with_a_remedy(cells, levels, error, words):
    with pytest.raises(error, match=words) as refusal:
        measures(cells, levels, per=1)
    assert refusal.value.remedy


def test_an_unknown_measure_gets_a_suggestion():
    with pytest.raises(InputError, match="did you mean 'sii'"):
        measures(strata([1, 2, 3, 4, 5]), LEVELS, per=1, which=("siii",))


def test_concentration_indices_of_a_proportion_are_those_of_its_people():
    # 2 cov(h, r) / mean over single people (Kakwani, Wagstaff & van Doorslaer 1997); over 1 - mean
    # it is Wagstaff's (2005), times four means Erreygers' (2009)
    cases, people = np.array([60, 50, 30, 24, 10]), np.array([200, 250, 200, 300, 150])
    levels = [*"abcde"]
    rank = (np.cumsum(people) - people / 2) / people.sum()
    h = np.concatenate(
        [np.repeat([1.0, 0.0], [a, n - a]) for a, n in zip(cases, people, strict=True)]
    )
    r = np.repeat(rank, people)
    index = 2 * np.cov(h, r, ddof=0)[0, 1] / h.mean()
    names = ["wagstaff-index", "erreygers-index"]

    def found(events):
        strata = pd.DataFrame({"stratum": levels, "numerator": events, "denominator": people})
        return measures(strata, levels, per=100, which=names).set_index("measure")

    table = found(cases)
    assert table.loc["wagstaff-index", "estimate"] == pytest.approx(-index / (1 - h.mean()))
    assert table.loc["erreygers-index", "estimate"] == pytest.approx(-4 * h.mean() * index)
    # counting those without the event instead turns the sign and nothing else
    mirrored = found(people - cases)
    np.testing.assert_allclose(mirrored["estimate"], -table["estimate"])
    np.testing.assert_allclose(mirrored["std_error"], table["std_error"])
    # errors against binomial draws
    rng = np.random.default_rng(1)
    drawn = [found(rng.binomial(people, cases / people))["estimate"] for _ in range(400)]
    np.testing.assert_allclose(pd.concat(drawn, axis=1).std(axis=1), table["std_error"], rtol=0.12)
    assert (table["ci_low"] > 0).all()
