"""The groups between which inequality is measured, and what they are called.

Deprivation has an order, and numbered levels: its ends are "the most deprived decile" and
"the least deprived decile". Ethnic groups and their like have none: the first level is the
one that fares worst and the last the one it is held against, each called by its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers
from equieval.present.wording import capitalise

MOST, LEAST = "most deprived", "least deprived"
WORST_OFF = "the most deprived"
"""What statements call the worst-off where the caller gives no name."""


def called(end: str, group: str = "group") -> str:
    """Return what a group is called in running text.

    >>> called("most deprived", "decile"), called("Black"), called("Inclusion-health groups")
    ('the most deprived decile', 'the Black group', 'the Inclusion-health groups')
    """
    if group and end.casefold().endswith((group, f"{group}s")):
        return f"the {end}"
    return " ".join(part for part in ("the", end, group) if part)


def groups_called(names: Iterable[str], group: str = "group") -> str:
    """Return what several groups are called together in running text.

    A group's name is no noun for the people in it: ``group`` follows (``"ethnic group"``).

    >>> groups_called(["Black", "Asian"], "ethnic group")
    'the Black and Asian ethnic groups'
    >>> groups_called(["Mixed (86%)"]), groups_called(["1", "2"]), groups_called(["Carers group"])
    ('the Mixed (86%) group', 'groups 1 and 2', 'the Carers group')
    """
    listed = list(names)
    if any(name.partition(" (")[0].casefold().endswith(("group", "groups")) for name in listed):
        return numbers.listing([f"the {name}" for name in listed])
    noun = group if len(listed) == 1 else f"{group}s"
    if all(name[:1].isdigit() for name in listed):
        return f"{noun} {numbers.listing(listed)}"
    return f"the {numbers.listing(listed)} {noun}"


@dataclass(frozen=True)
class Groups:
    """The groups of a figure or sentence and how they are called.

    Attributes
    ----------
    levels : from the most to the least deprived or disadvantaged; without an order, the
        worst-off first and the reference last.
    group : what one is called, e.g. ``"decile"``.
    most, least : what the two ends are called.
    """

    levels: tuple[str, ...]
    group: str
    most: str
    least: str

    @classmethod
    def of(
        cls,
        strata: pd.Series,
        levels: Sequence[str] | None = None,
        group: str | None = None,
        most: str | None = None,
        least: str | None = None,
    ) -> Groups:
        """Check the levels against the data; without levels, take the data's order.

        Where ``group``, ``most`` or ``least`` are not given, numbered levels are deciles from
        the most to the least deprived, and levels with names go by their names.

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
        if not any(level.isdigit() for level in order):
            # A name of its own is never replaced by an order that the levels may not have.
            return cls(order, group or "group", most or order[0], least or order[-1])
        return cls(order, "decile" if group is None else group, most or MOST, least or LEAST)

    @property
    def ends(self) -> tuple[str, str]:
        """The most and the least deprived level, or the worst-off and the reference."""
        return self.levels[0], self.levels[-1]

    @property
    def named(self) -> bool:
        """Whether the levels go by names rather than by numbers."""
        return not any(level.isdigit() for level in self.levels)

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
        if self.named:
            return f"{capitalise(end)} ({name})"
        return f"{capitalise(end)} ({name.replace(' ', numbers.NO_BREAK)})"

    @property
    def most_words(self) -> str:
        """Return ``"the most deprived decile"``, or ``"the Black group"``."""
        return called(self.most, self.group)

    @property
    def least_words(self) -> str:
        """Return ``"the least deprived decile"``, or ``"the White group"``."""
        return called(self.least, self.group)

    def others(self, count: int) -> str:
        """Return what the groups between the ends are called together."""
        noun = self.group or "group"
        if count == 1:
            return f"The other {noun}"
        return f"The other {count} {noun}s"
