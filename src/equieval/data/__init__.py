"""Data: from the sources that an evaluation names to one validated table of counts."""

from equieval.data.coding import ALL, MISSING
from equieval.data.loading import load_observations
from equieval.data.observations import Gap, Observations, Protection, SourceRecord
from equieval.data.periods import parse_period, period_label
from equieval.data.quality import Audit, audit
from equieval.data.synthetic import Synthetic, its_births
from equieval.data.validation import RowProblem, SourceError

__all__ = [
    "ALL",
    "MISSING",
    "Audit",
    "Gap",
    "Observations",
    "Protection",
    "RowProblem",
    "SourceError",
    "SourceRecord",
    "Synthetic",
    "audit",
    "its_births",
    "load_observations",
    "parse_period",
    "period_label",
]
