"""What must not matter does not: unit of measurement, names, order, empty strata, direction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equieval.methods.did import triple_difference, two_way_fixed_effects
from equieval.methods.few_clusters import cr2
from equieval.methods.inequality_effect import inequality_effects, levelling, stratum_effects
from equieval.methods.staggered import callaway_santanna
from equieval.methods.staggered_alternatives import imputation
from equieval.methods.staggered_inequality import staggered_stratum_effects
from equieval.methods.synthetic_inequality import synthetic_strata

LEVELS = ["most", "middle", "least"]
LINEAR = ["gap", "sii", "concentration-index-absolute"]
RELATIVE = ["ratio", "rii", "concentration-index-relative"]


def panel(seed):
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product(
        [range(16), range(1, 7), LEVELS], names=["unit", "period", "stratum"]
    ).to_frame(index=False)
    place = frame["stratum"].map(LEVELS.index).to_numpy()
    frame["first_exposed"] = np.where(frame["unit"] < 5, 4, 0)
    frame["exposed"] = ((frame["unit"] < 5) & (frame["period"] >= 4)).astype(int)
    frame["births"] = rng.integers(50, 400, len(frame)).astype(float)
    frame["y"] = 12.0 - 2 * place + rng.normal(size=len(frame)) - (2 - place) * frame["exposed"]
    return frame


def one(frame):
    return frame[frame["stratum"] == "most"]


#: Estimate and standard error of an effect on the outcome.
EFFECTS = {
    "twfe": lambda f: two_way_fixed_effects(one(f), outcome="y").effect,
    "weighted": lambda f: two_way_fixed_effects(one(f), outcome="y", weights="births").effect,
    "triple": lambda f: triple_difference(f, "most", "least", outcome="y").effect,
    "cr2": lambda f: cr2(one(f), outcome="y", weights="births"),
    "callaway-santanna": lambda f: (
        callaway_santanna(one(f), outcome="y").aggregate("simple").overall
    ),
    "imputation": lambda f: imputation(one(f), outcome="y"),
    "stratum": lambda f: stratum_effects(f, LEVELS, outcome="y", weights="births").effect("most"),
}

#: Tables of effects on every measure.
MEASURES = {
    "one start": lambda f, **o: inequality_effects(
        stratum_effects(f, LEVELS, outcome="y", weights="births"), **o
    ),
    "staggered": lambda f, **o: inequality_effects(
        staggered_stratum_effects(f, LEVELS, outcome="y", size="births").overall(), **o
    ),
    "synthetic": lambda f, **o: synthetic_strata(
        f.assign(exposed=f["exposed"] * (f["unit"] == 0)), LEVELS, outcome="y", size="births"
    ).measures(**o),
}


@pytest.mark.parametrize("name", EFFECTS)
@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 999),
    factor=st.sampled_from([1e-4, 3.0, 1e5]),
    shift=st.floats(-1000, 1000),
)
def test_an_effect_is_in_the_unit_of_the_outcome(name, seed, factor, shift):
    data = panel(seed)
    plain = EFFECTS[name](data)
    scaled = EFFECTS[name](data.assign(y=factor * (data["y"] + shift)))
    assert scaled.estimate == pytest.approx(factor * plain.estimate, rel=1e-5, abs=1e-7 * factor)
    assert scaled.std_error == pytest.approx(factor * plain.std_error, rel=1e-5)
    assert scaled.p_value == pytest.approx(plain.p_value, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("name", EFFECTS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 999), order=st.integers(0, 999), later=st.integers(0, 3000))
def test_names_order_and_the_origin_of_time_do_not_matter(name, seed, order, later):
    data = panel(seed)
    names = np.random.default_rng(order).permutation(16)
    moved = data.assign(
        unit=[f"trust {names[unit]}" for unit in data["unit"]],
        period=data["period"] + later,
        first_exposed=data["first_exposed"].where(
            data["first_exposed"] == 0, data["first_exposed"] + later
        ),
    ).sample(frac=1, random_state=order)
    plain, other = EFFECTS[name](data), EFFECTS[name](moved)
    assert other.estimate == pytest.approx(plain.estimate, rel=1e-7, abs=1e-9)
    assert other.std_error == pytest.approx(plain.std_error, rel=1e-6)


@pytest.mark.parametrize("design", MEASURES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 999), factor=st.sampled_from([1e-3, 7.0, 1e4]))
def test_absolute_measures_follow_the_unit_and_relative_ones_do_not(design, seed, factor):
    data = panel(seed)
    plain = MEASURES[design](data).set_index("measure")
    scaled = MEASURES[design](data.assign(y=factor * data["y"])).set_index("measure")
    columns = ["observed", "counterfactual", "estimate", "std_error"]
    for names, expected in ((LINEAR, factor), (RELATIVE, 1.0)):
        np.testing.assert_allclose(
            scaled.loc[names, columns], expected * plain.loc[names, columns], rtol=1e-5, atol=1e-9
        )


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 999))
def test_a_stratum_of_nobody_changes_no_measure_of_the_whole_scale(seed):
    # a group of (next to) no births in the middle, with rates of its own
    data = panel(seed)
    empty = data[data["stratum"] == "middle"].assign(stratum="nobody", births=1e-9)
    empty["y"] += np.random.default_rng(seed).normal(size=len(empty))
    levels = ["most", "middle", "nobody", "least"]
    both = pd.concat([data, empty], ignore_index=True)
    strata = {
        "one start": stratum_effects(both, levels, outcome="y", weights="births"),
        "staggered": staggered_stratum_effects(both, levels, outcome="y", size="births").overall(),
    }
    for design, with_it in strata.items():
        plain = MEASURES[design](data).set_index("measure")
        other = inequality_effects(with_it).set_index("measure")
        whole = [name for name in plain.index if name not in ("gap", "ratio")]
        columns = ["estimate", "std_error"]
        np.testing.assert_allclose(other.loc[whole, columns], plain.loc[whole, columns], rtol=1e-5)


@pytest.mark.parametrize("design", MEASURES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 999))
def test_high_is_good_is_low_is_good_of_the_negative(design, seed):
    # differences of a complement (deaths or survivors per 1 000) are the same inequality
    data = panel(seed)
    low = MEASURES[design](data, which=LINEAR)
    high = MEASURES[design](data.assign(y=100 - data["y"]), which=LINEAR, polarity="high")
    for column in ("estimate", "std_error", "p_value"):
        np.testing.assert_allclose(high[column], low[column], rtol=1e-5, atol=1e-9)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 999))
def test_turning_the_scale_round_turns_every_difference_and_inverts_every_ratio(seed):
    data = panel(seed)
    found = stratum_effects(data, LEVELS, outcome="y", weights="births")
    turned = stratum_effects(data, LEVELS[::-1], outcome="y", weights="births")
    plain = inequality_effects(found).set_index("measure")
    other = inequality_effects(turned).set_index("measure")
    for name in (*LINEAR, "concentration-index-relative"):
        assert other.loc[name, "estimate"] == pytest.approx(-plain.loc[name, "estimate"])
        assert other.loc[name, "std_error"] == pytest.approx(plain.loc[name, "std_error"])
    for name in ("ratio", "rii"):
        for column in ("observed", "counterfactual"):
            assert other.loc[name, column] == pytest.approx(1 / plain.loc[name, column])
    assert levelling(turned).gap.estimate == pytest.approx(-levelling(found).gap.estimate)
