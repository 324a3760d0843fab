"""What stands in the headline of each design: its estimator and its estimand, fixed beforehand.

The rows of the Estimates table that a verdict rests on are found by these two, never by how
they came out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from equieval.errors import DesignError, EvaluationFailed, did_you_mean

AT_HORIZON: Final = "effect at horizon"
UP_TO_HORIZON: Final = "average effect up to the horizon"


@dataclass(frozen=True)
class Headline:
    """The estimator and the estimand of a design's headline, as the Estimates table names them."""

    estimator: str
    estimand: str


HEADLINES: Final[dict[str, Headline]] = {
    "its": Headline("REML AR(1)", AT_HORIZON),
    "controlled-its": Headline("controlled REML AR(1)", AT_HORIZON),
    "did": Headline("two-way fixed effects", UP_TO_HORIZON),
    "staggered-did": Headline("Callaway–Sant'Anna", UP_TO_HORIZON),
    "synthetic-did": Headline("synthetic difference-in-differences", UP_TO_HORIZON),
}


def headline_of(design: str) -> Headline:
    """Return the headline of a design.

    Raises
    ------
    DesignError : the design estimates no effect.
    """
    try:
        return HEADLINES[design]
    except KeyError:
        raise DesignError(
            f"design '{design}' estimates no effect",
            where="design.type",
            remedy=did_you_mean(design, HEADLINES),
        ) from None


def headline_rows(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by the headline estimator of their design, whatever their estimand."""
    chosen = [
        estimator == HEADLINES[design].estimator if design in HEADLINES else False
        for design, estimator in zip(estimates["design"], estimates["estimator"], strict=True)
    ]
    rows: pd.DataFrame = estimates[pd.Series(chosen, index=estimates.index, dtype=bool)]
    return rows


def at_headline(estimates: pd.DataFrame, measure: str = "") -> pd.DataFrame:
    """Return the rows of the headline estimand, of one measure where it is named."""
    names = estimates["estimand"].str.partition(": ")
    chosen = [
        design in HEADLINES and estimand == HEADLINES[design].estimand
        for design, estimand in zip(estimates["design"], names[2], strict=True)
    ]
    keep = pd.Series(chosen, index=estimates.index, dtype=bool)
    if measure:
        keep &= names[0] == measure
    rows: pd.DataFrame = estimates[keep]
    return rows


def primary_row(estimates: pd.DataFrame) -> pd.Series:
    """Return the row of the primary estimand."""
    return _single(estimates[estimates["role"] == "primary"], "the primary estimand")


def outcome_row(estimates: pd.DataFrame, outcome: str) -> pd.Series:
    """Return the headline effect on the outcome's rate over all groups."""
    rows = at_headline(headline_rows(estimates), "rate")
    chosen = (
        (rows["page"] == "effect")
        & (rows["outcome"] == outcome)
        & (rows["stratum"] == "all")
        & (rows["scale"] == "absolute")
    )
    return _single(rows[chosen], f"the effect on {outcome}")


def _single(rows: pd.DataFrame, what: str) -> pd.Series:
    if len(rows) != 1:
        raise EvaluationFailed(
            f"the table of estimates has {len(rows)} rows for {what}, not one",
            remedy="run the pages that this one needs again",
        )
    return rows.iloc[0]
