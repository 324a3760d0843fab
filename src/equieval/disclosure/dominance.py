"""Dominance: a sum that one or two units make up nearly alone tells what they contribute.

It matters for amounts (costs, bed days, hours) rather than for counts, in which every person
weighs the same. The two rules and their parameters are those of the ACRO project's output
checking for the United Kingdom's research environments: the (n, k) rule, and the p-ratio rule,
by which the second largest contributor could estimate the largest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from equieval.disclosure.bounds import Flags

SUM = "sum"
"""Column of a frame that holds an amount summed over units."""

CONTRIBUTIONS = ("largest", "second")
"""Columns beside it: what its two largest units contribute. They are never shown."""


@dataclass(frozen=True)
class Dominance:
    """When few units dominate a sum.

    Attributes
    ----------
    share : the two largest units make up this share or more: dominated (the (2, k) rule).
    ratio : all units beyond the two largest make up less than this share of the largest:
        dominated (the p-ratio rule).
    """

    share: float = 0.9
    ratio: float = 0.1

    def dominated(self, total: pd.Series, largest: pd.Series, second: pd.Series) -> Flags:
        """Return which sums few units dominate; a sum whose parts are not known is one.

        >>> one = pd.Series([100.0, 100.0])
        >>> Dominance().dominated(one, pd.Series([80.0, 40.0]), pd.Series([15.0, 20.0])).tolist()
        [True, False]
        """
        whole, first, next_ = (
            column.to_numpy(dtype="float64") for column in (total, largest, second)
        )
        unknown = np.isnan(whole) | np.isnan(first) | np.isnan(next_)
        by_share = first + next_ >= self.share * whole
        by_ratio = whole - first - next_ < self.ratio * first
        return np.asarray(unknown | ((whole != 0) & (by_share | by_ratio)), dtype="bool")


def summed(amounts: pd.DataFrame, by: list[str], amount: str) -> pd.DataFrame:
    """Sum amounts over units, with what the dominance rule needs beside each sum.

    Parameters
    ----------
    amounts : ``by``, ``unit`` and the column ``amount``, not negative; rows of one unit in one
        cell are added up.
    by : columns that tell the cells apart.

    Returns
    -------
    ``by``, ``sum``, ``largest``, ``second``: one row per cell, as `Profile.accept` takes it.
    """
    units = amounts.groupby([*by, "unit"])[amount].sum().rename(SUM).reset_index()
    cells = units.groupby(by)[SUM]
    found = pd.DataFrame(
        {
            SUM: cells.sum(),
            "largest": cells.max(),
            "second": cells.apply(lambda parts: parts.nlargest(2).iloc[1:].sum()),
        }
    )
    return found.reset_index()
