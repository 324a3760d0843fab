from __future__ import annotations

import doctest
import math

import pytest

from equieval.errors import InputError
from equieval.present import numbers, periods
from equieval.present.figures import canvas


@pytest.mark.parametrize("module", [numbers, periods, canvas])
def test_examples_in_the_docstrings_hold(module: object) -> None:
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert tried
    assert not failed


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_a_missing_number_is_not_available_and_never_zero(missing: object) -> None:
    assert numbers.number(missing) == "not available"
    assert numbers.count(missing) == "not available"
    assert numbers.change(missing) == "not available"
    assert numbers.percent(missing) == "not available"
    assert numbers.interval(missing, 2.0) == "not available"


def test_minus_signs_are_minus_signs() -> None:
    assert "-" not in numbers.interval(-2.5, -0.5) + numbers.number(-3) + numbers.change(-0.1)


def test_a_number_that_rounds_to_zero_has_no_sign() -> None:
    assert numbers.number(-0.0004, 2) == "0.00"
    assert numbers.change(-0.0004, 2) == "0.00"


def test_percentages_differ_by_percentage_points() -> None:
    assert numbers.change_unit("smokers per 100 women giving birth") == "percentage points"
    assert numbers.change_unit("% of bookings") == "percentage points"
    assert numbers.change_unit("stillbirths per 1,000 births") == "stillbirths per 1,000 births"


def test_no_formatter_for_bare_p_values_is_offered() -> None:
    assert not [name for name in dir(numbers) if name.startswith(("p_", "pvalue"))]


@pytest.mark.parametrize(
    ("value", "label", "key"),
    [
        ("2016", "2016", "2016"),
        ("2016-03", "March 2016", "2016-03"),
        ("2016-Q2", "2016 Q2", "2016Q2"),
        ("2015/16", "2015/16", "2015/16"),
    ],
)
def test_periods_read_and_write_as_evaluators_do(value: str, label: str, key: str) -> None:
    period = periods.as_period(value)
    assert periods.period_label(period) == label
    assert periods.period_key(period) == key


def test_a_financial_year_begins_in_april() -> None:
    assert str(periods.as_period("2015/16").start_time.date()) == "2015-04-01"


def test_what_is_no_period_is_refused_with_examples() -> None:
    with pytest.raises(InputError, match="2015/16"):
        periods.as_period("spring 2016")


def test_years_on_an_axis_are_whole_numbers_and_few() -> None:
    marks = periods.tick_periods(periods.as_periods(range(2010, 2024)))
    assert [label for _, label in marks] == [str(year) for year in range(2010, 2024, 2)]


def test_monthly_series_are_marked_at_years() -> None:
    months = periods.as_periods(["2019-04", "2024-03"])
    assert [label for _, label in periods.tick_periods(months)] == [
        "2020", "2021", "2022", "2023", "2024"
    ]  # fmt: skip
