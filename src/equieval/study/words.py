"""What things are called on a page: labels and units for figures, tables and sentences.

Makers of `equieval.present` take words as keyword arguments. `page_words` gives those that
follow from the evaluation; `Page.show` passes on the ones that a maker asks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from equieval.present.groups import called
from equieval.protocol import Evaluation, indicator
from equieval.protocol.dimensions import dimension
from equieval.protocol.evaluation import Audit
from equieval.protocol.periods import period_ordinal
from equieval.protocol.rules import starts_of
from equieval.protocol.sources import Source
from equieval.study.pages import PageSpec

MEASURES = {
    "rate": "rate",
    "gap": "difference between the worst-off and the reference group",
    "ratio": "ratio of the worst-off to the reference group",
    "sii": "slope index of inequality",
    "rii": "relative index of inequality",
    "concentration-index-absolute": "absolute concentration index",
    "concentration-index-relative": "relative concentration index",
}
MEANINGS = {
    "sii": "The slope index of inequality is the difference between the two ends of the scale of "
    "{scale}, read off a line through every group",
    "rii": "The relative index of inequality is the ratio of the two ends of the scale of {scale}, "
    "read off a line through every group",
}
"""What a measure is, for a reader who does not work with it."""
BETWEEN_TWO = {"gap": "difference between {ends}", "ratio": "ratio of {first} to {second}"}
UNITLESS = frozenset({"ratio", "rii", "concentration-index-relative"})
GROUPS = {"imd-decile": "tenth", "imd-quintile": "fifth"}
WEIGHTING = {
    "denominator": "each person counts the same; group shares are those of the period",
    "fixed-shares": "each person counts the same; group shares are those before the start",
    "equal": "each unit counts the same; group shares are those before the start",
}
BY_SIZE_BEFORE = (
    "each person counts the same, by the numbers before the start; group shares are those before "
    "the start"
)


def page_words(spec: PageSpec, evaluation: Evaluation) -> dict[str, Any]:
    """Return the words of a page, from the blocks that it reads.

    Keys: ``outcome, unit, polarity, measure, measure_meaning, measure_unit, gap, subject, group,
    most, least, population, source, synthetic, design, start, last_start, horizon, weighting,
    compared, adjusted`` and, where the page reads the block, ``intervention``.
    """
    primary = evaluation.outcomes.primary
    words: dict[str, Any] = {
        **outcome_words(primary.indicator),
        "measure": measure_name(primary.measure, evaluation),
        "measure_meaning": _meaning(evaluation),
        "measure_unit": measure_unit(primary.measure, primary.indicator),
        "gap": gap_name(evaluation),
        "subject": gap_name(evaluation),
        **group_words(evaluation),
        "source": source_words(evaluation),
        "synthetic": evaluation.identity.synthetic,
        "design": evaluation.design.type,
        "start": first_start(evaluation),
        "last_start": last_start(evaluation),
        "horizon": primary.horizon,
        "weighting": _weighting(evaluation),
        "compared": evaluation.design.unit if hasattr(evaluation.design, "covariates") else "",
        "adjusted": adjusted_for(getattr(evaluation.design, "covariates", ())),
        "population": _population(evaluation, spec),
    }
    if "intervention" in spec.reads:
        words["intervention"] = f"the {evaluation.intervention.name}"
    return words


def _weighting(evaluation: Evaluation) -> str:
    """Return who counts how much; with several starts a unit has one number over all periods."""
    weighting = evaluation.outcomes.primary.weighting
    if weighting == "fixed-shares" and evaluation.design.type in ("staggered-did", "synthetic-did"):
        return BY_SIZE_BEFORE
    return WEIGHTING[weighting]


def adjusted_for(covariates: Iterable[str]) -> str:
    """Return what is adjusted for, in running text; empty for nothing."""
    names = [f"the {outcome_name(name)}" for name in covariates]
    return f"{' and '.join(names)} before the start" if names else ""


def group_words(evaluation: Evaluation) -> dict[str, Any]:
    """Return what the groups are called: ``group``, and the two that are compared.

    ``most`` and ``least`` where the ends of a scale have names; otherwise the groups go by the
    names of their levels: ``worst_off`` and ``held_against``.
    """
    equity = evaluation.equity
    words: dict[str, Any] = {"group": _noun(evaluation)}
    if equity.known.numbered:
        return words | {"most": "most deprived", "least": "least deprived"}
    reference = evaluation.outcomes.primary.reference_group or equity.levels[-1]
    worst_off = next(level for level in equity.levels if level != reference)
    return words | {
        "worst_off": called(worst_off),
        "held_against": called(reference),
    }


def compared_groups(evaluation: Evaluation) -> tuple[str, str]:
    """Return what the two groups that are compared are called, the worst-off first."""
    words = group_words(evaluation)
    if "most" in words:
        return called(words["most"], words["group"]), called(words["least"], words["group"])
    return words["worst_off"], words["held_against"]


def _noun(evaluation: Evaluation) -> str:
    """Return what one numbered group is called; tenths that are joined are fifths."""
    if evaluation.equity.grouping == "quintiles":
        return GROUPS["imd-quintile"]
    return GROUPS.get(evaluation.equity.dimension, "")


def _meaning(evaluation: Evaluation) -> str:
    words = MEANINGS.get(evaluation.outcomes.primary.measure, "")
    return words.format(scale=dimension(evaluation.equity.dimension).stratifier)


def first_start(evaluation: Evaluation) -> str | None:
    """Return the first period in which anybody is exposed, as the parameters write it."""
    starts = starts_of(evaluation.design)
    frequency = evaluation.data.frequency
    return min(starts, key=lambda name: period_ordinal(name, frequency)) if starts else None


def last_start(evaluation: Evaluation) -> str | None:
    """Return the period in which the last unit is exposed, where they start at several times."""
    starts, frequency = starts_of(evaluation.design), evaluation.data.frequency
    if len(set(starts)) < 2:
        return None
    return max(starts, key=lambda name: period_ordinal(name, frequency))


def _population(evaluation: Evaluation, spec: PageSpec) -> str:
    """Return who is counted: the one unit of a series, or the place that the units are in.

    A page that does not read the place says how many units: all that are compared, or, where one
    series is set against others, on the page that describes it those that take part.
    """
    design = evaluation.design
    if isinstance(design, Audit):
        return design.place
    if design.type == "its":
        return design.unit
    if evaluation.has("population"):
        return evaluation.population.place
    return _units(evaluation, spec)


def _units(evaluation: Evaluation, spec: PageSpec) -> str:
    """Return ``"24 LMNSs"``, or ``"the 8 LMNSs that take part"``."""
    design = evaluation.design
    treated, controls = (getattr(design, name, ()) for name in ("treated", "controls"))
    one_series = design.type == "controlled-its" and spec.id == "baseline-inequality"
    units = treated if one_series else (*treated, *controls)
    if one_series:
        return f"the {len(units)} {design.unit}s that take part"
    return f"{len(units)} {design.unit}s"


def outcome_words(indicator_id: str) -> dict[str, Any]:
    """Return ``outcome`` (in running text), ``unit`` and ``polarity`` of an indicator."""
    found = indicator(indicator_id)
    return {"outcome": outcome_name(indicator_id), "unit": found.unit, "polarity": found.polarity}


def outcome_name(indicator_id: str) -> str:
    """Return an indicator as running text calls its rate.

    >>> outcome_name("stillbirth"), outcome_name("neonatal-mortality")
    ('stillbirth rate', 'neonatal mortality rate')
    >>> outcome_name("wres-4")
    'rate of access to non-mandatory training (WRES 4)'
    """
    name = indicator(indicator_id).in_text
    if " " not in name or name.endswith("mortality"):
        return f"{name} rate"
    return f"rate of {name}"


def measure_name(measure: str, evaluation: Evaluation | None = None) -> str:
    """Return a measure as running text calls it; of an evaluation, with the groups that it names.

    A difference or ratio is between two groups: the ends of the scale, or the worst-off and the
    one that it is held against.
    """
    if evaluation is None or measure not in BETWEEN_TWO:
        return MEASURES.get(measure, measure.replace("-", " "))
    words = group_words(evaluation)
    first, second = compared_groups(evaluation)
    ends = f"{first} and {second}"
    if "most" in words:
        ends = f"the {words['most']} and the {words['least']} {words['group']}".strip()
    if indicator(evaluation.outcomes.primary.indicator).polarity == "high":
        # Ratios above 1 are worse for the worst-off: where high is good they are turned round.
        first, second = second, first
    return BETWEEN_TWO[measure].format(ends=ends, first=first, second=second)


def measure_unit(measure: str, indicator_id: str) -> str:
    """Return the unit of a measure: that of the indicator, or none for ratios and indices."""
    return "" if measure in UNITLESS else indicator(indicator_id).unit


def gap_name(evaluation: Evaluation) -> str:
    """Return the gap as running text calls it: "deprivation gap in stillbirth"."""
    between = dimension(evaluation.equity.dimension).stratifier
    name = indicator(evaluation.outcomes.primary.indicator).in_text
    return f"{between} gap in {name}"


def source_words(evaluation: Evaluation) -> str:
    """Return publishers and licences of all sources, for the foot of a figure."""
    return "; ".join(dict.fromkeys(_source(source) for source in evaluation.data.sources))


def _source(source: Source) -> str:
    return f"{source.publisher} ({source.licence})"


def as_clause(note: str) -> str:
    """Return a note as part of a sentence.

    >>> as_clause("The autocorrelation runs to its limit.")
    'the autocorrelation runs to its limit'
    """
    return (note[:1].lower() + note[1:]).rstrip(".")
