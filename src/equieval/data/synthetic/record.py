"""What a generator returns: made-up tables, what they were drawn from, and their label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

LABEL = "synthetic"
"""What every synthetic table and record says of itself."""

ESTIMAND_COLUMNS = (
    "indicator",
    "estimand",
    "measure",
    "stratum",
    "cohort",
    "event_time",
    "period",
    "weighting",
    "observed",
    "counterfactual",
    "effect",
)


def _no_estimands() -> pd.DataFrame:
    return pd.DataFrame(columns=list(ESTIMAND_COLUMNS))


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A synthetic source and the truth that it was drawn from.

    Attributes
    ----------
    table : the source as a published table would have it, one row per unit, period and
        stratum; each generator names its columns. A missing count is NA, never zero.
    truth : seed, generator, its arguments and the facts that an evaluation needs (treated
        units, start or adoption, shares); every value can be written as JSON.
    expected : the rates that the counts were drawn around, without the noise, with and
        without the intervention; each generator names the columns.
    estimands : the true values (``ESTIMAND_COLUMNS``), in the unit of the indicator:
        ``effect`` = ``observed`` − ``counterfactual``, for ratios too. See
        `equieval.data.synthetic.truth` for what each row means.
    companions : further tables by name (an organisation-succession table, other sources).
    label : ``"synthetic"``, always.
    """

    table: pd.DataFrame
    truth: dict[str, Any]
    expected: pd.DataFrame
    estimands: pd.DataFrame = field(default_factory=_no_estimands)
    companions: Mapping[str, pd.DataFrame] = field(default_factory=lambda: MappingProxyType({}))
    label: str = field(default=LABEL, init=False)

    def true_effect(self, **where: object) -> float:
        """Return the one true effect that the given columns of ``estimands`` single out.

        >>> drawn.true_effect(estimand="simple", measure="sii", weighting="denominator")
        ... # doctest: +SKIP
        -1.9

        Raises
        ------
        KeyError : a column that ``estimands`` does not have.
        ValueError : no row, or more than one, is singled out.
        """
        rows = self.estimands
        for column, value in where.items():
            rows = rows[rows[column] == value]
        if len(rows) != 1:
            raise ValueError(f"{len(rows)} estimands are {where}, not one")
        return float(rows["effect"].iloc[0])
