"""What estimators ask of their arguments before they look at the data: sizes, numbers, periods."""

from __future__ import annotations

import math
from numbers import Integral, Real

import numpy as np
import pandas as pd

from equieval.errors import DesignError, InputError


def require_positive(value: float, name: str, remedy: str) -> None:
    """Raise ``InputError`` for an argument that is no finite number above 0."""
    if not (isinstance(value, Real) and math.isfinite(value) and value > 0):
        raise InputError(f"{name} is {value!r}; it must be above 0.", where=name, remedy=remedy)


def require_per_and_dispersion(per: float, dispersion: float = 1.0) -> None:
    """Raise ``InputError`` for a rate per nothing and for a dispersion that is not positive."""
    require_positive(per, "per", "Write 1000 for a rate per 1,000, or 1 for a proportion.")
    require_positive(dispersion, "dispersion", "Write 1 for counts that vary by chance alone.")


def require_whole(value: object, name: str, *, least: int = 0) -> None:
    """Raise ``DesignError`` for an argument that is no whole number from ``least`` on."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise DesignError(
            f"{name} is {value!r}: it cannot be negative or a fraction."
            if least == 0
            else f"{name} is {value!r}; it must be a whole number of at least {least}.",
            where=name,
            remedy=f"Give a whole number from {least} on.",
        )


def numbers(values: pd.Series, name: str, where: str) -> pd.Series:
    """Return values as floats; raise ``DesignError`` where they are text or infinite."""
    try:
        found = values.astype(float)
    except (TypeError, ValueError) as error:
        raise DesignError(
            f"The column {name!r} holds values that are no numbers.",
            where=where,
            remedy="Give numbers; leave what is missing empty.",
        ) from error
    if np.isinf(found.to_numpy(float)).any():
        raise DesignError(
            f"The column {name!r} holds an infinite value: every value must be finite.",
            where=where,
            remedy="Look for a division by zero; a rate without a denominator is missing.",
        )
    return found


def require_period(value: object, frequency: str, where: str) -> None:
    """Raise ``DesignError`` for a moment that is no period of the data's ``frequency``."""
    if isinstance(value, pd.Period) and value.freqstr == frequency:
        return
    given = f"is by {value.freqstr}" if isinstance(value, pd.Period) else "is no period"
    raise DesignError(
        f"{value} {given}, the series is by {frequency}.",
        where=where,
        remedy=f"Give it in the frequency of the data: a pandas Period by {frequency}.",
    )


def require_moment(value: object, periods: pd.Series, where: str) -> None:
    """Raise ``DesignError`` for a moment that cannot be placed among ``periods`` of a panel."""
    if isinstance(periods.dtype, pd.PeriodDtype):
        require_period(value, pd.PeriodIndex(periods).freqstr, where)
        return
    whole = isinstance(value, Real) and not isinstance(value, bool) and value % 1 == 0
    if pd.api.types.is_numeric_dtype(periods.dtype) and not whole:
        raise DesignError(
            f"{value} is no whole number, as the periods of the data are.",
            where=where,
            remedy="Give it as the data give their periods.",
        )


def require_periods(periods: object, where: str) -> None:
    """Raise ``DesignError`` for an index that holds no pandas periods."""
    if not isinstance(periods, pd.PeriodIndex) or len(periods) == 0:
        raise DesignError(
            "The series is not indexed by periods, or has none.",
            where=where,
            remedy="Index it by pandas periods.",
        )
