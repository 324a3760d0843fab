"""Words that the figures share: subtitles, columns, and where a point lies."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equieval.present import numbers
from equieval.present.periods import span_label
from equieval.present.wording import capitalise


def subtitle(quantity: str, population: str, periods: pd.PeriodIndex | None = None) -> str:
    """Return ``"Stillbirths per 1,000 births, England, 2010 to 2023"``."""
    parts = [capitalise(quantity), population]
    if periods is not None:
        parts.append(span_label(periods))
    return ", ".join(part for part in parts if part)


def effect_words(quantity: str, unit: str) -> str:
    """Return ``"effect on the stillbirth rate: difference, stillbirths per 1,000 births"``.

    ``unit`` is that of the outcome: percentages differ by percentage points.
    """
    size = ", ".join(part for part in ("difference", numbers.change_unit(unit)) if part)
    return f"effect on the {quantity}: {size}"


def column(data: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return a column as floats, missing as NaN; an absent column is all missing."""
    if name not in data.columns:
        return np.full(len(data), np.nan)
    values: np.ndarray[tuple[int], np.dtype[np.float64]] = pd.to_numeric(
        data[name], errors="coerce"
    ).to_numpy(dtype="float64", na_value=np.nan)
    return values


def singular(units: str) -> str:
    """Return the singular of a regular plural: ``"trusts"`` gives ``"trust"``."""
    return units.removesuffix("s") if not units.endswith("ss") else units


def above_or_below(difference: float, unit: str, digits: int | None = None) -> str:
    """Return ``"2.27 per 1,000 above"``, ``"0.40 … below"`` or ``"level with"``."""
    text = numbers.number(abs(difference), digits)
    if numbers.is_missing(difference):
        return "at an unknown distance from"
    if not text.strip("0.,"):
        return "level with"
    side = "above" if difference > 0 else "below"
    return f"{numbers.of_unit(text, numbers.change_unit(unit))} {side}"
