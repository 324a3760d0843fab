"""What the rules of an audit read, and what each of them hands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from equieval.data import ALL
from equieval.present import numbers
from equieval.protocol import Evaluation
from equieval.study.analysis import RELATIVE
from equieval.study.audit_reported import Reported
from equieval.study.audit_rows import PLAUSIBILITY
from equieval.study.auditing import group_word
from equieval.study.words import measure_unit

UNNAMED = "not named in the parameters"
_PERIOD_NOUNS = {"financial-year": "financial year"}


@dataclass(frozen=True)
class Finding:
    """One finding with the action that it asks for.

    Attributes
    ----------
    kind : a row of the module's table.
    about : the group, or the id of the source.
    finding, action, metric : in words; ``metric`` says by which figure it will be seen.
    owner : who would act.
    page : slug of the page that shows the finding.
    """

    kind: str
    about: str
    finding: str
    action: str
    owner: str
    metric: str
    page: str


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the rules read: the evaluation, its matched sources and the frames of both analyses."""

    evaluation: Evaluation
    found: Reported
    agreement: Mapping[str, pd.DataFrame]
    inequality: Mapping[str, pd.DataFrame]

    @property
    def group_word(self) -> str:
        """What the dimension is called in running text."""
        return group_word(self.evaluation)

    def owner(self, source: str) -> str:
        """Return who would act on a source."""
        return next(s.owner for s in self.found.sources if s.source == source) or UNNAMED

    def label(self, source: str) -> str:
        """Return what a source is called."""
        return self.found.label(source)

    @property
    def period(self) -> str:
        """What one period is called."""
        frequency = self.evaluation.data.frequency
        return _PERIOD_NOUNS.get(frequency, frequency)


def clear_gaps(evidence: Evidence) -> pd.DataFrame:
    """Return the rows of the primary measure whose interval is worse, the largest first.

    Columns of `equieval.study.audit_inequality.measured`, and ``holds``: whether the bounds leave
    out equality too, where there are any (missing where not).
    """
    measures = primary_measures(evidence)
    null = 1.0 if evidence.evaluation.outcomes.primary.scale == RELATIVE else 0.0
    worse = measures["ci_low"] > null
    rows: pd.DataFrame = measures[worse].sort_values("estimate", ascending=False)
    limits = bounds_at(evidence, PLAUSIBILITY).set_index("stratum")["ci_low"]
    holds = [bool(limits[s] > 0) if s in limits.index else None for s in rows["stratum"]]
    return rows.assign(holds=pd.array(holds, dtype="boolean")).reset_index(drop=True)


def primary_measures(evidence: Evidence) -> pd.DataFrame:
    """Return the primary measure in the reference source, one row per compared group."""
    table = evidence.inequality["measures"]
    rows: pd.DataFrame = table[
        (table["source"] == evidence.found.reference)
        & (table["measure"] == evidence.evaluation.outcomes.primary.measure)
    ]
    return rows.reset_index(drop=True)


def bounds_at(evidence: Evidence, plausibility: float) -> pd.DataFrame:
    """Return the bounds of the absolute gap in the reference source at one plausibility."""
    table = evidence.inequality["bounds"]
    wanted = "sii" if evidence.evaluation.outcomes.primary.measure == "sii" else "gap"
    rows: pd.DataFrame = table[
        (table["source"] == evidence.found.reference)
        & (table["measure"] == wanted)
        & (table["plausibility"] == plausibility)
    ]
    return rows


def percent(value: float) -> str:
    """Return a percentage with one decimal: ``95.4%``."""
    return f"{numbers.number(value, 1)}%"


def more_or_fewer(ratio: float) -> str:
    """Return a ratio of counts in words: ``4.0% more``, ``3.0% fewer``."""
    change = 100 * (ratio - 1)
    return f"{percent(abs(change))} {'more' if change > 0 else 'fewer'}"


def gap_unit(evidence: Evidence) -> str:
    """Return the unit of the primary measure: percentages differ by percentage points."""
    primary = evidence.evaluation.outcomes.primary
    return numbers.change_unit(measure_unit(primary.measure, primary.indicator))


def group_name(stratum: object) -> str:
    """Return what a group is called; all of them together are all groups."""
    return "All groups" if stratum == ALL else str(stratum)
