"""Periods of a source: from the spellings that sources use to one spelling and one axis.

| frequency      | read in a source                                  | written as |
|----------------|---------------------------------------------------|------------|
| month          | ``2024-03``, a date                               | 2024-03    |
| quarter        | ``2024-Q1``, ``2024Q1``, ``2024 Q1``, a date      | 2024-Q1    |
| year           | ``2024``, a date                                  | 2024       |
| financial-year | ``2023/24``, ``2023-24``, ``2023/2024``, a date   | 2023/24    |

A date is ISO 8601 (``2024-03-31``, with or without a time); the period is the one that
it falls in. Quarters are those of the calendar year; a financial year runs from April to
March. Day-first and month-first dates are not read: one is easily taken for the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from equieval.errors import DataError, did_you_mean
from equieval.present.periods import period_label as in_words
from equieval.protocol.periods import EXAMPLES, FREQUENCIES, Frequency, period_ordinal

_PANDAS: dict[Frequency, str] = {
    "month": "M",
    "quarter": "Q-DEC",
    "year": "Y-DEC",
    "financial-year": "Y-MAR",
}
# The label whose period pandas numbers 0; a financial year that ends in March 1970 is 0.
_ZERO: dict[Frequency, str] = {
    "month": "1970-01",
    "quarter": "1970-Q1",
    "year": "1970",
    "financial-year": "1969/70",
}

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?")
_SPACED_QUARTER = re.compile(r"(\d{4}) ?(Q[1-4])")
_LONG_FINANCIAL_YEAR = re.compile(r"(\d{4})[/-](\d{4})")


def known_frequency(name: str) -> Frequency:
    """Return a frequency by its name.

    Raises
    ------
    DataError : there is none of that name.
    """
    for frequency in FREQUENCIES:
        if frequency == name:
            return frequency
    raise DataError(
        f"'{name}' is no frequency of a series",
        where="data.frequency",
        remedy=did_you_mean(name, FREQUENCIES),
    )


def pandas_frequency(frequency: str) -> str:
    """Return pandas' name of a frequency (``"Y-MAR"`` for a financial year)."""
    return _PANDAS[known_frequency(frequency)]


def parse_period(label: object, frequency: str) -> pd.Period:
    """Return the period that a label names.

    Raises
    ------
    DataError : the label is none of those in the module's table.
    """
    known = known_frequency(frequency)
    text = str(label).strip()
    try:
        if date := _DATE.fullmatch(text):
            return pd.Period(pd.Timestamp(date[1]), freq=_PANDAS[known])
        ordinal = period_ordinal(_usual_spelling(text), known)
    except ValueError as problem:
        raise DataError(
            f"'{text}' is not a {known.replace('-', ' ')}",
            remedy=f"write it as {EXAMPLES[known]}, or as a date such as '2019-04-30'",
        ) from problem
    return pd.Period(ordinal=ordinal - period_ordinal(_ZERO[known], known), freq=_PANDAS[known])


def period_label(period: pd.Period, frequency: str) -> str:
    """Return a period as parameters and data files write it, as in the module's table.

    A page writes it as `equieval.present.periods.period_label` does.
    """
    match known_frequency(frequency):
        case "month":
            return f"{period.year}-{period.month:02d}"
        case "quarter":
            return f"{period.year}-Q{period.quarter}"
        case "year":
            return str(period.year)
        case "financial-year":
            ends = period.end_time.year
            return f"{ends - 1}/{ends % 100:02d}"


def spans(periods: Iterable[pd.Period]) -> str:
    """Return periods in words, neighbours joined (``"2011 to 2013, 2015"``)."""
    runs: list[list[pd.Period]] = []
    for period in sorted(set(periods)):
        if runs and period.ordinal == runs[-1][-1].ordinal + 1:
            runs[-1].append(period)
        else:
            runs.append([period])
    return ", ".join(
        " to ".join(dict.fromkeys(in_words(end) for end in (run[0], run[-1]))) for run in runs
    )


def _usual_spelling(text: str) -> str:
    """Turn further spellings that sources use into those of parameters files."""
    if quarter := _SPACED_QUARTER.fullmatch(text):
        return f"{quarter[1]}-{quarter[2]}"
    years = _LONG_FINANCIAL_YEAR.fullmatch(text)
    if years and int(years[2]) == int(years[1]) + 1:
        return f"{years[1]}/{years[2][2:]}"
    return text
