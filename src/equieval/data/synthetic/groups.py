"""The groups between which inequality is generated.

Shares and relative risks are illustrative round numbers, not estimates of any real place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from equieval.data.synthetic.record import Array

NOT_KNOWN = "Not known"


@dataclass(frozen=True)
class Groups:
    """A dimension of inequality: its levels, how large they are and how they fare.

    Attributes
    ----------
    dimension, column : id as a parameters file names it; column of the table.
    levels : from the most to the least disadvantaged.
    shares : share of each level in the population; together 1.
    relative_risk : risk of a bad outcome, relative to each other.
    ordered : whether the levels are ranked.
    reference : the level that the others are compared with; the last where they are ranked.
    parts : columns that a cross-classification consists of: the part of each level.
    unknown : the level that a person of each level is filed under where coding is missing.
    """

    dimension: str
    column: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    relative_risk: tuple[float, ...]
    reference: str
    ordered: bool = True
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sizes = {len(self.levels), len(self.shares), len(self.relative_risk)}
        sizes |= {len(part) for part in self.parts.values()}
        sizes |= {len(self.unknown)} - {0}
        if len(sizes) != 1 or len(set(self.levels)) != len(self.levels):
            raise ValueError("levels, shares, risks and parts of groups must fit each other")
        if min(self.shares) <= 0 or abs(sum(self.shares) - 1.0) > 1e-9:
            raise ValueError("shares of groups must be positive and add up to 1")
        if self.reference not in self.levels or (
            self.ordered and self.reference != self.levels[-1]
        ):
            raise ValueError("the reference must be a level, the last one of ranked levels")

    @property
    def missing_levels(self) -> tuple[str, ...]:
        """The levels of those whose group is not recorded."""
        return tuple(dict.fromkeys(self.unknown))

    def rates(self, baseline: float | Mapping[str, float], *, high_is_good: bool) -> Array:
        """Return the rate of each level: as given, or around a mean by the relative risks."""
        if isinstance(baseline, Mapping):
            return self.by_level(baseline)
        risk = np.array(self.relative_risk)
        relative = 1.0 / risk if high_is_good else risk
        return np.asarray(baseline * relative / (np.array(self.shares) @ relative))

    def by_level(self, value: float | Mapping[str, float]) -> Array:
        """Return one number per level from one number, or from one per level.

        Raises
        ------
        ValueError : the names given are not the levels.
        """
        if not isinstance(value, Mapping):
            return np.full(len(self.levels), float(value))
        if set(value) != set(self.levels):
            raise ValueError(f"give one number for each of {', '.join(self.levels)}")
        return np.array([float(value[level]) for level in self.levels])


def _deprivation(dimension: str, shares: tuple[float, ...], steepness: float) -> Groups:
    number = len(shares)
    return Groups(
        dimension=dimension,
        column=dimension.replace("-", "_"),
        levels=tuple(str(place + 1) for place in range(number)),
        shares=shares,
        relative_risk=tuple(
            1.0 + steepness * (0.5 - (place + 0.5) / number) for place in range(number)
        ),
        reference=str(number),
        unknown=(NOT_KNOWN,) * number,
    )


QUINTILES = _deprivation("imd-quintile", (0.26, 0.22, 0.19, 0.17, 0.16), 0.6)
DECILES = _deprivation(
    "imd-decile", (0.14, 0.12, 0.115, 0.105, 0.1, 0.09, 0.09, 0.08, 0.08, 0.08), 0.6
)

_ETHNIC = ("Black", "Asian", "Mixed", "Other", "White")
_ETHNIC_SHARES = (0.06, 0.13, 0.04, 0.05, 0.72)
_ETHNIC_RISK = (1.6, 1.35, 1.15, 1.2, 1.0)

ETHNIC_GROUPS = Groups(
    dimension="ethnic-group",
    column="ethnic_group",
    levels=_ETHNIC,
    shares=_ETHNIC_SHARES,
    relative_risk=_ETHNIC_RISK,
    reference="White",
    ordered=False,
    unknown=(NOT_KNOWN,) * len(_ETHNIC),
)

_CORE20 = ("Core20", "rest")
_IN_CORE20 = (0.45, 0.35, 0.3, 0.35, 0.19)

ETHNIC_BY_CORE20 = Groups(
    dimension="ethnic-group-by-core20",
    column="ethnic_group_by_core20",
    levels=tuple(f"{group}, {area}" for area in _CORE20 for group in _ETHNIC),
    shares=(
        *(share * core for share, core in zip(_ETHNIC_SHARES, _IN_CORE20, strict=True)),
        *(share * (1 - core) for share, core in zip(_ETHNIC_SHARES, _IN_CORE20, strict=True)),
    ),
    relative_risk=(*(1.3 * risk for risk in _ETHNIC_RISK), *_ETHNIC_RISK),
    reference="White, rest",
    ordered=False,
    parts={
        "ethnic_group": _ETHNIC * 2,
        "core20": tuple(area for area in _CORE20 for _ in _ETHNIC),
    },
    unknown=tuple(f"{NOT_KNOWN}, {area}" for area in _CORE20 for _ in _ETHNIC),
)

INCLUSION_GROUPS = Groups(
    dimension="inclusion-group",
    column="inclusion_group",
    levels=(
        "Gypsy, Roma and Traveller",
        "Vulnerable migrants",
        "Homeless",
        "Drug and alcohol dependence",
        "Other Core20",
        "Rest",
    ),
    shares=(0.02, 0.05, 0.02, 0.03, 0.2, 0.68),
    relative_risk=(1.8, 1.7, 1.9, 1.6, 1.2, 1.0),
    reference="Rest",
    ordered=False,
)

STAFF_ETHNICITY = Groups(
    dimension="staff-ethnicity",
    column="staff_ethnicity",
    levels=("BME", "White"),
    shares=(0.26, 0.74),
    relative_risk=(1.3, 1.0),
    reference="White",
    ordered=False,
)
