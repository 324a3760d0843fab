"""Primary suppression: what happens to a count because it is small.

A small count that its margins give away is found where all tables that are published together
are known: `equieval.disclosure.safeguard`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd

from equieval.disclosure.bounds import Flags, Interval, Numbers
from equieval.errors import DataError

WITHHELD_MARK = "*"
_FARTHEST = 12
"""No rule moves a count farther than this."""


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
    step : every count that is shown, and every sum of such counts, is a multiple of this.
    """

    small: Small = Small.SHOW
    threshold: int = 0
    replacement: float = 0.0
    redact_zero: bool = False
    round: Callable[[pd.Series], pd.Series] | None = None
    step: float = 1.0

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

    def known(self, shown: pd.Series) -> Interval:
        """Return which whole counts are shown as each value; where it is withheld, the smallest
        that a reader holds possible, and no largest.
        """
        values = shown.to_numpy(dtype="float64")
        withheld = np.isnan(values)
        if self.exact:
            low, high = values.copy(), values.copy()
        else:
            offsets = np.arange(-_FARTHEST, _FARTHEST + 1, dtype="float64")
            candidates = np.where(withheld, 0.0, values)[:, None] + offsets
            counts = pd.Series(np.maximum(candidates, 0.0).ravel())
            again = self.apply(counts)[0].to_numpy().reshape(candidates.shape)
            alike = (again == values[:, None]) & (candidates >= 0)
            low = np.where(alike, candidates, np.inf).min(axis=1)
            high = np.where(alike, candidates, -np.inf).max(axis=1)
            # A sum of rounded counts need not be a value that the rule itself shows.
            strange = ~alike.any(axis=1)
            low, high = np.where(strange, 0.0, low), np.where(strange, np.inf, high)
        least = 0.0 if self.redact_zero or self.small is Small.SHOW else 1.0
        return Interval(np.where(withheld, least, low), np.where(withheld, np.inf, high))

    def sensitive(self, exact: pd.Series) -> Flags:
        """Return which counts must not be worked out: the small ones, and withheld zeros."""
        counts = exact.to_numpy(dtype="float64")
        small = (counts > 0) & (counts < self.threshold + 1)
        return np.asarray(small | ((counts == 0) & self.redact_zero))

    def width(self, shown: pd.Series, own: Interval) -> Numbers:
        """Return how wide the interval of each small count must stay, its relations used.

        The threshold where it is withheld. Where the rule shows another value in its place, as
        wide as the interval of any count that is shown rounded.
        """
        rounded = 2 * np.floor(self.step / 2) if self.small is Small.REPLACE else self.threshold
        wanted = np.where(shown.isna(), float(self.threshold), rounded)
        return np.asarray(np.minimum(wanted, own.width), dtype="float64")

    def can_show(self, counts: pd.Series) -> Flags:
        """Return which values a protected count, or a sum of such counts, can have.

        Missing values can always be shown.
        """
        values = _as_counts(counts).to_numpy()
        if self.exact:
            return np.ones(len(values), dtype="bool")
        possible = np.isclose(values % self.step, 0.0) | np.isclose(values % self.step, self.step)
        if self.small is Small.REDACT:
            possible &= ~((values > 0) & (values < self.threshold + 1))
        return np.asarray(possible | np.isnan(values))


def _as_counts(counts: pd.Series) -> pd.Series:
    try:
        numbers = counts.astype(object).where(counts.notna(), np.nan).astype("float64")
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
