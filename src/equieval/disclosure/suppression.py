"""Primary suppression: what happens to a count because it is small.

Secondary suppression (a small count that its margins give away) needs every table that is
published together; it is not done here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import pandas as pd

from equieval.errors import DataError

WITHHELD_MARK = "*"


class Small(Enum):
    """What a profile does with a count from 1 to its threshold."""

    SHOW = "show"
    REDACT = "redact"
    REPLACE = "replace"


@dataclass(frozen=True)
class CountRule:
    """How a profile treats a count of people or events.

    Attributes
    ----------
    small : what happens to counts from 1 to ``threshold``.
    threshold : largest small count; 0 where no count is small.
    replacement : the value shown for every small count, where they are replaced.
    redact_zero : whether a zero is redacted with the small counts.
    round : rounding of every other count; None leaves them exact.
    """

    small: Small = Small.SHOW
    threshold: int = 0
    replacement: float = 0.0
    redact_zero: bool = False
    round: Callable[[pd.Series], pd.Series] | None = None

    @property
    def exact(self) -> bool:
        """Whether every count is shown as it is."""
        return self.small is Small.SHOW and self.round is None

    def apply(self, counts: pd.Series) -> tuple[pd.Series, pd.Series]:
        """Protect a column of counts.

        Returns
        -------
        The protected counts (float64, NaN where withheld or missing) and a boolean column that
        is true where a recorded count was withheld.

        Raises
        ------
        DataError : the column holds text or a negative number, which no rule can judge.
        """
        numbers = _as_counts(counts)
        # Weighted counts may lie between two whole numbers: 7.4 is under the next whole count.
        is_small = (numbers > 0) & (numbers < self.threshold + 1)
        protected = numbers if self.round is None else self.round(numbers)
        withheld = pd.Series(data=False, index=numbers.index)
        if self.small is Small.REPLACE:
            protected = protected.where(~is_small, self.replacement)
        elif self.small is Small.REDACT:
            withheld = is_small | (numbers == 0) if self.redact_zero else is_small
            protected = protected.mask(withheld)
        return protected, withheld


def _as_counts(counts: pd.Series) -> pd.Series:
    try:
        numbers = counts.astype("float64")
    except (TypeError, ValueError):
        raise DataError(
            f"the column '{counts.name}' has the name of a count but holds other values",
            remedy="rename the column, or give counts as numbers with missing left empty",
        ) from None
    negative = numbers[numbers < 0]
    if len(negative):
        raise DataError(
            f"the count column '{counts.name}' holds a negative number ({negative.iloc[0]:g})",
            where=f"row {negative.index[0]}",
            remedy="correct the count; a difference of counts needs a name of its own",
        )
    return numbers
