"""What an audit finds wrong with the data; the rules are in `equieval.study.audit_findings`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from equieval.data import ALL
from equieval.data.periods import spans
from equieval.present import numbers
from equieval.present.groups import groups_called
from equieval.present.periods import period_label
from equieval.protocol import indicator
from equieval.study.audit_agreement import AGREES, CANNOT_TELL, FEWER
from equieval.study.audit_evidence import Evidence, Finding, more_or_fewer, percent
from equieval.study.audit_reported import Reported


def _coding(evidence: Evidence) -> Iterator[Finding]:
    tolerances = evidence.found.tolerances
    target = tolerances.coded_at_least
    shares, groups = evidence.agreement["coded"], evidence.agreement["coded_by_group"]
    for source in dict.fromkeys(shares["source"]):
        own = shares[(shares["source"] == source) & shares["period"].isna()]
        whole = own[own["organisation"] == ALL].iloc[0]
        parts = own[own["organisation"] != ALL]
        by_group = groups[groups["source"] == source]
        low_parts = parts[parts["estimate"] < target]
        # A group counts as below only where its bounds are: they are not sampling error.
        low_groups = by_group[by_group["ci_high"] < target].sort_values("estimate")
        if whole["estimate"] >= target and low_parts.empty and low_groups.empty:
            continue
        words = (
            f"{whole['label']}: the {evidence.group_word} is recorded for "
            f"{percent(whole['estimate'])} of people"
        )
        if len(low_parts):
            lowest = low_parts.loc[low_parts["estimate"].idxmin()]
            words += f", for fewest at {lowest['organisation']} ({percent(lowest['estimate'])})"
        if len(low_groups):
            named = [f"{g['stratum']} ({g['estimate']:.0f}%)" for _, g in low_groups.iterrows()]
            against = str(low_groups["against"].iloc[0])
            words += (
                f"; by group, judged by the {against} source, for fewer than {target:g}% in "
                f"{groups_called(named, evidence.group_word)}"
            )
        words += "." + _informative(evidence, source)
        first = (
            ", and find out why it is missing most often in "
            + groups_called([low_groups["stratum"].iloc[0]], evidence.group_word)
            if len(low_groups)
            else ""
        )
        yield Finding(
            "coding",
            source,
            words,
            f"{whole['label']} source: record the {evidence.group_word} of everybody as they "
            f"describe it themselves, at the first contact{first}.",
            evidence.owner(source),
            f"Share of people with the {evidence.group_word} recorded in the {whole['label']} "
            f"source, by organisation, {evidence.period} and group: at least {target:g}%.",
            "source-agreement",
        )


def _informative(evidence: Evidence, source: str) -> str:
    """Say whether people of unknown group fare otherwise than the others."""
    rates = evidence.inequality["rates"]
    own = rates[rates["source"] == source].set_index("stratum")
    unknown = [s for s in evidence.found.unknown(source) if s in own.index]
    if not unknown or ALL not in own.index:
        return ""
    row, every = own.loc[unknown[0]], own.loc[ALL, "rate"]
    if row["ci_low"] <= every <= row["ci_high"]:
        return ""
    return (
        f" Who is not recorded differs: {numbers.number(row['rate'], 1)} against "
        f"{numbers.number(every, 1)} over all ({indicator(evidence.found.outcome).unit})."
    )


def _missing(evidence: Evidence) -> Iterator[Finding]:
    found = evidence.found
    for source in found.counting_everyone():
        absent = missing_cells(found, source)
        if absent.empty:
            continue
        words = [
            f"{organisation} for {spans(rows['period'])}"
            for organisation, rows in absent.groupby("organisation", sort=False)
        ]
        yield Finding(
            "missing",
            source,
            f"{evidence.label(source)}: no figures, or not of every group, of "
            f"{numbers.listing(words)}{_because(evidence, source)}. Missing is not zero: these are "
            "left out of every total and comparison.",
            f"{evidence.label(source)} source: obtain the missing figures, or the reason why they "
            "failed, and leave the organisation out of totals until then.",
            evidence.owner(source),
            f"Every organisation has a figure of every group in every {evidence.period} of the "
            f"{evidence.label(source)} source.",
            "data-audit",
        )


def _because(evidence: Evidence, source: str) -> str:
    """Return why figures of a source are missing, where the parameters say so."""
    given = next(s for s in evidence.evaluation.data.sources if s.id == source)
    reasons = given.missing_because.get(evidence.found.outcome, {}).values()
    said = "; ".join(dict.fromkeys(reason.rstrip(".") for reason in reasons))
    return f" ({said[:1].lower()}{said[1:]})" if said else ""


def missing_cells(found: Reported, source: str) -> pd.DataFrame:
    """Return where a source gives no figure of one of its groups: ``organisation, period``."""
    rows = found.of(source)
    absent = rows[rows[["numerator", "denominator"]].isna().any(axis=1)]
    return absent[["organisation", "period"]].drop_duplicates().reset_index(drop=True)


def _categories(evidence: Evidence) -> Iterator[Finding]:
    found = evidence.found
    counts = evidence.agreement["counts"]
    wanted = [*found.groups(found.reference), *found.unknown(found.reference)]
    for source in found.counting_everyone()[1:]:
        own = {*found.groups(source), *found.unknown(source)}
        absent = [level for level in wanted if level not in own]
        if not absent:
            continue
        noun = "group" if len(absent) == 1 else "groups"
        words = f"{evidence.label(source)}: no figures for the {noun} {numbers.listing(absent)}."
        rows = counts[(counts["source"] == source) & (counts["stratum"] != ALL)]
        whole = counts[(counts["source"] == source) & (counts["stratum"] == ALL)]["estimate"]
        tolerance = evidence.found.tolerances.counts_within / 100
        usual = float(whole.iloc[0]) if len(whole) else 1.0
        larger = rows[rows["estimate"] / usual - 1 > tolerance].sort_values("estimate")
        if len(larger):
            most = larger.iloc[-1]
            words += (
                f" Its count of people in "
                f"{groups_called([most['stratum']], evidence.group_word)} is "
                f"{percent(100 * (most['estimate'] - 1))} larger than the reference source's, so "
                "some of them may be filed there."
            )
        yield Finding(
            "categories",
            source,
            words,
            f"{evidence.label(source)} source: ask for the groups that the "
            f"{evidence.label(found.reference)} source has, with people of unknown "
            f"{evidence.group_word} in a row of their own.",
            evidence.owner(source),
            f"All {len(wanted)} groups, unknown ones included, are in the "
            f"{evidence.label(source)} source.",
            "source-agreement",
        )


def _counts(evidence: Evidence) -> Iterator[Finding]:
    table = evidence.agreement["counts"]
    reference = evidence.label(evidence.found.reference)
    tolerance = evidence.found.tolerances.counts_within
    for source in dict.fromkeys(table["source"]):
        whole = table[(table["source"] == source) & (table["stratum"] == ALL)]
        if whole.empty or whole["judgement"].iloc[0] in (AGREES, CANNOT_TELL):
            continue
        row = whole.iloc[0]
        yield Finding(
            "counts",
            source,
            f"{row['label']}: {more_or_fewer(row['estimate'])} people than {reference} counts in "
            f"the same places and {evidence.period}s.{_whom(evidence, source)}",
            f"{row['label']} source: agree whom it and the {reference} source count (residents or "
            "people treated, and by which date), and say so beside the figures.",
            evidence.owner(source),
            f"Count of the {row['label']} source within {tolerance:g}% of the {reference} source's "
            "for the same people.",
            "source-agreement",
        )


def _whom(evidence: Evidence, source: str) -> str:
    """Say whom the two sources count, as far as the parameters do."""
    said = [
        f" {evidence.label(one.source)} counts {one.whom[:1].lower()}{one.whom[1:].rstrip('.')}."
        for one in evidence.found.sources
        if one.whom is not None and one.source in (source, evidence.found.reference)
    ]
    return "".join(said)


def _periods(evidence: Evidence) -> Iterator[Finding]:
    table = evidence.agreement["by_period"]
    statuses = {source.id: source.status for source in evidence.evaluation.data.sources}
    tolerance = evidence.found.tolerances.counts_within
    for source in evidence.found.counting_everyone():
        own = table[(table["source"] == source) & ~table["judgement"].isin([AGREES, CANNOT_TELL])]
        final = statuses[source] == "final"
        if own.empty and final:
            continue
        label = evidence.label(source)
        words = []
        for _, row in own.iterrows():
            change = row["estimate"] / row["usual"] - 1
            side = "below" if row["judgement"] == FEWER else "above"
            when = period_label(row["period"])
            words.append(f"{percent(100 * abs(change))} {side} in {when}")
        said = (
            f"measured by its usual relation to the reference source, its count is "
            f"{numbers.listing(words)}"
            if words
            else ""
        )
        status = "" if final else f"its figures are {_status(statuses[source])}"
        joined = "; ".join(part for part in (status, said) if part)
        yield Finding(
            "period",
            source,
            f"{label}: {joined}.",
            f"{label} source: ask why, and correct the figures."
            if final
            else f"{label} source: run the audit again with its final figures, and read the latest "
            "periods with caution until then.",
            evidence.owner(source),
            f"Final figures, each {evidence.period} within {tolerance:g}% of the source's usual "
            "relation to the reference source.",
            "source-agreement",
        )


def _status(status: str) -> str:
    return "partly provisional" if status == "mixed" else "provisional"


def _rates(evidence: Evidence) -> Iterator[Finding]:
    table = evidence.agreement["rates"]
    everyone = table[(table["counts"] == "everyone") & (table["stratum"] != ALL)]
    apart = everyone[~everyone["judgement"].isin([AGREES, CANNOT_TELL])]
    for source, rows in apart.groupby("source", sort=False):
        unit = numbers.change_unit(indicator(evidence.found.outcome).unit)
        named = [
            f"{row['stratum']} ({numbers.change(row['estimate'], 1)})" for _, row in rows.iterrows()
        ]
        yield Finding(
            "rates",
            str(source),
            f"{evidence.label(str(source))}: another rate than the reference source for people "
            f"in {groups_called(named, evidence.group_word)}, in {unit}.",
            f"{evidence.label(str(source))} source: hold its definitions and records of these "
            "groups against those of the reference source, and settle which figure is used.",
            evidence.owner(str(source)),
            f"Rates of every group within {evidence.found.tolerances.rates_within:g} {unit} of "
            "each other.",
            "source-agreement",
        )


def _samples(evidence: Evidence) -> Iterator[Finding]:
    found, table = evidence.found, evidence.agreement["rates"]
    covered = found.of(found.reference)["period"].nunique()
    for source in found.sources:
        if source.counts != "sample":
            continue
        rows = table[table["source"] == source.source]
        apart = rows[~rows["judgement"].isin([AGREES, CANNOT_TELL])]
        absent = [s for s in found.groups(found.reference) if s not in found.groups(source.source)]
        cells = found.of(source.source).dropna()
        periods = cells["period"].nunique()
        if apart.empty and not absent and periods >= covered:
            continue
        unit = numbers.change_unit(indicator(found.outcome).unit)
        label = evidence.label(source.source)
        parts = []
        if len(apart):
            named = [f"{r['stratum']} ({numbers.change(r['estimate'], 0)})"
                     for _, r in apart.iterrows()]  # fmt: skip
            parts.append(
                f"beyond chance its rates differ from the reference source's for people in "
                f"{groups_called(named, evidence.group_word)}, in {unit}, so the people it reaches "
                "are not like the others"
            )
        if absent:
            unseen = f"people in {groups_called(absent, evidence.group_word)}"
            parts.append(f"it has no figures for {unseen}, so it shows no gap")
        if periods < covered:
            parts.append(f"it covers {periods} of {covered} {evidence.period}s")
        yield Finding(
            "sample",
            source.source,
            f"{label}: {'; '.join(parts)}.",
            f"{label} source: keep it for what people say of their care. Agree how people are "
            f"reached, ask {unseen if absent else 'people in every group'} too, and do not add its "
            "figures to the others'.",
            evidence.owner(source.source),
            f"The {label} source says how people were reached and has every group in every "
            f"{evidence.period}.",
            "source-agreement",
        )


def _rounding(evidence: Evidence) -> Iterator[Finding]:
    steps = {source.source: rounding_step(evidence.found, source.source)
             for source in evidence.found.sources}  # fmt: skip
    if min(steps.values()) > 1:
        return  # every source alike: the profile of this report rounds them
    for source, step in steps.items():
        if step == 1:
            continue
        smallest = _smallest_group(evidence.found, source)
        yield Finding(
            "rounding",
            source,
            f"{evidence.label(source)}: every count is a multiple of {step}, so it is known to the "
            f"nearest {step} only. That weighs most in "
            f"{groups_called([smallest], evidence.group_word)}, the smallest.",
            f"{evidence.label(source)} source: ask for exact counts under an agreement, or join "
            "periods where groups are small.",
            evidence.owner(source),
            f"Counts of the {evidence.label(source)} source that are not rounded, or periods long "
            "enough that rounding changes no rate by more than the tolerance.",
            "data-audit",
        )


def rounding_step(found: Reported, source: str) -> int:
    """Return the number that every count of a source is a multiple of; 1 where there is none."""
    rows = found.of(source)
    counts = rows.loc[rows["stratum"] != ALL, ["numerator", "denominator"]].to_numpy(float)
    whole = counts[np.isfinite(counts) & (counts > 0)].astype(np.int64)
    return int(np.gcd.reduce(whole)) if whole.size else 1


def _smallest_group(found: Reported, source: str) -> str:
    rows = found.of(source)
    sizes = rows[rows["stratum"].isin(found.levels)].groupby("stratum")["denominator"].sum()
    return str(sizes.idxmin())


RULES = (_coding, _missing, _categories, _counts, _periods, _rates, _samples, _rounding)
"""The rules about the data, in the order of the list."""
