"""What an analysis hands to a page: tidy estimates, and the frames behind its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from equieval.errors import EvaluationFailed, did_you_mean
from equieval.methods.contrasts import Contrast
from equieval.methods.estimates import estimates_table

CI_LEVEL = 0.95
RELATIVE = "relative"
"""Scale of ratios; all others are differences."""


@dataclass(frozen=True)
class Analysis:
    """The estimates of one page and the frames that its figures draw.

    Attributes
    ----------
    estimates : the Estimates table.
    frames : named frames, each in the shape that one figure or table takes.
    """

    estimates: pd.DataFrame
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def frame(self, name: str) -> pd.DataFrame:
        """Return one frame by its name."""
        try:
            return self.frames[name]
        except KeyError:
            raise EvaluationFailed(
                f"the analysis has no frame '{name}'", remedy=did_you_mean(name, self.frames)
            ) from None


@dataclass(frozen=True)
class Subject:
    """What a group of estimates is about: the columns they share, and the stem of their ids."""

    page: str
    outcome: str
    measure: str
    design: str
    dimension: str
    scale: str
    stratum: str = "all"
    weighting: str = ""

    def row(
        self, contrast: Contrast, *, estimator: str, estimand: str, role: str, **columns: Any
    ) -> dict[str, Any]:
        """Return one row of the Estimates table; its id is built from what it is about."""
        return {
            **self.refused(estimator=estimator, estimand=estimand, role=role, **columns),
            **contrast.as_row(),
        }

    def refused(
        self, *, estimator: str, estimand: str, role: str, **columns: Any
    ) -> dict[str, Any]:
        """Return the row of an estimate that the data cannot carry; ``note`` says why."""
        stem = [self.page, self.outcome, self.measure]
        if self.stratum != "all":
            stem.append(f"{self.dimension}-{self.stratum}")
        variant = columns.pop("variant", "")
        parts = [*stem, estimator, estimand, *([variant] if variant else [])]
        return {
            "id": ".".join(_slug(part) for part in parts),
            "page": self.page,
            "role": role,
            "outcome": self.outcome,
            "design": self.design,
            "estimator": estimator,
            "estimand": f"{self.measure}: {estimand}",
            "scale": self.scale,
            "dimension": self.dimension,
            "stratum": self.stratum,
            "weighting": self.weighting,
            "n_units": 1,
            **columns,
        }


def _slug(words: str) -> str:
    """Return words as part of an id.

    >>> _slug("REML AR(1)"), _slug("Newey–West")
    ('reml-ar1', 'newey-west')
    """
    plain = words.lower().replace("–", "-").replace(" ", "-")
    return "".join(letter for letter in plain if letter.isalnum() or letter in "-_")


def tidy(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows as an Estimates table."""
    return estimates_table(rows)
