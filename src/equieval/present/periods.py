"""Periods as readers write them: parsing, labels, and places on a time axis.

Estimates and frames carry periods as pandas periods or as labels (``"2016"``,
``"2016-03"``, ``"2016Q1"``, ``"2015/16"``). Financial years run from April to March.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from equieval.errors import InputError

FINANCIAL_YEAR = "Y-MAR"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^\d{4}$"), "Y"),
    (re.compile(r"^\d{4}-\d{2}$"), "M"),
    (re.compile(r"^\d{4}[- ]?Q[1-4]$"), "Q"),
    (re.compile(r"^\d{4}/\d{2}$"), FINANCIAL_YEAR),
)
_WRITTEN = re.compile(r"\b\d{4}-(?:0[1-9]|1[0-2]|Q[1-4])\b(?!-)")
_NOUNS = {"Y-DEC": "year", "Y-MAR": "financial year", "Q-DEC": "quarter", "M": "month"}


def as_period(value: object) -> pd.Period:
    """Return ``value`` as a pandas period.

    Raises
    ------
    InputError : the value is no period that the project knows.
    """
    if isinstance(value, pd.Period):
        return value
    text = str(value).strip().removesuffix(".0")
    for pattern, frequency in _PATTERNS:
        if pattern.match(text):
            if frequency == FINANCIAL_YEAR:
                return pd.Period(year=int(text[:4]) + 1, freq=FINANCIAL_YEAR)
            return pd.Period(re.sub(r"[- ]?Q", "Q", text), freq=frequency)
    raise InputError(
        f"'{value}' is not a period",
        where="a figure's or statement's period",
        remedy="write a year (2016), month (2016-03), quarter (2016Q1) or financial year (2015/16)",
    )


def as_periods(values: Iterable[object]) -> pd.PeriodIndex:
    """Return all values as one period index of one frequency."""
    return pd.PeriodIndex([as_period(value) for value in values])


def at_frequency_of(value: object, periods: pd.PeriodIndex) -> pd.Period:
    """Return ``value`` as the period of the index's frequency that it begins in."""
    period = as_period(value)
    if period.freqstr == periods.freqstr:
        return period
    return pd.Period(period.start_time, freq=periods.freqstr)


def period_label(value: object) -> str:
    """Return a period in words.

    >>> period_label("2016-03"), period_label("2015/16"), period_label(2016)
    ('March 2016', '2015/16', '2016')
    """
    period = as_period(value)
    match period.freqstr.split("-")[0]:
        case "M":
            return str(period.strftime("%B %Y"))
        case "Q":
            return f"{period.year} Q{period.quarter}"
        case _ if period.freqstr == FINANCIAL_YEAR:
            return f"{period.year - 1}/{period.year % 100:02d}"
        case _:
            return str(period.year)


def periods_named(words: str) -> str:
    """Return words with the months and quarters in them as readers write them.

    >>> periods_named("without 2019-Q2 and 2019-Q3"), periods_named("start in 2019-01")
    ('without 2019 Q2 and 2019 Q3', 'start in January 2019')
    """
    return _WRITTEN.sub(lambda found: period_label(found[0]), words)


def moment(horizon: object, *, average: bool = False) -> str:
    """Return when an effect is told for: at the horizon, or on average up to it.

    >>> moment("2022"), moment("2022-03", average=True), moment(None, average=True)
    ('in 2022', 'on average up to March 2022', 'on average')
    """
    if horizon is None or horizon == "":
        return "on average" if average else ""
    label = period_label(horizon)
    return f"on average up to {label}" if average else f"in {label}"


def period_key(value: object) -> str:
    """Return a period as parameters files write it (``2016-03``, ``2015/16``); text as it is."""
    if isinstance(value, pd.Period) and value.freqstr == FINANCIAL_YEAR:
        return period_label(value)
    return str(value)


def period_noun(periods: pd.PeriodIndex, count: int = 1) -> str:
    """Return what one period is called: ``"year"``, ``"months"``."""
    noun = _NOUNS.get(periods.freqstr, "period")
    return noun if count == 1 else f"{noun}s"


def span_label(periods: pd.PeriodIndex) -> str:
    """Return ``"2010 to 2023"``."""
    first, last = periods.min(), periods.max()
    return (
        period_label(first) if first == last else f"{period_label(first)} to {period_label(last)}"
    )


def tick_periods(
    periods: pd.PeriodIndex, most: int = 8, *, to_last: bool = False
) -> Sequence[tuple[int, str]]:
    """Return at most ``most`` places on the time axis with short labels.

    Places are period ordinals. Series of months and quarters are marked at the
    beginning of years; short ones at every few periods. Years are marked where they are
    round, or, with ``to_last``, counted back from the last one.
    """
    full = pd.period_range(periods.min(), periods.max(), freq=periods.freq)
    yearly = periods.freqstr.startswith("Y")
    first_of_year = [p for p in full if yearly or p.start_time.month == 1]
    marks = first_of_year if len(first_of_year) >= 3 else list(full)
    in_years = yearly or marks is first_of_year
    step = next(s for s in (1, 2, 3, 5, 10, 20, 50, 100) if len(marks) / s <= most)
    anchor = marks[-1].year if to_last else 0
    chosen = [p for p in marks if (p.year - anchor) % step == 0] if in_years else marks[::step]
    if yearly:
        return [(p.ordinal, period_label(p)) for p in chosen]
    if in_years:
        return [(p.ordinal, str(p.year)) for p in chosen]
    short = "%b\n%Y" if periods.freqstr == "M" else "Q%q\n%Y"
    return [(p.ordinal, str(p.strftime(short))) for p in chosen]
