"""The verdict on a rerun, estimate by estimate."""

import json
import math

import pytest

from equieval.errors import NotReproduced
from equieval.methods.estimates import estimates_table
from equieval.releases.verify import Tolerance, Tolerances, estimates_verdict


def table(**estimates):
    return estimates_table(
        {"id": name, "page": "effect", "role": "primary", "n_obs": 14} | values
        for name, values in estimates.items()
    )


PUBLISHED = table(
    level={"estimate": 0.25, "ci_low": -0.5, "ci_high": 1.0},
    slope={"estimate": -0.125, "inference": "wild bootstrap"},
)


def verdicts(rerun, tolerances=None):
    return estimates_verdict(PUBLISHED, rerun, tolerances)


def test_the_same_numbers_are_identical():
    verdict = verdicts(PUBLISHED)
    assert set(verdict.table["verdict"]) == {"identical"}
    assert verdict.reproduced
    verdict.refuse_differences(where="v1")


def test_last_digits_are_within_tolerance_and_said_so():
    rerun = PUBLISHED.assign(estimate=[0.25 + 1e-10, -0.125])
    verdict = verdicts(rerun)
    row = verdict.table.iloc[0]
    assert (row.verdict, row.field) == ("within tolerance", "estimate")
    assert row.difference == pytest.approx(1e-10, rel=1e-4)
    assert verdict.total == "within tolerance"
    assert verdict.reproduced


@pytest.mark.parametrize("field", ["estimate", "std_error", "df", "ci_low", "p_value", "n_obs"])
def test_any_published_number_that_differs_is_found_and_named(field):
    published = table(
        level=dict.fromkeys(["estimate", "std_error", "df", "ci_low", "p_value"], 0.5)
    )
    rerun = published.assign(**{field: 15})
    verdict = estimates_verdict(published, rerun)
    row = verdict.table.iloc[0]
    assert (row.verdict, row.field, row.rerun) == ("differs", field, 15)
    assert not verdict.reproduced


def test_the_number_furthest_outside_its_tolerance_is_the_one_named():
    rerun = PUBLISHED.assign(estimate=[0.25 + 1e-9, -0.125], ci_low=[-0.6, math.nan])
    assert verdicts(rerun).table.iloc[0].field == "ci_low"


def test_an_estimate_that_the_rerun_lacks_is_missing():
    verdict = verdicts(PUBLISHED.iloc[:1])
    assert verdict.table["verdict"].tolist() == ["identical", "missing"]
    assert verdict.total == "missing"


def test_a_number_that_became_missing_or_infinite_differs():
    assert verdicts(PUBLISHED.assign(estimate=[math.nan, -0.125])).total == "differs"
    assert verdicts(PUBLISHED.assign(estimate=[math.inf, -0.125])).total == "differs"


def test_an_estimate_that_only_the_rerun_has_is_told_without_a_verdict():
    more = table(level={"estimate": 0.25}, extra={"estimate": 1.0})
    verdict = estimates_verdict(table(level={"estimate": 0.25}), more)
    assert verdict.unpublished == ("extra",)
    assert verdict.reproduced


def test_tolerances_go_by_the_kind_of_estimate():
    rerun = PUBLISHED.assign(estimate=[0.2525, -0.12625])  # each 1 % off
    loose = Tolerances(resampled=Tolerance(relative=0.02))
    assert verdicts(rerun, loose).table["verdict"].tolist() == ["differs", "within tolerance"]


def test_what_was_not_reproduced_ends_with_exit_code_four_and_names_each():
    rerun = PUBLISHED.iloc[:1].assign(estimate=0.3)
    with pytest.raises(NotReproduced) as refused:
        verdicts(rerun).refuse_differences(where="fixture v1")
    assert refused.value.exit_code == 4
    assert "2 of 2 estimates not reproduced" in str(refused.value)
    assert "level: estimate was 0.25, is 0.3" in str(refused.value)
    assert "slope: the rerun does not give it" in str(refused.value)


def test_the_verdict_is_json_without_not_a_number():
    text = json.dumps(verdicts(PUBLISHED.iloc[:1]).to_json(), allow_nan=False)
    assert json.loads(text)["total"] == "missing"


def test_a_published_table_survives_its_own_csv(project):
    """What is published as CSV, read back, is identical to the last digit."""
    import pandas as pd

    project.write_estimates("effect", level=0.1 + 0.2, slope=1 / 3)
    released = project.release().release
    again = pd.read_csv(released.path / "estimates.csv")
    assert estimates_verdict(released.estimates(), again).total == "identical"
