"""Rounding of counts. Missing stays missing; zero stays zero."""

from __future__ import annotations

import numpy as np
import pandas as pd


def to_nearest(counts: pd.Series, base: int) -> pd.Series:
    """Round counts to the nearest multiple of ``base``.

    >>> to_nearest(pd.Series([0.0, 8.0, 12.0, 13.0]), 5).tolist()
    [0.0, 10.0, 10.0, 15.0]
    """
    return (counts / base + 0.5).map(np.floor) * base


def to_midpoint(counts: pd.Series, width: int) -> pd.Series:
    """Replace counts by the midpoint of their band: 0 → 0, 1–6 → 3, 7–12 → 9 for width 6.

    The bands are those of OpenSAFELY's midpoint-6 rounding: unlike rounding to the nearest
    multiple, no count but zero itself is shown as zero and the rounding is unbiased.

    >>> to_midpoint(pd.Series([0.0, 1.0, 6.0, 7.0, 12.0]), 6).tolist()
    [0.0, 3.0, 3.0, 9.0, 9.0]
    """
    bands = (counts / width).map(np.ceil) * width - width // 2
    return bands.where(counts != 0, 0.0)
