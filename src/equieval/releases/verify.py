"""Whether the estimates of a rerun are those that were published, number by number.

This is the judging half of verification: given the published table and the table of a rerun,
it says for each estimate whether it was reproduced, within tolerances that are stated by kind of
estimate. `equieval.releases.verification` does the rerun and says what may be the cause.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from equieval.errors import NotReproduced

COMPARED = ("estimate", "std_error", "df", "ci_low", "ci_high", "p_value", "n_obs", "n_events")
COUNTS = frozenset({"n_obs", "n_events"})
VERDICT_COLUMNS = ("id", "verdict", "field", "published", "rerun", "difference", "tolerance")
_RESAMPLED = re.compile(r"bootstrap|permut|randomis|simulat|resampl|monte carlo", re.IGNORECASE)


class Reproduction(StrEnum):
    """The verdict on one estimate, or on all of them; the worst comes last."""

    IDENTICAL = "identical"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERS = "differs"
    MISSING = "missing"


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may lie apart.

    ``absolute + relative × |published| + of_std_error × published standard error``
    """

    relative: float
    absolute: float = 0.0
    of_std_error: float = 0.0

    def around(self, published: float, std_error: float = math.nan) -> float:
        """Return the largest difference from a published number that is within tolerance."""
        spread = self.of_std_error * std_error if math.isfinite(std_error) else 0.0
        return self.absolute + self.relative * abs(published) + spread

    def __str__(self) -> str:
        words = f"{self.relative:g} of the number, or {self.absolute:g}"
        return f"{words}, and {self.of_std_error:g} standard errors" if self.of_std_error else words


EXACT = Tolerance(relative=0.0)


@dataclass(frozen=True)
class Tolerances:
    """Tolerances by kind of estimate; counts (``n_obs``, ``n_events``) are always exact.

    Attributes
    ----------
    words : where they apply, for the reader of a verdict.
    deterministic : closed forms and model fits: the last digits may differ, through the order
        of additions on another processor and through where an optimiser stops.
    resampled : bootstrap, permutation and simulation with a fixed seed.
    """

    words: str = "the environment that the version recorded"
    deterministic: Tolerance = Tolerance(relative=1e-7, absolute=1e-10)
    resampled: Tolerance = Tolerance(relative=1e-7, absolute=1e-10)

    def of(self, inference: object, field: str = "estimate") -> Tolerance:
        """Return the tolerance for a number by how its inference was made."""
        if field in COUNTS:
            return EXACT
        return self.resampled if is_resampled(inference) else self.deterministic

    def to_json(self) -> dict[str, str]:
        """Return the tolerances in words, by kind."""
        return {
            "apply to": self.words,
            "deterministic": str(self.deterministic),
            "resampled with a fixed seed": str(self.resampled),
            "counts": "exact",
        }


SAME_ENVIRONMENT = Tolerances()
# Other versions may add in another order and stop elsewhere; a new version of NumPy may draw
# other numbers from the same seed, and then only the Monte Carlo error bounds the difference.
ANOTHER_ENVIRONMENT = Tolerances(
    words="another environment than the version recorded",
    deterministic=Tolerance(relative=1e-5, absolute=1e-8),
    resampled=Tolerance(relative=1e-5, absolute=1e-8, of_std_error=0.1),
)


def is_resampled(inference: object) -> bool:
    """Whether an estimate's inference rests on random draws, by its words."""
    return isinstance(inference, str) and bool(_RESAMPLED.search(inference))


@dataclass(frozen=True)
class EstimatesVerdict:
    """Published against rerun.

    Attributes
    ----------
    table : one row per published estimate, and per estimate that only the rerun has;
        `VERDICT_COLUMNS`. ``field`` is the number that lies furthest outside its tolerance, or
        that differs most within it; empty where all are identical or the estimate is missing.
    unpublished : ids that only the rerun has (no verdict: nothing was published under them).
    """

    table: pd.DataFrame
    unpublished: tuple[str, ...]

    @property
    def total(self) -> Reproduction:
        """The worst verdict of all published estimates."""
        found = set(self.table["verdict"])
        return next((v for v in reversed(Reproduction) if v.value in found), Reproduction.IDENTICAL)

    @property
    def reproduced(self) -> bool:
        """Whether every published estimate was met within its tolerance."""
        return self.total in (Reproduction.IDENTICAL, Reproduction.WITHIN_TOLERANCE)

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain data; missing numbers are None."""
        rows = self.table.astype(object).where(self.table.notna(), None)
        return {
            "schema": 1,
            "total": self.total.value,
            "estimates": rows.to_dict("records"),
            "unpublished": list(self.unpublished),
        }

    def refuse_differences(self, *, where: str) -> None:
        """Raise unless every published estimate was reproduced.

        Raises
        ------
        NotReproduced : exit code 4, naming each estimate that differs or is missing.
        """
        if self.reproduced:
            return
        bad = self.table[self.table["verdict"].isin([Reproduction.DIFFERS, Reproduction.MISSING])]
        lines = [_sentence(row) for row in bad.to_dict("records")]
        raise NotReproduced(
            "\n".join([f"{len(bad)} of {len(self.table)} estimates not reproduced", *lines]),
            where=where,
            remedy="compare data, parameters, code and package versions with the run record",
        )


def estimates_verdict(
    published: pd.DataFrame, rerun: pd.DataFrame, tolerances: Tolerances | None = None
) -> EstimatesVerdict:
    """Judge a rerun against the published estimates.

    Parameters
    ----------
    published, rerun : Estimates tables; matched by ``id``.
    tolerances : by kind of estimate; the defaults allow for the last digits only.
    """
    allowed = tolerances or Tolerances()
    again = {str(row["id"]): row for row in rerun.to_dict("records")}
    rows = [_judge(row, again.get(str(row["id"])), allowed) for row in published.to_dict("records")]
    known = set(published["id"])
    return EstimatesVerdict(
        table=pd.DataFrame(rows, columns=list(VERDICT_COLUMNS)),
        unpublished=tuple(name for name in again if name not in known),
    )


def _judge(
    published: Mapping[Any, Any], rerun: Mapping[Any, Any] | None, tolerances: Tolerances
) -> tuple[object, ...]:
    name = published["id"]
    nothing = float("nan")
    if rerun is None:
        return (name, Reproduction.MISSING.value, "", nothing, nothing, nothing, nothing)
    std_error = _number(published.get("std_error"))
    worst: tuple[float, str, float, float, float] = (0.0, "", nothing, nothing, nothing)
    for field_name in COMPARED:
        before, after = _number(published.get(field_name)), _number(rerun.get(field_name))
        allowed = tolerances.of(published.get("inference"), field_name).around(before, std_error)
        excess = _excess(before, after, allowed)
        if excess > worst[0]:
            worst = (excess, field_name, before, after, allowed)
    excess, field_name, before, after, allowed = worst
    if not field_name:
        return (name, Reproduction.IDENTICAL.value, "", nothing, nothing, nothing, nothing)
    verdict = Reproduction.WITHIN_TOLERANCE if excess <= 1.0 else Reproduction.DIFFERS
    allowed = allowed if math.isfinite(allowed) else nothing
    return (name, verdict.value, field_name, before, after, after - before, allowed)


def _excess(before: float, after: float, allowed: float) -> float:
    """Return the difference in units of its tolerance; infinite where only one is a number."""
    if before == after or (math.isnan(before) and math.isnan(after)):
        return 0.0
    if not (math.isfinite(before) and math.isfinite(after)):
        return math.inf
    return abs(after - before) / allowed if allowed > 0 else math.inf


def _number(value: Any) -> float:
    return float("nan") if value is None or pd.isna(value) else float(value)


def _sentence(row: Mapping[Any, Any]) -> str:
    if row["verdict"] == Reproduction.MISSING:
        return f"  {row['id']}: the rerun does not give it"
    return f"  {row['id']}: {row['field']} was {row['published']:.10g}, is {row['rerun']:.10g}"
