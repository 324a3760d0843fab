"""What things are called on a page: labels and units for figures, tables and sentences.

Makers of `equieval.present` take words as keyword arguments. `page_words` gives those that
follow from the evaluation; `Page.show` passes on the ones that a maker asks for.
"""

from __future__ import annotations

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
UNITLESS = frozenset({"ratio", "rii", "concentration-index-relative"})
GROUPS = {"imd-decile": "tenth", "imd-quintile": "fifth"}
WEIGHTING = {
    "denominator": "each person counts the same; group shares are those of the period",
    "fixed-shares": "each person counts the same; group shares are those before the start",
    "equal": "each unit counts the same; group shares are those before the start",
}


def page_words(spec: PageSpec, evaluation: Evaluation) -> dict[str, Any]:
    """Return the words of a page, from the blocks that it reads.

    Keys: ``outcome, unit, polarity, measure, measure_unit, gap, subject, group, most, least,
    population, source, synthetic, design, start, last_start, horizon, weighting`` and, where
    the page reads the block, ``intervention``.
    """
    primary = evaluation.outcomes.primary
    words: dict[str, Any] = {
        **outcome_words(primary.indicator),
        "measure": measure_name(primary.measure),
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
        "weighting": WEIGHTING.get(primary.weighting, primary.weighting),
        "population": _population(evaluation),
    }
    if "intervention" in spec.reads:
        words["intervention"] = f"the {evaluation.intervention.name}"
    return words


def group_words(evaluation: Evaluation) -> dict[str, Any]:
    """Return what the groups are called: ``group``, and the two that are compared.

    ``most`` and ``least`` where the ends of a scale have names; otherwise the groups go by the
    names of their levels: ``worst_off`` and ``held_against``.
    """
    dimension_id, equity = evaluation.equity.dimension, evaluation.equity
    words: dict[str, Any] = {"group": GROUPS.get(dimension_id, "")}
    if equity.known.numbered:
        return words | {"most": "most deprived", "least": "least deprived"}
    reference = evaluation.outcomes.primary.reference_group or equity.levels[-1]
    worst_off = next(level for level in equity.levels if level != reference)
    return words | {
        "worst_off": called(worst_off),
        "held_against": called(reference),
    }


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


def _population(evaluation: Evaluation) -> str:
    """Return who is counted: the one unit of a series, or the place that the units are in."""
    if isinstance(evaluation.design, Audit):
        return evaluation.design.place
    if evaluation.design.type == "its" or not evaluation.has("population"):
        return evaluation.design.unit
    return evaluation.population.place


def outcome_words(indicator_id: str) -> dict[str, Any]:
    """Return ``outcome`` (in running text), ``unit`` and ``polarity`` of an indicator."""
    found = indicator(indicator_id)
    return {"outcome": outcome_name(indicator_id), "unit": found.unit, "polarity": found.polarity}


def outcome_name(indicator_id: str) -> str:
    """Return an indicator as running text calls its rate.

    >>> outcome_name("stillbirth"), outcome_name("wres-5")[:14]
    ('stillbirth rate', 'rate of WRES 5')
    """
    name = _running(indicator(indicator_id).name)
    return f"{name} rate" if " " not in name else f"rate of {name}"


def measure_name(measure: str) -> str:
    """Return a measure as running text calls it."""
    return MEASURES.get(measure, measure.replace("-", " "))


def measure_unit(measure: str, indicator_id: str) -> str:
    """Return the unit of a measure: that of the indicator, or none for ratios and indices."""
    return "" if measure in UNITLESS else indicator(indicator_id).unit


def gap_name(evaluation: Evaluation) -> str:
    """Return the gap as running text calls it: "deprivation gap in stillbirth"."""
    between = dimension(evaluation.equity.dimension).stratifier
    name = _running(indicator(evaluation.outcomes.primary.indicator).name)
    return f"{between} gap in {name}"


def source_words(evaluation: Evaluation) -> str:
    """Return publishers and licences of all sources, for the foot of a figure."""
    return "; ".join(dict.fromkeys(_source(source) for source in evaluation.data.sources))


def _source(source: Source) -> str:
    return f"{source.publisher} ({source.licence})"


def _running(name: str) -> str:
    """Lower the first letter, unless the word is an abbreviation."""
    first = name.split()[0]
    return name if first.isupper() else name[0].lower() + name[1:]
