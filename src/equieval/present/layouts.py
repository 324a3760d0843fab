"""Table makers: ``layout(data, caption=...) -> Table``, one for each kind of table in a report."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from equieval.present.artefact import Column, Table
from equieval.present.numbers import change_unit, plain


def facts(data: pd.DataFrame, *, caption: str, head: str = "Item", note: str = "") -> Table:
    """Two columns of words: ``item`` and ``words``; under the name ``of`` what, where there."""
    columns = (Column("item", head), Column("words", "Description"))
    grouped_by = "of" if "of" in data.columns else ""
    return Table(caption, data, columns, note=note, row_header="item", grouped_by=grouped_by)


def text_table(
    data: pd.DataFrame, *, caption: str, labels: Mapping[str, str], note: str = ""
) -> Table:
    """Columns of words; ``labels`` gives each column's heading, in order."""
    return Table(caption, data, tuple(Column(key, label) for key, label in labels.items()), note)


def changes(
    data: pd.DataFrame,
    *,
    caption: str,
    unit: str,
    head: str = "Estimator",
    note: str = "",
) -> Table:
    """Estimates of a change with interval and degrees of freedom.

    Parameters
    ----------
    data : ``label, estimate, ci_low, ci_high, df`` and, shown where there, ``reading``. An interval
        that rests on draws or ranks has no degrees of freedom, and none belong to no interval.
    unit : unit of the outcome; differences of percentages are told in percentage points.
    """
    columns = [
        Column("label", head),
        Column("estimate", "Change", change_unit(unit), "change"),
        Column("ci_low", "95% interval", change_unit(unit), "change-interval", upper="ci_high"),
        Column("df", "Degrees of freedom", "", "df"),
    ]
    if "reading" in data.columns:
        columns.append(Column("reading", "Reading"))
    return Table(caption, data, tuple(columns), note=note)


def effects_over_units(
    data: pd.DataFrame, *, caption: str, unit: str, head: str = "Whose effect", note: str = ""
) -> Table:
    """Effects on a sum of units and in the typical one: ``label, estimate, ci_low, ci_high, df``.

    ``weighting`` says who counts how much, ``made`` how the interval was made, or why there is
    none.
    """
    columns = (
        Column("label", head),
        Column("estimate", "Change", change_unit(unit), "change"),
        Column("ci_low", "95% interval", change_unit(unit), "change-interval", upper="ci_high"),
        Column("df", "Degrees of freedom", "", "df"),
        Column("weighting", "Who counts how much"),
        Column("made", "How the interval was made"),
    )
    return Table(caption, data, columns, note=note)


NEEDED_NOTE = (
    "The factor needed is the smallest at which the gap could be none. A factor of 2: each group "
    "may have between half and twice its proportional share of the people, and of the events, of "
    "unknown group (Manski 2003; Horowitz and Manski 2000). Chance comes on top of it."
)


def plausibility_needed(data: pd.DataFrame, *, caption: str, unit: str) -> Table:
    """How unlike those known the others must be: ``label, known, needed`` (infinity: never)."""
    factors = data["needed"].astype(float)
    shown = data.assign(
        needed=factors.where(factors < math.inf), reading=[_needed_words(k) for k in factors]
    )
    columns = (
        Column("label", "Group"),
        Column("known", "Gap among those known", change_unit(unit), "change"),
        Column("needed", "Factor needed", "", "rate", decimals=2),
        Column("reading", "Reading"),
    )
    return Table(caption, shown, columns, note=NEEDED_NOTE)


def _needed_words(factor: float) -> str:
    if math.isinf(factor):
        return "No way of sharing them out makes it vanish."
    if factor <= 1:
        return "Its direction is open in any case."
    return "It stands below this factor."


def where_none_can_be(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """Effects where none can be: ``where, series, estimate, ci_low, ci_high, reading``.

    Units differ from row to row, so ``series`` names them.
    """
    columns = (
        Column("where", "Where"),
        Column("series", "What is estimated"),
        Column("estimate", "Change", "", "change", by_row="ci_high"),
        Column("ci_low", "95% interval", "", "change-interval", upper="ci_high",
               by_row="ci_high"),
        Column("reading", "Reading"),
    )  # fmt: skip
    return Table(caption, data, columns, note=note)


def measure_changes(
    data: pd.DataFrame, *, caption: str, head: str = "Measure", note: str = ""
) -> Table:
    """Changes in several measures, each in its own unit and digits (see `changes`).

    Parameters
    ----------
    data : ``label, unit, estimate, ci_low, ci_high, df``.
    """
    columns = (
        Column("label", head),
        Column("estimate", "Change", "", "change", by_row="estimate"),
        Column("ci_low", "95% interval", "", "change-interval", upper="ci_high",
               by_row="estimate"),
        Column("unit", "Unit"),
        Column("df", "Degrees of freedom", "", "df"),
    )  # fmt: skip
    return Table(caption, data, columns, note=note)


def ratios(
    data: pd.DataFrame,
    *,
    caption: str,
    head: str = "Estimator",
    note: str = "",
) -> Table:
    """Relative effects: ratios with interval and degrees of freedom (see `changes`)."""
    columns = (
        Column("label", head),
        Column("estimate", "Ratio", "1 is no change", "ratio"),
        Column("ci_low", "95% interval", "", "interval", upper="ci_high", decimals=2),
        Column("df", "Degrees of freedom", "", "df"),
    )
    return Table(caption, data, columns, note=note)


def group_rates(
    data: pd.DataFrame, *, caption: str, unit: str, head: str = "Group", note: str = ""
) -> Table:
    """Events, denominator and rate of each group: ``label, numerator, denominator, rate``."""
    columns = (
        Column("label", head),
        Column("numerator", "Events", "", "count"),
        Column("denominator", "Out of", "", "count"),
        Column("rate", "Rate", unit, "rate", decimals=2),
        Column("ci_low", "95% interval", unit, "interval", upper="ci_high", decimals=2),
    )
    return Table(caption, data, columns, note=note)


def measures(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """Inequality measures at one time: ``label, unit, estimate, ci_low, ci_high``."""
    columns = (
        Column("label", "Measure"),
        Column("estimate", "Estimate", "", "rate", by_row="estimate"),
        Column("ci_low", "95% interval", "", "interval", upper="ci_high", by_row="estimate"),
        Column("unit", "Unit"),
    )
    return Table(caption, data, columns, note=note)


def adequacy(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """What the design has against its thresholds: ``criterion, found, ..., judgement``.

    Parameters
    ----------
    data : where there, with ``counted``: how what was found was counted.
    """
    columns = (
        Column("criterion", "What is checked"),
        Column("found", "Found", align="right"),
        Column("can_carry_from", "Can carry from", "", "count"),
        Column("caution_from", "With caution from", "", "count"),
        Column("judgement", "Judgement"),
    )
    counted = data["counted"] if "counted" in data else [""] * len(data)
    found = [plain(value, how) for value, how in zip(data["found"], counted, strict=True)]
    return Table(caption, data.assign(found=found), columns, note=note)


def estimates(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """Estimates as they are, by key: ``id, role, estimate, ci_low, ci_high, df, scale``."""
    columns = (
        Column("id", "Key"),
        Column("role", "Role"),
        Column("estimate", "Estimate", "", "change", decimals=3),
        Column("ci_low", "95% interval", "", "change-interval", upper="ci_high", decimals=3),
        Column("df", "Degrees of freedom", "", "df"),
        Column("scale", "Scale"),
    )
    return Table(caption, data, columns, note=note)


def reassignments(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """How far each effect lies among those of reassigned treatments.

    Parameters
    ----------
    data : ``label`` (with its unit), ``estimate, assignments`` (in words), ``p_value``: the share
        of them that lie at least as far from 0, the true one counted; ``smallest_attainable_p``,
        that share if the true one were the most extreme; ``reading``.
    """
    columns = (
        Column("label", "What is estimated"),
        Column("estimate", "Change", "", "change", by_row="estimate"),
        Column("assignments", "Assignments", align="right"),
        Column("p_value", "p value", "", "rate", decimals=4),
        Column("smallest_attainable_p", "Smallest p value possible", "", "rate", decimals=4),
        Column("reading", "Reading"),
    )
    return Table(caption, data, columns, note=note)


def control_weights(
    data: pd.DataFrame, *, caption: str, head: str = "Comparison area", note: str = ""
) -> Table:
    """What a synthetic control is made of: ``unit, weight`` (shares that sum to 1)."""
    shown = data.sort_values("weight", ascending=False, kind="stable").reset_index(drop=True)
    columns = (Column("unit", head), Column("weight", "Weight", "", "percent", decimals=1))
    return Table(caption, shown, columns, note=note)


def checks(
    data: pd.DataFrame, *, caption: str, head: str = "Item", where: str = "Where", note: str = ""
) -> Table:
    """A checklist (STROBE, RECORD, TIDieR): ``item, asked, answer, where``.

    ``where`` names the place in the report; an item that does not apply says ``[z]``.
    """
    columns = [Column("item", head), Column("asked", "What is asked")]
    if "answer" in data.columns:
        columns.append(Column("answer", "Answer"))
    columns.append(Column("where", where))
    return Table(caption, data, tuple(columns), note=note, row_header="item")
