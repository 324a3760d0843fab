"""Words that the figures share: subtitles, group names, and where a point lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers
from equieval.present.periods import span_label


def capitalise(text: str) -> str:
    """Return text with a capital first letter and the rest as it was."""
    return text[:1].upper() + text[1:]


def subtitle(quantity: str, population: str, periods: pd.PeriodIndex | None = None) -> str:
    """Return ``"Stillbirths per 1,000 births, England, 2010 to 2023"``."""
    parts = [capitalise(quantity), population]
    if periods is not None:
        parts.append(span_label(periods))
    return ", ".join(part for part in parts if part)


def column(data: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return a column as floats, missing as NaN; an absent column is all missing."""
    if name not in data.columns:
        return np.full(len(data), np.nan)
    values: np.ndarray[tuple[int], np.dtype[np.float64]] = pd.to_numeric(
        data[name], errors="coerce"
    ).to_numpy(dtype="float64", na_value=np.nan)
    return values


@dataclass(frozen=True)
class Groups:
    """The ordered groups of a figure and how they are called.

    Attributes
    ----------
    levels : from the most to the least deprived or disadvantaged.
    group : what one is called, e.g. ``"decile"``.
    most, least : what the two ends are called.
    """

    levels: tuple[str, ...]
    group: str
    most: str
    least: str

    @classmethod
    def of(
        cls, strata: pd.Series, levels: Sequence[str] | None, group: str, most: str, least: str
    ) -> Groups:
        """Check the levels against the data; without levels, take the data's order.

        Raises
        ------
        InputError : fewer than two groups, or an end that the data do not have.
        """
        present = list(dict.fromkeys(strata.astype(str)))
        order = tuple(str(level) for level in levels) if levels else tuple(present)
        order = tuple(level for level in order if level in present) if levels else order
        if len(order) < 2:
            raise InputError(
                "a figure by group needs at least two of its groups in the data",
                where=f"groups {', '.join(map(str, levels or ())) or 'of the frame'}",
                remedy=did_you_mean(str((levels or present or ["?"])[0]), present or ["none"]),
            )
        return cls(order, group, most, least)

    @property
    def ends(self) -> tuple[str, str]:
        """The most and the least deprived level."""
        return self.levels[0], self.levels[-1]

    def name(self, level: str) -> str:
        """Return ``"decile 3"`` for a numbered level, else the level's own name."""
        return f"{self.group} {level}" if level.isdigit() and self.group else level

    def label(self, level: str) -> str:
        """Return the direct label of a level: ``"Most deprived (decile 1)"``."""
        first, last = self.ends
        end = self.most if level == first else self.least if level == last else ""
        name = self.name(level)
        if not end or end.casefold() == name.casefold():
            return capitalise(name)
        return f"{capitalise(end)} ({name.replace(' ', numbers.NO_BREAK)})"

    @property
    def most_words(self) -> str:
        """Return ``"the most deprived decile"``."""
        return " ".join(part for part in ("the", self.most, self.group) if part)

    @property
    def least_words(self) -> str:
        """Return ``"the least deprived decile"``."""
        return " ".join(part for part in ("the", self.least, self.group) if part)


def above_or_below(difference: float, unit: str, digits: int | None = None) -> str:
    """Return ``"2.27 per 1,000 above"``, ``"0.40 … below"`` or ``"level with"``."""
    text = numbers.number(abs(difference), digits)
    if numbers.is_missing(difference):
        return "at an unknown distance from"
    if not text.strip("0.,"):
        return "level with"
    side = "above" if difference > 0 else "below"
    return f"{numbers.of_unit(text, unit)} {side}"
