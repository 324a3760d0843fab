"""Periods are read in every spelling that sources use and written in one."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equieval.data import parse_period, period_label
from equieval.data.periods import spans
from equieval.errors import DataError
from equieval.protocol.periods import FREQUENCIES, is_period


@pytest.mark.parametrize(
    ("label", "frequency", "first_day", "last_day", "written"),
    [
        ("2024-02", "month", "2024-02-01", "2024-02-29", "2024-02"),
        ("2024-02-15", "month", "2024-02-01", "2024-02-29", "2024-02"),
        ("2024-Q1", "quarter", "2024-01-01", "2024-03-31", "2024-Q1"),
        ("2024Q1", "quarter", "2024-01-01", "2024-03-31", "2024-Q1"),
        ("2024 Q4", "quarter", "2024-10-01", "2024-12-31", "2024-Q4"),
        ("2024-12-31T23:59:59", "quarter", "2024-10-01", "2024-12-31", "2024-Q4"),
        (2024, "year", "2024-01-01", "2024-12-31", "2024"),
        ("2023/24", "financial-year", "2023-04-01", "2024-03-31", "2023/24"),
        ("2023-24", "financial-year", "2023-04-01", "2024-03-31", "2023/24"),
        ("2023/2024", "financial-year", "2023-04-01", "2024-03-31", "2023/24"),
        ("2024-03-31", "financial-year", "2023-04-01", "2024-03-31", "2023/24"),
        ("2024-04-01", "financial-year", "2024-04-01", "2025-03-31", "2024/25"),
        ("1999/00", "financial-year", "1999-04-01", "2000-03-31", "1999/00"),
    ],
)
def test_a_label_names_its_days(
    label: object, frequency: str, first_day: str, last_day: str, written: str
) -> None:
    period = parse_period(label, frequency)
    assert period.start_time.date().isoformat() == first_day
    assert period.end_time.date().isoformat() == last_day
    assert period_label(period, frequency) == written
    assert is_period(written, next(f for f in FREQUENCIES if f == frequency))


@pytest.mark.parametrize(
    ("label", "frequency"),
    [
        ("2024-13", "month"),
        ("2024-2", "month"),
        ("Feb 2024", "month"),
        ("2024-02-30", "month"),
        ("01/02/2024", "month"),
        ("2024-Q5", "quarter"),
        ("24", "year"),
        ("2024.0", "year"),
        ("2023/25", "financial-year"),
        ("2023/2025", "financial-year"),
        ("2023", "financial-year"),
        ("", "year"),
    ],
)
def test_what_is_no_period_is_refused_with_an_example(label: str, frequency: str) -> None:
    with pytest.raises(DataError, match="write it as"):
        parse_period(label, frequency)


def test_an_unknown_frequency_is_refused() -> None:
    with pytest.raises(DataError, match="did you mean 'month'"):
        parse_period("2024-01", "monthly")


@given(ordinal=st.integers(-200, 900), frequency=st.sampled_from(FREQUENCIES))
def test_a_written_label_is_read_as_the_same_period(ordinal: int, frequency: str) -> None:
    zero = parse_period("2000-04-01", frequency)
    period = zero + (ordinal % 150)
    assert parse_period(period_label(period, frequency), frequency) == period


def test_neighbouring_periods_are_joined_in_words() -> None:
    years = [pd.Period(year, "Y") for year in ("2015", "2011", "2012", "2013", "2011")]
    assert spans(years) == "2011 to 2013, 2015"
