"""Tables of an audit: ``maker(data, caption=...) -> Table`` over the frames of its analyses."""

from __future__ import annotations

import math

import pandas as pd

from equieval.data import ALL
from equieval.present.artefact import Column, Table
from equieval.study.audit_reported import REFERENCE

EVERYBODY = "Everybody"
ALL_ORGANISATIONS = "All organisations"


def counts(data: pd.DataFrame, *, caption: str, reference: str, note: str = "") -> Table:
    """How many people each source counts, beside the reference source."""
    columns = (
        Column("label", "Source"),
        Column("stratum", "Group"),
        Column("denominator", "Count", "", "count"),
        Column(f"denominator{REFERENCE}", f"Count in {reference}", "same cells", "count"),
        Column("estimate", "Ratio", "1 is the same", "ratio", decimals=3),
        Column("judgement", "Judgement"),
    )
    return Table(caption, _everybody(data), columns, note=note)


def counts_by_period(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """How many people each source counts by period, over the reference source's count."""
    columns = (
        Column("label", "Source"),
        Column("period", "Period", "", "period"),
        Column("estimate", "Ratio", "1 is the same", "rate", decimals=3),
        Column("usual", "Usual ratio", "median", "rate", decimals=3),
        Column("judgement", "Judgement"),
    )
    return Table(caption, data, columns, note=note)


def rates(data: pd.DataFrame, *, caption: str, reference: str, unit: str, note: str = "") -> Table:
    """The rate of each group in each source, beside the reference source."""
    columns = (
        Column("label", "Source"),
        Column("stratum", "Group"),
        Column("rate", "Rate", unit, "rate", decimals=1),
        Column("rate_reference", f"Rate in {reference}", "same cells", "rate", decimals=1),
        Column("estimate", "Difference", "", "change", decimals=1),
        Column("ci_low", "95% interval of a sample", "", "change-interval", upper="ci_high",
               decimals=1),
        Column("judgement", "Judgement"),
    )  # fmt: skip
    samples = data["counts"] == "sample"
    shown = _everybody(data).assign(ci_low=data["ci_low"].astype(object).where(samples, "[z]"))
    return Table(caption, shown, columns, note=note)


def coded(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """The share of people whose group is recorded, by source and organisation."""
    whole = data[data["period"].isna()].reset_index(drop=True)
    shown = whole.assign(organisation=whole["organisation"].replace(ALL, ALL_ORGANISATIONS))
    columns = (
        Column("label", "Source"),
        Column("organisation", "Organisation"),
        Column("denominator", "People", "", "count"),
        Column("estimate", "Group recorded", "% of people", "rate", decimals=1),
        Column("ci_low", "95% interval", "", "interval", upper="ci_high", decimals=1),
    )
    return Table(caption, shown, columns, note=note)


def coded_by_group(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """The share of each group whose group is recorded, judged by the best coded source."""
    columns = (
        Column("label", "Source"),
        Column("stratum", "Group"),
        Column("estimate", "Group recorded", "% of the group", "rate", decimals=0),
        Column("ci_low", "Bounds", "", "interval", upper="ci_high", decimals=0),
        Column("against", "Judged by"),
    )
    return Table(caption, data, columns, note=note)


def published_coding(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """The coding that sources publish, beside that of their own counts."""
    columns = (
        Column("label", "Source"),
        Column("organisation", "Organisation"),
        Column("published", "As published", "% of records", "rate", decimals=1),
        Column("counted", "From the counts", "% of people", "rate", decimals=1),
        Column("difference", "Difference", "percentage points", "change", decimals=1),
    )
    return Table(caption, data, columns, note=note)


def rates_by_source(data: pd.DataFrame, *, caption: str, unit: str, note: str = "") -> Table:
    """Events, people and rate of each group in each source."""
    columns = (
        Column("label", "Source"),
        Column("stratum", "Group"),
        Column("numerator", "Events", "", "count"),
        Column("denominator", "Out of", "", "count"),
        Column("rate", "Rate", unit, "rate", decimals=1),
        Column("ci_low", "95% interval", unit, "interval", upper="ci_high", decimals=1),
    )
    return Table(caption, _everybody(data), columns, note=note)


def gaps(
    data: pd.DataFrame, *, caption: str, head: str = "Source", unit: str = "", note: str = ""
) -> Table:
    """Measures of inequality by source or organisation (column ``label``) and group."""
    columns = (
        Column("label", head),
        Column("stratum", "Group"),
        Column("estimate", "Estimate", unit, "rate", decimals=2 if not unit else 1),
        Column("ci_low", "95% interval", "", "interval", upper="ci_high",
               decimals=2 if not unit else 1),
    )  # fmt: skip
    return Table(caption, data, columns, note=note)


def bounds(data: pd.DataFrame, *, caption: str, unit: str, note: str = "") -> Table:
    """What the gap could be if people of unknown group differ from those known."""
    shown = data.assign(estimate=data["known"], allowed=[_allowed(k) for k in data["plausibility"]])
    columns = (
        Column("stratum", "Group"),
        Column("allowed", "People of unknown group"),
        Column("low", "Bounds", unit, "interval", upper="high", decimals=1),
        Column("ci_low", "Bounds with chance", unit, "interval", upper="ci_high", decimals=1),
    )
    return Table(caption, shown, columns, note=note)


def known_truths(data: pd.DataFrame, *, caption: str, note: str = "") -> Table:
    """How often each thing that an audit reports held the truth: ``about, held, draws``."""
    columns = (
        Column("about", "What is reported"),
        Column("held", "Truth held, or problem found", "", "count"),
        Column("draws", "Repetitions", "", "count"),
    )
    return Table(caption, data, columns, note=note)


def _allowed(plausibility: float) -> str:
    if math.isinf(plausibility):
        return "anything the counts allow"
    if plausibility == 1:
        return "as those known"
    return f"up to {plausibility:g} times as many, or as few"


def _everybody(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(stratum=data["stratum"].replace(ALL, EVERYBODY))
