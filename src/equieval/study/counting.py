"""Who counts how much in a comparison of units, and what of the units is taken into account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from equieval.errors import DesignError
from equieval.methods.adjustment import refuse_too_many
from equieval.methods.inference import effective_number
from equieval.study.words import adjusted_for

SIZE: Final = "size before the start"
"""Column of panels: a unit's denominators before anybody is exposed."""


@dataclass(frozen=True)
class Counting:
    """What of the protocol weighs units and adjusts for what they were like.

    Attributes
    ----------
    by_size : whether a unit counts by its denominators before anybody is exposed, one number
        over all periods, where the estimator needs one; otherwise each unit counts the same.
    covariates : indicators whose level before the start is adjusted for; columns of panels.
    """

    by_size: bool = False
    covariates: tuple[str, ...] = ()

    @property
    def unadjusted(self) -> Counting:
        """The same without covariates."""
        return replace(self, covariates=())

    @property
    def size(self) -> str | None:
        """The column of weights, if units count by size."""
        return SIZE if self.by_size else None

    def sized(self, panel: pd.DataFrame) -> pd.DataFrame:
        """Return a panel, or one by ``stratum``, with the column that units count by."""
        if not self.by_size or SIZE in panel:
            return panel
        keys = ["unit", "stratum"] if "stratum" in panel else ["unit"]
        begun = panel["anticipated"] | (panel["exposed"] == 1)
        before = panel[panel["period"] < panel.loc[begun, "period"].min()]
        sums = before.groupby(keys)["weight"].sum().rename(SIZE)
        return panel.join(sums, on=keys)

    def alike(self, panel: pd.DataFrame) -> tuple[int, int]:
        """Return how many units alike would tell as much, and how many of them are treated.

        The units there are, and those exposed, where each counts the same; rounded down.
        """
        exposed = panel.groupby("unit")["exposed"].max() == 1
        if not self.by_size:
            return len(exposed), int(exposed.sum())
        keys = ["unit", "stratum"] if "stratum" in panel else ["unit"]
        sizes = panel.drop_duplicates(keys).groupby("unit")[SIZE].sum()
        arms = [sizes[exposed], sizes[~exposed]]
        treated, others = (int(effective_number(arm)) if len(arm) else 0 for arm in arms)
        return treated + others, treated

    @property
    def group_time(self) -> dict[str, Any]:
        """What `equieval.methods.staggered.callaway_santanna` takes; none where nothing is asked.

        Cohorts of a few units give no propensity score: outcomes are regressed on covariates.
        """
        asked: dict[str, Any] = {"weights": self.size} if self.by_size else {}
        return asked | ({"covariates": self.covariates, "method": "or"} if self.covariates else {})

    def words(self, inference: str) -> str:
        """Return how an interval was made, with what the estimate is adjusted for."""
        adjusted = adjusted_for(self.covariates)
        return f"{inference}; adjusted for {adjusted}" if adjusted else inference

    def refuse_too_many(self, panel: pd.DataFrame) -> None:
        """Refuse more covariates than the units of a panel carry.

        Raises
        ------
        DesignError : under ten treated or ten other units for each covariate.
        """
        if not self.covariates:
            return
        first = panel.groupby("unit")["first_exposed"].first()
        # Where all units join, those that join last are what the others are compared with.
        others = first.isna() if first.isna().any() else first == first.max()
        refuse_covariates(self.covariates, int((~others).sum()), int(others.sum()))


NOTHING: Final = Counting()


def refuse_covariates(covariates: tuple[str, ...], n_treated: int, n_controls: int) -> None:
    """Refuse more covariates than the units carry, by the key of the protocol.

    Raises
    ------
    DesignError : as `equieval.methods.adjustment.refuse_too_many`.
    """
    try:
        refuse_too_many(covariates, n_treated, n_controls)
    except DesignError as refusal:
        raise DesignError(
            refusal.what, where="design.covariates", remedy=refusal.remedy
        ) from refusal
