"""Whether the estimates of a rerun are those that were published, number by number.

This is the judging half of verification: given the published table and the table of a rerun,
it says for each estimate whether it was reproduced. A version whose files were changed after its
release is not judged at all (`equieval.releases.manifest.verify_manifest`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pandas as pd

from equieval.errors import NotReproduced

COMPARED = ("estimate", "std_error", "df", "ci_low", "ci_high", "p_value", "n_obs", "n_events")
VERDICT_COLUMNS = ("id", "verdict", "field", "published", "rerun", "difference", "tolerance")


class Reproduction(StrEnum):
    """The verdict on one estimate, or on all of them; the worst comes last."""

    IDENTICAL = "identical"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERS = "differs"
    MISSING = "missing"


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may lie apart: ``absolute + relative × |published|``."""

    relative: float
    absolute: float = 0.0

    def around(self, published: float) -> float:
        """Return the largest difference from a published number that is within tolerance."""
        return self.absolute + self.relative * abs(published)


@dataclass(frozen=True)
class Tolerances:
    """Tolerances by kind of estimate.

    Attributes
    ----------
    deterministic : closed forms and optimisers on the same data: only the last digits may
        differ, through the order of additions on another processor.
    by_inference : for estimates whose ``inference`` column names the key: resampling with a
        fixed seed, for instance, is looser across versions of NumPy.
    """

    deterministic: Tolerance = Tolerance(relative=1e-6, absolute=1e-9)
    by_inference: Mapping[str, Tolerance] = field(default_factory=dict)

    def of(self, inference: object) -> Tolerance:
        """Return the tolerance for an estimate by how its inference was made."""
        if isinstance(inference, str):
            return self.by_inference.get(inference, self.deterministic)
        return self.deterministic


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
    rows = [
        _judge(row, again.get(str(row["id"])), allowed.of(row.get("inference")))
        for row in published.to_dict("records")
    ]
    known = set(published["id"])
    return EstimatesVerdict(
        table=pd.DataFrame(rows, columns=list(VERDICT_COLUMNS)),
        unpublished=tuple(name for name in again if name not in known),
    )


def _judge(
    published: Mapping[Any, Any], rerun: Mapping[Any, Any] | None, tolerance: Tolerance
) -> tuple[object, ...]:
    name = published["id"]
    nothing = float("nan")
    if rerun is None:
        return (name, Reproduction.MISSING.value, "", nothing, nothing, nothing, nothing)
    worst: tuple[float, str, float, float] = (0.0, "", nothing, nothing)
    for field_name in COMPARED:
        before, after = _number(published[field_name]), _number(rerun[field_name])
        excess = _excess(before, after, tolerance)
        if excess > worst[0]:
            worst = (excess, field_name, before, after)
    excess, field_name, before, after = worst
    if not field_name:
        return (name, Reproduction.IDENTICAL.value, "", nothing, nothing, nothing, nothing)
    verdict = Reproduction.WITHIN_TOLERANCE if excess <= 1.0 else Reproduction.DIFFERS
    allowed = tolerance.around(before) if math.isfinite(before) else nothing
    return (name, verdict.value, field_name, before, after, after - before, allowed)


def _excess(before: float, after: float, tolerance: Tolerance) -> float:
    """Return the difference in units of its tolerance; infinite where only one is a number."""
    if before == after or (math.isnan(before) and math.isnan(after)):
        return 0.0
    if not (math.isfinite(before) and math.isfinite(after)):
        return math.inf
    allowed = tolerance.around(before)
    return abs(after - before) / allowed if allowed > 0 else math.inf


def _number(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)


def _sentence(row: Mapping[Any, Any]) -> str:
    if row["verdict"] == Reproduction.MISSING:
        return f"  {row['id']}: the rerun does not give it"
    return f"  {row['id']}: {row['field']} was {row['published']:.10g}, is {row['rerun']:.10g}"
