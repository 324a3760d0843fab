"""Numbers as readers meet them: few digits, units, proper minus signs, intervals in words.

There is no formatter for p-values: results are stated with intervals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

MINUS = "\N{MINUS SIGN}"
NOT_AVAILABLE = "not available"
NO_BREAK = "\N{NO-BREAK SPACE}"


def is_missing(value: object) -> bool:
    """Whether a cell holds no number (None, NaN, NA, or an infinite value)."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float | int) and not math.isfinite(value)


def decimals_for(*values: object) -> int:
    """Return the digits after the point that suit the largest of the values.

    >>> decimals_for(3.93, 0.4), decimals_for(34.1), decimals_for(345.2), decimals_for(0.012)
    (2, 1, 0, 3)
    """
    sizes = [abs(float(str(v))) for v in values if not is_missing(v)]
    largest = max(sizes, default=0.0)
    for limit, digits in ((100.0, 0), (10.0, 1), (0.1, 2)):
        if largest >= limit:
            return digits
    return 3 if largest > 0 else 2


def number(value: object, decimals: int | None = None) -> str:
    """Return a number with thousands commas and a proper minus sign.

    >>> number(-0.46), number(3506, 0), number(float("nan"))
    ('−0.46', '3,506', 'not available')
    """
    if is_missing(value):
        return NOT_AVAILABLE
    amount = float(str(value))
    digits = decimals_for(amount) if decimals is None else decimals
    text = f"{abs(amount):,.{digits}f}"
    negative = amount < 0 and float(text.replace(",", "")) != 0
    return f"{MINUS}{text}" if negative else text


def count(value: object) -> str:
    """Return a whole number: ``3,506``."""
    return number(value, 0)


def change(value: object, decimals: int | None = None) -> str:
    """Return a signed number; zero has no sign.

    >>> change(0.58), change(-0.1), change(0.001, 2)
    ('+0.58', '−0.10', '0.00')
    """
    text = number(value, decimals)
    if is_missing(value) or text.startswith(MINUS) or not text.strip("0.,"):
        return text
    return f"+{text}"


def interval(
    low: object, high: object, decimals: int | None = None, *, signed: bool = False
) -> str:
    """Return ``low to high`` with the same digits on both ends.

    >>> interval(-0.46, 0.26), interval(1.1, 2.2, signed=True)
    ('−0.46 to 0.26', '+1.10 to +2.20')
    """
    if is_missing(low) or is_missing(high):
        return NOT_AVAILABLE
    digits = decimals_for(low, high) if decimals is None else decimals
    show = change if signed else number
    return f"{show(low, digits)} to {show(high, digits)}"


def interval_words(
    low: object, high: object, *, level: object = 0.95, decimals: int | None = None
) -> str:
    """Return ``95% interval −0.46 to 0.26``, or that there is none."""
    if is_missing(low) or is_missing(high):
        return "interval not available"
    share = 0.95 if is_missing(level) else float(str(level))
    return f"{share * 100:g}% interval {interval(low, high, decimals)}"


def degrees_of_freedom(value: object) -> str:
    """Return degrees of freedom with one decimal; very many are "over 100".

    >>> degrees_of_freedom(7.43), degrees_of_freedom(1.028), degrees_of_freedom(10.0)
    ('7.4', '1.0', '10')
    """
    if isinstance(value, float) and value == math.inf:
        return "over 100"
    if is_missing(value):
        return NOT_AVAILABLE
    amount = float(str(value))
    if amount > 100:
        return "over 100"
    return f"{amount:.0f}" if amount.is_integer() else f"{amount:.1f}"


def plain(value: float, counted: str = "") -> str:
    """Return a checked quantity: whole numbers plain, others with one decimal.

    Parameters
    ----------
    counted : how it was counted, where a reader would ask.

    >>> plain(104.0), plain(1.028), plain(float("nan"))
    ('104', '1.0', 'not available')
    >>> plain(2.14, "at an autocorrelation of 0.4")
    '2.1 (at an autocorrelation of 0.4)'
    """
    if is_missing(value):
        return NOT_AVAILABLE
    words = number(value, 0 if float(value).is_integer() else 1)
    return f"{words} ({counted})" if counted else words


def percent(fraction: object, decimals: int = 0) -> str:
    """Return a share as a percentage: ``0.953 -> 95%``."""
    return (
        NOT_AVAILABLE
        if is_missing(fraction)
        else f"{number(float(str(fraction)) * 100, decimals)}%"
    )


def ratio(value: object, decimals: int = 2) -> str:
    """Return a ratio with two decimals: ``1.37``."""
    return number(value, decimals)


def ratio_as_change(value: object, decimals: int = 0) -> str:
    """Return a ratio as a relative difference in words.

    >>> ratio_as_change(1.17), ratio_as_change(0.8), ratio_as_change(1.001)
    ('17% higher', '20% lower', 'no different')
    >>> ratio_as_change(0.9988, 1)
    '0.1% lower'
    """
    if is_missing(value):
        return NOT_AVAILABLE
    points = round((float(str(value)) - 1) * 100, decimals)
    if points == 0:
        return "no different"
    return f"{number(abs(points), decimals)}% {'higher' if points > 0 else 'lower'}"


def is_percentage(unit: str) -> bool:
    """Whether the unit is a percentage (``"% of women"``, ``"per cent"``, ``"per 100 births"``)."""
    return unit.startswith(("%", "per cent", "percent")) or "per 100 " in f"{unit} "


def of_unit(text: str, unit: str) -> str:
    """Join a formatted number and its unit; a percent sign stands close.

    >>> of_unit("3.93", "stillbirths per 1,000 births"), of_unit("12", "% of bookings")
    ('3.93 stillbirths per 1,000 births', '12% of bookings')
    """
    if not unit or text == NOT_AVAILABLE:
        return text
    return f"{text}{unit}" if unit.startswith("%") else f"{text} {unit}"


def change_unit(unit: str) -> str:
    """Return the unit of a difference: percentages differ by percentage points."""
    return "percentage points" if is_percentage(unit) else unit


def listing(items: Iterable[str], last: str = "and") -> str:
    """Return items as a sentence lists them.

    >>> listing(["a", "b", "c"])
    'a, b and c'
    """
    words = list(items)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def count_word(amount: int) -> str:
    """Return small whole numbers as words, as running text does.

    >>> count_word(3), count_word(13)
    ('three', '13')
    """
    words = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return words[amount] if 0 <= amount < len(words) else str(amount)
