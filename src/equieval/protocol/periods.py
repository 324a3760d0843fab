"""Period labels as parameters files write them, and their order.

| frequency      | label                | example                          |
|----------------|----------------------|----------------------------------|
| month          | ``YYYY-MM``          | ``2019-04``                      |
| quarter        | ``YYYY-Qn``          | ``2019-Q2`` (calendar quarters)  |
| year           | ``YYYY``             | ``2016``                         |
| financial-year | ``YYYY/YY``          | ``2019/20`` (April to March)     |
"""

from __future__ import annotations

import re
from typing import Literal, get_args

Frequency = Literal["month", "quarter", "year", "financial-year"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)

#: How many months one period covers.
MONTHS: dict[Frequency, int] = {"month": 1, "quarter": 3, "year": 12, "financial-year": 12}

EXAMPLES: dict[Frequency, str] = {
    "month": "'2019-04'",
    "quarter": "'2019-Q2'",
    "year": "'2019'",
    "financial-year": "'2019/20'",
}

_PATTERNS: dict[Frequency, re.Pattern[str]] = {
    "month": re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])"),
    "quarter": re.compile(r"([0-9]{4})-?Q([1-4])"),
    "year": re.compile(r"([0-9]{4})()"),
    "financial-year": re.compile(r"([0-9]{4})[/-]([0-9]{2})"),
}
_PER_YEAR: dict[Frequency, int] = {"month": 12, "quarter": 4, "year": 1, "financial-year": 1}


def period_ordinal(label: str, frequency: Frequency) -> int:
    """Return the position of a period on the time axis; the next period is one more.

    >>> period_ordinal("2020-01", "month") - period_ordinal("2019-12", "month")
    1

    Raises
    ------
    ValueError : the label is no period of this frequency.
    """
    match = _PATTERNS[frequency].fullmatch(label)
    if match is None:
        raise ValueError(f"'{label}' is no {frequency}")
    year, part = int(match[1]), match[2]
    if frequency == "financial-year":
        if int(part) != (year + 1) % 100:
            raise ValueError(f"'{label}' does not span two consecutive years")
        return year
    within = int(part) - 1 if part else 0
    return year * _PER_YEAR[frequency] + within


def is_period(label: str, frequency: Frequency) -> bool:
    """Return whether the label names a period of this frequency."""
    try:
        period_ordinal(label, frequency)
    except ValueError:
        return False
    return True
