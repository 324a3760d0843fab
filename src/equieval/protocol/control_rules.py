"""Rules between control outcomes or placebo groups and the other blocks."""

from __future__ import annotations

from collections.abc import Iterator

from equieval.errors import did_you_mean
from equieval.protocol.blocks import GivenBlocks
from equieval.protocol.design import InterruptedTimeSeries
from equieval.protocol.fields import KeyPath, Problem
from equieval.protocol.outcomes import Equity

LEAST_CONTROLS_LEFT = 2
_FIFTHS = ("1", "2", "3", "4", "5")


def control_outcomes_are_others(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield control outcomes that the evaluation asks about: those may move."""
    for position, control in enumerate(evaluation.robustness.control_outcomes):
        if control.indicator in evaluation.outcomes.indicators:
            is_primary = control.indicator == evaluation.outcomes.primary.indicator
            which = "the primary outcome" if is_primary else "a secondary outcome"
            yield Problem(
                ("robustness", "control_outcomes", position, "indicator"),
                f"'{control.indicator}' is {which}, so the evaluation asks whether the "
                "intervention moved it",
                "name an outcome that the intervention cannot move",
            )


def control_outcomes_are_provided(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield control outcomes that no source provides."""
    provided = {id for source in evaluation.data.sources for id in source.indicators}
    for position, control in enumerate(evaluation.robustness.control_outcomes):
        if control.indicator not in provided:
            yield Problem(
                ("robustness", "control_outcomes", position, "indicator"),
                f"no source provides '{control.indicator}'",
                "add it under the indicators of a source "
                f"({did_you_mean(control.indicator, provided)})",
            )


def control_outcomes_are_stratified(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield sources of control outcomes that have no column for the dimension."""
    dimension = evaluation.equity.dimension
    wanted = [control.indicator for control in evaluation.robustness.control_outcomes]
    for position, source in enumerate(evaluation.data.sources):
        given = [id for id in wanted if id in source.indicators]
        if given and dimension not in source.dimensions:
            yield Problem(
                ("data", "sources", position, "dimensions"),
                f"the source gives {', '.join(given)} but no column for '{dimension}'",
                f"add '{dimension}: <column>'",
            )


def placebo_levels_are_some_of_them(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield placebo groups of levels that are not there, or that are everybody."""
    levels, dimension = _compared(evaluation.equity), evaluation.equity.dimension
    for position, group in enumerate(evaluation.robustness.placebo_groups):
        path: KeyPath = ("robustness", "placebo_groups", position, "levels")
        for level in group.levels:
            if level in evaluation.equity.missing_levels:
                yield Problem(
                    path,
                    f"'{level}' means that the group is not known: some of these people may be "
                    "served",
                    "name levels whose people the intervention does not serve",
                )
            elif level not in levels:
                yield Problem(
                    path,
                    f"'{level}' is no level of '{dimension}'"
                    + (" joined to fifths" if levels == _FIFTHS else ""),
                    did_you_mean(level, levels),
                )
        if set(group.levels) >= set(levels):
            yield Problem(
                path,
                f"'{group.name}' is everybody, so nobody is left whom the intervention serves",
                "name only the levels whose people the intervention does not serve",
            )


def placebo_units_are_controls(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield placebo units that are treated, not there, or all of the controls."""
    design = evaluation.design
    controls: tuple[str, ...] = getattr(design, "controls", ())
    treated: tuple[str, ...] = getattr(design, "treated", ())
    for position, group in enumerate(evaluation.robustness.placebo_groups):
        path: KeyPath = ("robustness", "placebo_groups", position, "units")
        if not group.units:
            continue
        if isinstance(design, InterruptedTimeSeries):
            yield Problem(
                path,
                f"'{design.type}' has one unit, '{design.unit}', and no controls",
                "name levels of the dimension, or choose a design with controls",
            )
            continue
        strangers = [unit for unit in group.units if unit not in controls]
        for unit in strangers:
            yield Problem(
                path,
                f"'{unit}' is treated: an effect can show there"
                if unit in treated
                else f"'{unit}' is no control unit",
                "name control units" if unit in treated else did_you_mean(unit, controls),
            )
        left = len(set(controls) - set(group.units))
        if controls and not strangers and left < LEAST_CONTROLS_LEFT:
            yield Problem(
                path,
                f"'{group.name}' leaves {left} of {len(controls)} controls to compare it with",
                f"leave at least {LEAST_CONTROLS_LEFT} controls out of it",
            )


def _compared(equity: Equity) -> tuple[str, ...]:
    """Return the levels as they are compared: deciles that are joined are fifths."""
    return _FIFTHS if equity.grouping == "quintiles" else equity.levels
