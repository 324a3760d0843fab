"""What is estimated, between whom: the outcomes and the dimension of inequality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from equieval.errors import did_you_mean
from equieval.protocol.dimensions import DIMENSIONS, LOCAL_PREFIX, Dimension, dimension
from equieval.protocol.fields import (
    Block,
    Flag,
    IndicatorId,
    Label,
    Labels,
    PeriodLabel,
    Problem,
    Slug,
    Text,
    UnusableValueError,
    repeated,
)

Scale = Literal["absolute", "relative"]
InequalityMeasure = Literal[
    "gap",
    "ratio",
    "sii",
    "rii",
    "concentration-index-absolute",
    "concentration-index-relative",
]
Measure = Literal[
    "rate",
    "gap",
    "ratio",
    "sii",
    "rii",
    "concentration-index-absolute",
    "concentration-index-relative",
]

#: The scales on which each measure can be stated.
SCALES: dict[str, tuple[Scale, ...]] = {
    "rate": ("absolute", "relative"),
    "gap": ("absolute",),
    "ratio": ("relative",),
    "sii": ("absolute",),
    "rii": ("relative",),
    "concentration-index-absolute": ("absolute",),
    "concentration-index-relative": ("relative",),
}
#: Measures that rank the groups, so that the dimension has to be ordered.
RANKED: frozenset[str] = frozenset(
    {"sii", "rii", "concentration-index-absolute", "concentration-index-relative"}
)
#: Measures of one group against another, which an unordered dimension needs a reference for.
PAIRED: frozenset[str] = frozenset({"gap", "ratio"})

ORDERED_MEASURES: tuple[InequalityMeasure, ...] = (
    "gap",
    "ratio",
    "sii",
    "rii",
    "concentration-index-absolute",
    "concentration-index-relative",
)
UNORDERED_MEASURES: tuple[InequalityMeasure, ...] = ("gap", "ratio")

QUINTILE_LEVELS = 10


class Primary(Block):
    """The one estimand that the evaluation is judged by, fixed beforehand."""

    indicator: IndicatorId = Field(description="The outcome, by its id in the catalogue.")
    measure: Measure = Field(
        description="What is compared with the counterfactual: the rate, or an inequality measure."
    )
    scale: Scale = Field(description="Difference or ratio.")
    horizon: PeriodLabel = Field(description="The period at which the effect is stated.")
    reference_group: Label | None = Field(
        default=None, description="The group that others are compared with, where none is ranked."
    )
    weighting: Literal["denominator", "fixed-shares", "equal"] = Field(
        default="denominator",
        description="denominator: each person counts the same, group shares are those of the "
        "period; fixed-shares: group shares of the pre-period, and, where units start at "
        "different times or against a synthetic comparison, each unit counts by its numbers "
        "before the first start; equal: each unit counts the same.",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield a scale that the measure does not have."""
        scales = SCALES[self.measure]
        if self.scale not in scales:
            yield Problem(
                ("scale",),
                f"'{self.measure}' is no {self.scale} measure",
                f"set scale to {scales[0]}, or choose another measure",
            )


class Outcomes(Block):
    """What is estimated: one primary estimand, and what stands beside it."""

    primary: Primary = Field(description="The one estimand that the evaluation is judged by.")
    secondary: tuple[IndicatorId, ...] = Field(
        default=(), description="Further outcomes, by their ids in the catalogue."
    )

    @property
    def indicators(self) -> tuple[str, ...]:
        """All indicators of the evaluation, the primary one first."""
        return (self.primary.indicator, *self.secondary)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the primary estimand, and indicators named twice."""
        for problem in self.primary.problems():
            yield problem.below("primary")
        for id in repeated(self.indicators):
            yield Problem(("secondary",), f"'{id}' is named twice", "name each indicator once")


def _dimension_id(value: str) -> str:
    try:
        dimension(value)
    except KeyError:
        raise UnusableValueError(
            f"unknown dimension '{value}'",
            f"{did_you_mean(value, DIMENSIONS)}; a dimension of your own starts with "
            f"'{LOCAL_PREFIX}'",
        ) from None
    return value


DimensionId = Annotated[
    Slug,
    AfterValidator(_dimension_id),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": list(DIMENSIONS)},
                {"type": "string", "pattern": f"^{LOCAL_PREFIX}[a-z0-9]+(-[a-z0-9]+)*$"},
            ]
        }
    ),
]


class Equity(Block):
    """Between whom inequality is measured, in which order, and how."""

    dimension: DimensionId = Field(description="The dimension of inequality.")
    levels: Labels = Field(
        min_length=2,
        description="Its levels as the data write them, from the most to the least disadvantaged.",
    )
    ordered: Flag = Field(
        default=True, description="Whether the levels are ranked; ethnic groups are not."
    )
    direction: Literal["1-is-most-deprived", "1-is-least-deprived"] | None = Field(
        default=None, description="What level 1 means in the data; needed for deprivation."
    )
    edition: Text | None = Field(
        default=None,
        description="Edition of the index of deprivation, or version of the map of groups.",
    )
    edition_recalled: Flag = Field(
        default=False,
        description="True where the edition was recalled, not read in the source; shown with it.",
    )
    grouping: Literal["none", "quintiles"] = Field(
        default="none", description="Whether deciles are joined to quintiles."
    )
    measures: tuple[InequalityMeasure, ...] = Field(
        default=ORDERED_MEASURES,
        description="Inequality measures; left out, those that fit the dimension.",
    )
    missing_levels: Labels = Field(
        default=(),
        description="Values that mean not stated or not known; each stays a row of its own.",
    )

    @model_validator(mode="before")
    @classmethod
    def _measures_that_fit(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and "measures" not in given:
            ordered = given.get("ordered", True) is True
            return {**given, "measures": ORDERED_MEASURES if ordered else UNORDERED_MEASURES}
        return given

    @property
    def known(self) -> Dimension:
        """What the catalogue of dimensions says of this one."""
        return dimension(self.dimension)

    def problems(self) -> Iterator[Problem]:
        """Yield what does not fit between dimension, levels, direction and measures."""
        yield from self._level_problems()
        yield from self._deprivation_problems()
        for id in repeated(self.measures):
            yield Problem(("measures",), f"'{id}' is named twice", "name each measure once")
        if not self.ordered:
            for measure in self.measures:
                if measure in RANKED:
                    yield Problem(
                        ("measures",),
                        f"'{measure}' ranks the groups, but the dimension is not ordered",
                        "leave it out, or set ordered: true if the levels are ranked",
                    )

    def _level_problems(self) -> Iterator[Problem]:
        known = self.known
        if known.levels is not None and len(self.levels) != known.levels:
            yield Problem(
                ("levels",),
                f"'{self.dimension}' has {known.levels} levels, {len(self.levels)} are named",
                "name every level; an inequality measure over some of them means something else",
            )
        both = [level for level in self.levels if level in self.missing_levels]
        if both:
            yield Problem(
                ("missing_levels",),
                f"{', '.join(both)}: both a level and a missing one",
                "name each value once",
            )
        if self.grouping == "quintiles" and len(self.levels) != QUINTILE_LEVELS:
            yield Problem(
                ("grouping",),
                f"quintiles are made of {QUINTILE_LEVELS} levels, {len(self.levels)} are named",
                "set grouping: none",
            )
        if self.grouping == "quintiles" and not self.ordered:
            yield Problem(
                ("grouping",), "levels that are not ordered have no quintiles", "set grouping: none"
            )

    def _deprivation_problems(self) -> Iterator[Problem]:
        known = self.known
        if known.deprivation and self.edition is None:
            yield Problem(
                ("edition",),
                "deprivation needs the edition of the index: editions are not interchangeable",
                "add e.g. 'edition: IMD 2019'",
            )
        if known.numbered and not self.ordered:
            yield Problem(("ordered",), f"'{self.dimension}' is ordered", "set ordered: true")
        if known.numbered and self.direction is None:
            yield Problem(
                ("direction",),
                "deprivation needs a direction: in some sources 1 is the least deprived",
                "add 'direction: 1-is-most-deprived' or 'direction: 1-is-least-deprived'",
            )
        if self.direction is None or not all(level.isdecimal() for level in self.levels):
            return
        numbers = [int(level) for level in self.levels]
        ascending = self.direction == "1-is-most-deprived"
        if numbers != sorted(numbers, reverse=not ascending):
            yield Problem(
                ("levels",),
                f"the levels contradict the direction '{self.direction}'",
                "list them from the most to the least deprived: "
                + ("from 1 upwards" if ascending else f"from {max(numbers)} downwards"),
            )
