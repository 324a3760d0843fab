"""Counts that are out of line with their neighbours in time: likely a gap in what was supplied.

A month in which every unit reports 0 is a month that nobody sent, not one without events. A count
is held against the median of the few before it and against that of the few after, so that a trend,
or a step at a start, is in line with one side at least; what chance could do is left alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy.special import pdtr, pdtrc

from equieval.data.observations import FIGURES, Observations

FACTOR: Final = 5
"""So many times smaller or larger than its neighbours on both sides, a count is out of line."""
BY_CHANCE: Final = 1e-4
"""And rarer than this as a Poisson count around theirs."""
NEIGHBOURS: Final = 4
FEWEST_NEIGHBOURS: Final = 2
EVERY_UNIT: Final = ""
LOW, HIGH = "low", "high"


def out_of_line(observations: Observations, indicator: str) -> pd.DataFrame:
    """Return the periods in which counts are far out of line with those around them.

    Where all units together are, none is named. A count that is missing or withheld is neither
    judged nor a neighbour.

    Returns
    -------
    DataFrame ``unit, period, side``: ``unit`` is `EVERY_UNIT` for all of them together, ``side``
    `LOW` or `HIGH`; a row where numerator, denominator, or both are out of line.
    """
    cells = observations.overall(indicator, counts=True)
    found: list[tuple[str, pd.Period, str]] = []
    for part in FIGURES:
        wide = cells.pivot(index="period", columns="unit", values=part).sort_index()
        together = _sides(wide.sum(axis=1, skipna=False))
        found += [(EVERY_UNIT, period, side) for period, side in together.items()]
        if wide.shape[1] > 1:
            found += [
                (str(unit), period, side)
                for unit, counts in wide.items()
                for period, side in _sides(counts).items()
                if together.get(period) != side
            ]
    frame = pd.DataFrame(found, columns=["unit", "period", "side"]).drop_duplicates()
    return frame.sort_values(["unit", "period"], ignore_index=True)


def _sides(counts: pd.Series) -> dict[pd.Period, str]:
    """Return the periods whose count is out of line, and on which side."""
    known = counts.dropna()
    values = known.to_numpy(float)
    found: dict[pd.Period, str] = {}
    for place, value in enumerate(values):
        around = (values[max(place - NEIGHBOURS, 0) : place], values[place + 1 :][:NEIGHBOURS])
        usual = [float(np.median(side)) for side in around if len(side) >= FEWEST_NEIGHBOURS]
        if not usual:
            continue
        least, most = min(usual), max(usual)
        if value * FACTOR <= least and pdtr(value, least) < BY_CHANCE:
            found[known.index[place]] = LOW
        elif value >= FACTOR * most and pdtrc(value - 1, most) < BY_CHANCE:
            found[known.index[place]] = HIGH
    return found
