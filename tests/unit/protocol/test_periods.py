from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equieval.protocol.periods import EXAMPLES, FREQUENCIES, MONTHS, is_period, period_ordinal


@given(st.integers(0, 12 * 80))
def test_months_and_quarters_run_in_the_order_of_pandas(step: int) -> None:
    month = pd.Period("1950-01", freq="M") + step
    quarter = pd.Period("1950Q1", freq="Q") + step
    assert period_ordinal(str(month), "month") - period_ordinal("1950-01", "month") == step
    assert period_ordinal(str(quarter), "quarter") - period_ordinal("1950-Q1", "quarter") == step


@pytest.mark.parametrize(
    ("earlier", "later", "frequency"),
    [
        ("2019-12", "2020-01", "month"),
        ("2019-Q4", "2020Q1", "quarter"),
        ("2019", "2020", "year"),
        ("1999/00", "2000/01", "financial-year"),
        ("2019-20", "2020/21", "financial-year"),
    ],
)
def test_the_next_period_is_one_more(earlier: str, later: str, frequency: str) -> None:
    assert period_ordinal(later, frequency) - period_ordinal(earlier, frequency) == 1


@pytest.mark.parametrize(
    ("label", "frequency"),
    [
        ("2019-13", "month"),
        ("2019-1", "month"),
        ("2019-Q5", "quarter"),
        ("19", "year"),
        ("2019-04", "year"),
        ("2019/21", "financial-year"),
        ("2019", "financial-year"),
        ("٢٠١٩", "year"),
        ("2019\n", "year"),
    ],
)
def test_what_is_no_period_of_the_frequency_is_refused(label: str, frequency: str) -> None:
    assert not is_period(label, frequency)


def test_every_frequency_has_a_length_and_a_valid_example() -> None:
    assert set(MONTHS) == set(EXAMPLES) == set(FREQUENCIES)
    for frequency in FREQUENCIES:
        assert is_period(EXAMPLES[frequency].strip("'"), frequency)
