"""Where no effect can be: outcomes and groups that the intervention cannot move.

Negative controls (Lipsitch, Tchetgen Tchetgen and Cohen 2010, Epidemiology 21:383): what the
intervention cannot move, but what else happened at the time, or a change in how figures are
recorded, would. An effect found there counts against the one that was sought.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from equieval.protocol.fields import Block, IndicatorId, Labels, Problem, Text, Texts, repeated

_BECAUSE = (
    "Why the intervention cannot have moved it, and what else would have: an argument, fixed "
    "before it is looked at."
)


class ControlOutcome(Block):
    """An outcome that the intervention cannot move: a negative control."""

    indicator: IndicatorId = Field(
        description="The control outcome, by its id in the catalogue; a source provides it."
    )
    because: Text = Field(description=_BECAUSE)


class PlaceboGroup(Block):
    """People or units that the intervention did not reach: levels or units, not both."""

    name: Text = Field(description="What readers call the group.")
    levels: Labels = Field(
        default=(),
        description="Levels of the dimension whose people the intervention does not serve; their "
        "rate is estimated as the outcome is. With grouping: quintiles, fifths from '1' to '5'.",
    )
    units: Texts = Field(
        default=(),
        description="Control units that are taken as treated from the (first) start on, against "
        "the other controls; those really treated are left out.",
    )
    because: Text = Field(description=_BECAUSE)

    def problems(self) -> Iterator[Problem]:
        """Yield a group of nobody, or of levels and units at once, and units named twice."""
        if bool(self.levels) == bool(self.units):
            yield Problem(
                ("levels",) if self.levels else (),
                f"the placebo group '{self.name}' has "
                + ("levels and units" if self.levels else "neither levels nor units"),
                "give either levels (people whom the intervention does not serve) or units "
                "(controls that are taken as treated)",
            )
        for unit in repeated(self.units):
            yield Problem(("units",), f"'{unit}' is listed twice", "name each unit once")


def control_problems(
    outcomes: tuple[ControlOutcome, ...], groups: tuple[PlaceboGroup, ...]
) -> Iterator[Problem]:
    """Yield what is wrong among the control outcomes and placebo groups of a protocol."""
    for id in repeated(outcome.indicator for outcome in outcomes):
        yield Problem(("control_outcomes",), f"'{id}' is named twice", "name each outcome once")
    for name in repeated(group.name for group in groups):
        yield Problem(
            ("placebo_groups",), f"'{name}' is named twice", "give each group a name of its own"
        )
    for position, group in enumerate(groups):
        for problem in group.problems():
            yield problem.below("placebo_groups", position)
