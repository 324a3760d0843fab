"""Table makers: ``layout(data, caption=...) -> Table``, one for each kind of table in a report."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from equieval.present.artefact import Column, Table
from equieval.present.numbers import plain


def facts(data: pd.DataFrame, *, caption: str, head: str = "Item", note: str = "") -> Table:
    """Two columns of words: ``item`` and ``words``."""
    columns = (Column("item", head), Column("words", "Description"))
    return Table(caption, data, columns, note=note, row_header="item")


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
    data : ``label, estimate, ci_low, ci_high, df`` and, shown where there, ``reading``.
    unit : unit of the estimates.
    """
    columns = [
        Column("label", head),
        Column("estimate", "Change", unit, "change"),
        Column("ci_low", "95% interval", unit, "change-interval", upper="ci_high"),
        Column("df", "Degrees of freedom", "", "df"),
    ]
    if "reading" in data.columns:
        columns.append(Column("reading", "Reading"))
    return Table(caption, data, tuple(columns), note=note)


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
        Column("estimate", "Estimate", "", "rate", decimals=2),
        Column("ci_low", "95% interval", "", "interval", upper="ci_high", decimals=2),
        Column("unit", "Unit"),
    )
    return Table(caption, data, columns, note=note)


def adequacy(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """What the design has against its thresholds: ``criterion, found, ..., judgement``."""
    columns = (
        Column("criterion", "What is checked"),
        Column("found", "Found", align="right"),
        Column("can_carry_from", "Can carry from", "", "count"),
        Column("caution_from", "With caution from", "", "count"),
        Column("judgement", "Judgement"),
    )
    shown = data.assign(found=[plain(value) for value in data["found"]])
    return Table(caption, shown, columns, note=note)


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
