"""What each disclosure profile promises about a count, a rate and an interval.

Expected values are the rules that the controllers publish, as the profiles' words state them.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equieval.disclosure import PROFILES, Profile, profile
from equieval.errors import DataError, ParametersError

ROUNDING = ["nhs-msds", "nhs-hes", "opensafely", "opensafely-midpoint-6"]
_WITHHELD = "withheld"


def shown(profile_id: str, *counts: float) -> list[float | str]:
    """Return what a reader sees of counts; a withheld one as a word."""
    protected = profile(profile_id).protect(pd.DataFrame({"numerator": list(counts)}))
    withheld = set(protected.withheld["row"])
    values = protected.data["numerator"]
    return [_WITHHELD if row in withheld else value for row, value in enumerate(values)]


def test_msds_shows_small_counts_as_five_and_others_to_the_nearest_five():
    assert shown("nhs-msds", 0, 1, 7, 8, 12, 13, 101) == [0, 5, 5, 10, 10, 15, 100]


def test_hes_shows_zero_withholds_one_to_seven_and_rounds_the_rest():
    assert shown("nhs-hes", 0, 1, 7, 8, 12, 13) == [0, _WITHHELD, _WITHHELD, 10, 10, 15]


def test_opensafely_redacts_seven_or_fewer_zero_included():
    assert shown("opensafely", 0, 1, 7, 8, 13) == [_WITHHELD, _WITHHELD, _WITHHELD, 10, 15]


def test_midpoint_six_shows_the_middle_of_each_band_of_six():
    assert shown("opensafely-midpoint-6", 0, 1, 6, 7, 12, 13) == [0, 3, 3, 9, 9, 15]


def test_midpoint_six_files_say_in_the_column_name_that_counts_are_rounded():
    rules = profile("opensafely-midpoint-6")
    protected = rules.protect(pd.DataFrame({"numerator": [4], "rate": [np.nan]}))
    assert list(rules.as_published(protected.data)) == ["numerator_midpoint6", "rate"]
    assert list(profile("nhs-msds").as_published(protected.data)) == ["numerator", "rate"]


def test_ons_births_shows_counts_and_marks_rates_by_their_events():
    data = pd.DataFrame(
        {"numerator": [2, 3, 19, 20], "denominator": [1000] * 4, "rate": [2.0, 3.0, 19.0, 20.0]}
    )
    protected = profile("ons-births").protect(data)
    assert protected.data["numerator"].tolist() == [2, 3, 19, 20]
    assert protected.data["rate"].isna().tolist() == [True, False, False, False]
    assert protected.withheld[["row", "mark"]].to_numpy().tolist() == [[0, "[x]"]]
    assert protected.flags[["row", "mark"]].to_numpy().tolist() == [[1, "[u]"], [2, "[u]"]]


def test_open_data_leaves_published_figures_as_they_are():
    data = pd.DataFrame({"numerator": [1, 2], "ci_low": [0.1, 0.2], "births": [3, 4]})
    protected = profile("open-data").protect(data)
    pd.testing.assert_frame_equal(protected.data, data)
    assert protected.withheld.empty
    assert protected.data is not data


@pytest.mark.parametrize("profile_id", ROUNDING)
@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 7))
def test_no_shown_value_gives_a_count_from_one_to_seven_away_by_itself(profile_id, count):
    """At least five different counts look the same as any count from 1 to 7."""
    universe = list(range(31))
    seen = shown(profile_id, *universe)
    alike = [other for other in universe if seen[other] == seen[count]]
    assert len(alike) >= 5


@pytest.mark.parametrize("profile_id", ROUNDING)
@settings(deadline=None, max_examples=40)
@given(
    counts=st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 400)).map(lambda p: (p[0], p[0] + p[1])),
        min_size=1,
        max_size=8,
    )
)
def test_rates_follow_from_the_counts_shown_or_are_withheld(profile_id, counts):
    data = pd.DataFrame(counts, columns=["numerator", "denominator"])
    data["rate"] = 100 * data["numerator"] / data["denominator"].where(data["denominator"] > 0)
    data["ci_low"], data["ci_high"] = data["rate"] * 0.9, data["rate"] * 1.1
    protected = profile(profile_id).protect(data)
    again = 100 * protected.data["numerator"] / protected.data["denominator"]
    rate = protected.data["rate"]
    resolution = 1.0 if profile_id == "nhs-hes" else 1e-9  # whole percentages under 4 000
    recorded = rate.notna()
    assert (abs(rate - again)[recorded] <= resolution / 2 + 1e-9).all()
    assert protected.data[["ci_low", "ci_high"]].isna().all(axis=None)


@pytest.mark.parametrize("profile_id", ROUNDING)
@settings(deadline=None, max_examples=40)
@given(counts=st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=1, max_size=8))
def test_missing_stays_missing_and_is_never_called_withheld(profile_id, counts):
    data = pd.DataFrame({"numerator": pd.array(counts, dtype="float64")})
    protected = profile(profile_id).protect(data)
    missing = data["numerator"].isna()
    assert protected.data["numerator"][missing].isna().all()
    assert not set(protected.withheld["row"]) & set(np.flatnonzero(missing))


def test_msds_withholds_rates_of_rare_events_under_eight():
    data = pd.DataFrame({"numerator": [7, 8], "denominator": [2000, 2000], "rate": [3.5, 4.0]})
    protected = profile("nhs-msds").protect(data)
    assert protected.data["rate"].isna().tolist() == [True, False]
    assert protected.data["rate"][1] == 5.0  # 10 per 2 000, not 8 per 2 000


def test_hes_gives_tenths_of_a_percentage_point_only_from_four_thousand_people():
    data = pd.DataFrame({"numerator": [1000, 1000], "denominator": [4000, 3000]})
    data["rate"] = 100 * data["numerator"] / data["denominator"]
    assert profile("nhs-hes").protect(data).data["rate"].tolist() == pytest.approx([25.0, 33.0])
    data = pd.DataFrame({"numerator": [1335], "denominator": [4000], "rate": [33.375]})
    assert profile("nhs-hes").protect(data).data["rate"].tolist() == pytest.approx([33.4])


def test_a_rate_that_is_not_numerator_over_denominator_is_withheld():
    """A standardised rate cannot be recomputed from protected counts, so it fails closed."""
    data = pd.DataFrame({"numerator": [50, 60], "denominator": [1000, 1000], "rate": [50.0, 55.0]})
    protected = profile("nhs-hes").protect(data)
    assert protected.data["rate"].isna().all()
    assert "cannot be protected" in protected.withheld["rule"].iloc[0]


def test_a_rate_without_its_counts_is_withheld():
    protected = profile("nhs-hes").protect(pd.DataFrame({"rate": [4.2], "ci_low": [3.0]}))
    assert protected.data.isna().all(axis=None)


def test_rates_of_several_indicators_keep_their_own_multiplier():
    data = pd.DataFrame(
        {
            "indicator": ["stillbirth", "breastfeeding"],
            "numerator": [100, 700],
            "denominator": [1000, 1000],
            "rate": [100.0, 70.0],
        }
    )
    assert profile("nhs-hes").protect(data).data["rate"].tolist() == pytest.approx([100.0, 70.0])


def test_means_need_enough_people_beside_them():
    data = pd.DataFrame({"n": [7, 8], "mean": [30.1, 31.2]})
    assert profile("nhs-hes").protect(data).data["mean"].isna().tolist() == [True, False]
    assert profile("nhs-hes").protect(data[["mean"]]).data["mean"].isna().all()


def test_columns_that_no_primary_rule_covers_are_named():
    data = pd.DataFrame({"estimate": [0.123456], "std_error": [0.01]})
    assert profile("nhs-msds").protect(data).uncovered == ("estimate", "std_error")


def test_a_frame_may_name_further_counts():
    data = pd.DataFrame({"admissions": [3]})
    assert profile("nhs-hes").protect(data).data["admissions"].tolist() == [3]
    assert profile("nhs-hes").protect(data, counts=["admissions"]).data["admissions"].isna().all()


def test_the_index_and_order_of_a_frame_survive_protection():
    data = pd.DataFrame({"births": [3, 50]}, index=["b", "b"])
    protected = profile("nhs-hes").protect(data)
    assert protected.data.index.tolist() == ["b", "b"]
    assert protected.withheld["row"].tolist() == [0]


@pytest.mark.parametrize("values", [["few", "many"], [-1, 4]])
def test_a_count_that_no_rule_can_judge_is_refused(values):
    with pytest.raises(DataError, match="'births'"):
        profile("nhs-msds").protect(pd.DataFrame({"births": values}))


def test_an_unknown_profile_gets_a_suggestion():
    with pytest.raises(ParametersError, match="no disclosure profile") as refused:
        profile("nhs-mdss")
    assert "nhs-msds" in refused.value.remedy


@pytest.mark.parametrize("rules", PROFILES.values(), ids=lambda rules: rules.id)
def test_every_profile_describes_itself_in_plain_words(rules: Profile):
    words = rules.describe()
    assert rules.title in words
    assert rules.id in words
    assert words.endswith(".")


def test_the_parameter_schema_offers_exactly_the_profiles_there_are():
    from typing import get_args

    from equieval.protocol.identity import ProfileId

    assert set(get_args(ProfileId)) == set(PROFILES)


@pytest.mark.parametrize("rules", PROFILES.values(), ids=lambda rules: rules.id)
def test_numbers_of_units_and_observations_count_no_people_and_stay(rules: Profile):
    data = pd.DataFrame({"n_units": [3], "n_treated_units": [1], "n_obs": [14]})
    for shown in (rules.protect(data), rules.accept(data, where="page x, artefact 'y'")):
        pd.testing.assert_frame_equal(shown.data, data)
        assert shown.withheld.empty


@pytest.mark.parametrize("profile_id", ROUNDING)
def test_how_many_periods_and_units_there_were_is_no_count_of_people(profile_id: str):
    found = pd.DataFrame(
        {"n_before": [11], "n_units": [7], "n_controls": [3], "n_assignments": [126], "df": [6.0]}
    )
    accepted = profile(profile_id).accept(found, where="page effect, artefact 'pre-trend'")
    pd.testing.assert_frame_equal(accepted.data, found)
