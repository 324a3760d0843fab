"""The model is described by the terms that were fitted, and no others."""

from __future__ import annotations

import pandas as pd
import pytest

from equieval.present.narrative import its_model


def words(*terms: str, seasonality: str = "none") -> str:
    return its_model(pd.DataFrame({"term": terms}), seasonality=seasonality).markdown


def test_level_and_slope_name_both_changes() -> None:
    said = words("intercept", "t", "post", "since")
    assert r"\beta_2\,\mathrm{post}_t + \beta_3\,\mathrm{since}_t" in said
    assert r"without $\beta_2$ and $\beta_3$" in said


@pytest.mark.parametrize(
    ("term", "there", "absent"), [("post", "beta_2", "beta_3"), ("since", "beta_3", "beta_2")]
)
def test_one_change_leaves_the_other_out(term: str, there: str, absent: str) -> None:
    said = words("intercept", "t", term)
    assert there in said
    assert absent not in said


def test_the_season_is_in_the_formula_only_where_it_is_modelled() -> None:
    assert "s_t" not in words("intercept", "t", "post")
    said = words("intercept", "t", "post", "sin 1", "cos 1", seasonality="fourier-1")
    assert "+ s_t + u_t" in said
    assert "one pair of sine and cosine" in said


def test_other_interruptions_are_in_the_formula_by_name_and_stay_in_the_counterfactual() -> None:
    assert "o_t" not in words("intercept", "t", "post", "sin 1", seasonality="fourier-1")
    said = words("intercept", "t", "post", "post a reform", "since a reform", "during a strike")
    assert "+ o_t + u_t" in said
    assert "which the counterfactual keeps: a reform, a level and a slope of its own" in said
    assert "a strike, a level of its own while it lasts" in said
    assert r"without $\beta_2$: the earlier" in said
