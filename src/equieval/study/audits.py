"""An audit's pages: what their notebooks ask for, from evidence to the answer in brief.

page = study.open_page("action-plan", identity=identity, data=data, ...)
evidence = audits.evidence(page)
page.show("gaps", layouts.text_table, audits.actions(evidence, audits.GAPS), ...)
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.data.observations import FIGURES
from equieval.data.periods import spans
from equieval.present import numbers
from equieval.present.groups import groups_called
from equieval.protocol import Evaluation, indicator
from equieval.study.analysis import RELATIVE
from equieval.study.audit_agreement import agreement
from equieval.study.audit_coding import published_coding
from equieval.study.audit_evidence import (
    Evidence,
    bounds_at,
    clear_gaps,
    gap_unit,
    group_name,
    primary_measures,
)
from equieval.study.audit_findings import DATA, GAPS, action_list, findings
from equieval.study.audit_inequality import inequality
from equieval.study.audit_reported import reported
from equieval.study.audit_rows import PLAUSIBILITY
from equieval.study.page import Page
from equieval.study.words import measure_name, measure_unit, outcome_name

__all__ = [
    "DATA",
    "GAPS",
    "PLAUSIBILITY",
    "actions",
    "at_a_glance",
    "bounded_gaps",
    "bounds_shown",
    "bounds_words",
    "checklist",
    "evidence",
    "evidence_of",
    "gap_axis",
    "gap_words",
    "gaps",
    "measure_rows",
    "published",
    "rates_to_compare",
    "rules",
    "sources",
    "table_words",
    "tolerances",
]

_CHECKLIST = (
    ("STROBE 1 Title and abstract", "Summary"),
    ("STROBE 2–3 Background and objectives", "Summary"),
    ("STROBE 4 Study design", "Methods: what is computed"),
    ("STROBE 5–6 Setting and participants", "Methods: population"),
    ("STROBE 7 Variables", "Methods: parameters; the site's indicator catalogue"),
    ("STROBE 8 Data sources", "Data audit: sources; Where sources agree and differ"),
    ("STROBE 9 Bias", "Where sources agree and differ; Inequality: people of unknown group"),
    ("STROBE 10 Study size", "Summary: what these data can carry"),
    ("STROBE 12 Statistical methods", "Methods: what is computed"),
    ("STROBE 13–14 Numbers and descriptive data", "Inequality: the rates behind the gaps"),
    ("STROBE 15–16 Outcome data and main results", "Inequality: gaps between groups"),
    ("STROBE 17 Other analyses", "Inequality: by organisation; bounds"),
    ("STROBE 18–21 Discussion", "Summary: what the data cannot say; Action plan"),
    ("STROBE 22 Funding", "Not stated in the parameters"),
    ("RECORD 6–7 Codes and definitions", "Methods: parameters; the site's indicator catalogue"),
    ("RECORD 12 Data access, cleaning, linkage", "Data audit: sources"),
    ("RECORD 13 Selection of the population", "Where sources agree and differ: the sources"),
    ("RECORD 22 Availability of data and code", "Methods: rerunning this report"),
    ("STROBE-Equity: groups, and how they are ordered", "Methods: population"),
    ("STROBE-Equity: missing social data", "Where sources agree and differ: coding; Inequality"),
    ("STROBE-Equity: absolute and relative inequality", "Inequality: gaps between groups"),
)


def evidence(page: Page) -> Evidence:
    """Return what the findings rest on: matched sources, and the frames of both analyses."""
    return evidence_of(page.evaluation, page.observations)


def evidence_of(evaluation: Evaluation, observations: Observations) -> Evidence:
    """Return the evidence of an audit, as `evidence`.

    Raises
    ------
    DataError, DesignError : the sources cannot be matched, or cannot carry the primary measure.
    """
    return Evidence(
        evaluation,
        reported(evaluation, observations),
        agreement(evaluation, observations).frames,
        inequality(evaluation, observations).frames,
    )


def gaps(evidence: Evidence) -> pd.DataFrame:
    """Return the primary measure in the reference source, the clear and largest gaps first.

    The columns of `equieval.study.audit_inequality.measured`, ``label`` (the group), ``clear``
    (the interval is worse than equality) and ``holds`` (`clear_gaps`).
    """
    every, clear = primary_measures(evidence), clear_gaps(evidence)
    unclear = ~every["id"].isin(clear["id"])
    others: pd.DataFrame = every[unclear].sort_values("estimate", ascending=False)
    others = others.assign(holds=pd.array([None] * len(others), dtype="boolean"))
    table: pd.DataFrame = pd.concat(
        [clear.assign(clear=True), others.assign(clear=False)], ignore_index=True
    )
    return table.assign(label=[group_name(group) for group in table["stratum"]])


def gap_words(evidence: Evidence) -> dict[str, Any]:
    """Return the words that sentences about the gaps take."""
    primary = evidence.evaluation.outcomes.primary
    return {
        "outcome": outcome_name(primary.indicator),
        "polarity": indicator(primary.indicator).polarity,
        "reference": None if evidence.evaluation.equity.ordered else primary.reference_group,
        "group_word": evidence.group_word,
        "source": evidence.label(evidence.found.reference),
        "unit": gap_unit(evidence),
        "scale": primary.scale,
    }


def gap_axis(evidence: Evidence, *, rows: str = "groups", absolute: bool = False) -> dict[str, Any]:
    """Return the words of a forest plot of gaps; ``absolute`` for differences in any case."""
    words = gap_words(evidence)
    ratio = words["scale"] == RELATIVE and not absolute
    side = "a lower rate" if words["polarity"] == "high" else "a higher rate"
    other = "a higher rate" if words["polarity"] == "high" else "a lower rate"
    held_against = _held_against(evidence)
    ending = f" than {held_against}" if held_against else " for the groups that fare worst"
    return {
        "quantity": f"{'ratio' if ratio else 'gap'} in the {words['outcome']}",
        "unit": "" if ratio else _absolute_unit(evidence),
        "rows": rows,
        "reference": 1.0 if ratio else 0.0,
        "log": ratio,
        "below": f"{other}{ending}",
        "above": f"{side}{ending}",
        "population": evidence.found.place,
    }


def table_words(evidence: Evidence, measure: str) -> dict[str, Any]:
    """Return caption, unit and note of a table of one measure."""
    words, held_against = gap_words(evidence), _held_against(evidence)
    against = f" against {held_against}" if held_against else ""
    name = measure_name(measure) if words["reference"] is None else measure
    unit = measure_unit(measure, evidence.found.outcome)
    return {
        "caption": f"{name.capitalize()} {'in' if unit else 'of'} the {words['outcome']}{against}",
        "unit": numbers.change_unit(unit),
        "note": f"What has no figure for {held_against or 'every group'} shows no difference and "
        "is left out.",
    }


def bounds_words(evidence: Evidence) -> dict[str, Any]:
    """Return caption and unit of the table of bounds."""
    words, held_against = gap_words(evidence), _held_against(evidence)
    against = f" against {held_against}" if held_against else ""
    return {
        "caption": f"What the gap{against} could be, {words['source']} source",
        "unit": _absolute_unit(evidence),
    }


def _held_against(evidence: Evidence) -> str:
    """Return what the reference group is called; "" where groups are ordered."""
    reference = gap_words(evidence)["reference"]
    return groups_called([reference]) if reference else ""


def _absolute_unit(evidence: Evidence) -> str:
    return numbers.change_unit(indicator(evidence.found.outcome).unit)


def bounded_gaps(evidence: Evidence) -> pd.DataFrame:
    """Return each gap among those known and with people of unknown group, for a forest plot.

    ``id, label, estimate, ci_low, ci_high, primary, bounds``: absolute gaps of the reference
    source; ``bounds`` is true of the rows whose two ends are no interval.
    """
    measure = "sii" if evidence.evaluation.outcomes.primary.measure == "sii" else "gap"
    table = evidence.inequality["measures"]
    known = table[(table["source"] == evidence.found.reference) & (table["measure"] == measure)]
    limits_then = bounds_at(evidence, PLAUSIBILITY).set_index("stratum")
    rows = []
    for row in known.sort_values("estimate", ascending=False).to_dict("records"):
        kept = {name: row[name] for name in ("id", "estimate", "ci_low", "ci_high")}
        group = group_name(row["stratum"])
        rows.append({**kept, "label": group, "primary": True, "bounds": False})
        if row["stratum"] in limits_then.index:
            bound = limits_then.loc[row["stratum"]]
            ends = {name: float(bound[name]) for name in ("ci_low", "ci_high")}
            label = f"{group}, bounds with unknown"
            known_only = float(bound["known"])
            rows.append(
                {"id": bound["id"], "estimate": known_only, **ends, "label": label,
                 "primary": False, "bounds": True}
            )  # fmt: skip
    return pd.DataFrame(rows)


def bounds_shown(evidence: Evidence) -> pd.DataFrame:
    """Return the bounds of the reference source by group, from narrow to wide."""
    table = evidence.inequality["bounds"]
    measure = "sii" if evidence.evaluation.outcomes.primary.measure == "sii" else "gap"
    rows = table[(table["source"] == evidence.found.reference) & (table["measure"] == measure)]
    order = {level: place for place, level in enumerate(evidence.found.levels)}
    rows = rows.sort_values(
        ["stratum", "plausibility"], key=lambda c: c.map(order) if c.name == "stratum" else c
    )
    return rows.assign(stratum=[group_name(group) for group in rows["stratum"]]).reset_index(
        drop=True
    )


def measure_rows(evidence: Evidence, measure: str, frame: str = "measures") -> pd.DataFrame:
    """Return one measure in every source (or organisation), with ``label``."""
    table = evidence.inequality[frame]
    rows = table[table["measure"] == measure].reset_index(drop=True)
    if frame == "by_organisation":
        rows = rows.assign(label=rows["organisation"])
    return rows.assign(stratum=[group_name(group) for group in rows["stratum"]])


def rates_to_compare(evidence: Evidence) -> pd.DataFrame:
    """Return the rates of each known group by source, for a figure: ``source`` is its name."""
    table = evidence.inequality["rates"]
    rows = table[table["stratum"].isin(evidence.found.levels)]
    return rows.assign(source=rows["label"]).drop(columns="label").reset_index(drop=True)


def published(page: Page, evidence: Evidence) -> pd.DataFrame:
    """Return the coding that sources publish beside that of their counts."""
    return published_coding(page.observations, evidence.found)


def actions(evidence: Evidence, part: str | None = None) -> pd.DataFrame:
    """Return the stage-2 actions (`equieval.study.audit_findings.action_list`), or a part.

    With ``indicator``, and ``id, estimate`` of the gap that an action is about.
    """
    table = action_list(findings(evidence)).assign(indicator=evidence.found.outcome)
    of_gaps = clear_gaps(evidence)[["stratum", "id", "estimate"]].assign(kind="Gap")
    of_gaps = of_gaps.rename(columns={"stratum": "about"})
    table = table.merge(of_gaps, how="left", on=["kind", "about"])
    return table if part is None else table[table["part"] == part].reset_index(drop=True)


def rules(evidence: Evidence) -> pd.DataFrame:
    """Return when a finding is made: ``item, words`` (`equieval.study.audit_findings`)."""
    given, source = evidence.found.tolerances, evidence.label(evidence.found.reference)
    unit = _absolute_unit(evidence)
    rows = [
        ("Gap", f"the 95% interval in the {source} source lies wholly on the worse side"),
        (
            "Coding",
            f"the {evidence.group_word} is recorded for fewer than {given.coded_at_least:g}% of "
            "people in a source, in one of its organisations, or (judged by another source, bounds "
            "included) in one of the groups",
        ),
        ("Missing", f"an organisation has no figure of a group for a {evidence.period}"),
        ("Categories", f"a source that counts everybody lacks a group that the {source} one has"),
        (
            "Counts",
            f"a source counts over {given.counts_within:g}% more or fewer people than the "
            f"{source} one, for the same places and {evidence.period}s",
        ),
        (
            "Period",
            f"in one {evidence.period} a source departs by more than {given.counts_within:g}% from "
            f"its usual ratio to the {source} one, or its figures are not final",
        ),
        ("Rates", f"a group's rate differs from the {source} one's by over "
                  f"{given.rates_within:g} {unit}"),
        ("Sample", "a sample's rates differ beyond chance and that tolerance, or it lacks groups "
                   f"or {evidence.period}s"),
        ("Rounding", "every count of a source is a multiple of the same number"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["item", "words"])


def checklist() -> pd.DataFrame:
    """Return the reporting items that an audit answers, and where each is: ``item, words``."""
    return pd.DataFrame(_CHECKLIST, columns=["item", "words"])


def sources(evidence: Evidence) -> pd.DataFrame:
    """Return what each source is, as the audit compares it.

    ``label, title, whom, organisations, periods, groups``.
    """
    found, given = evidence.found, {s.id: s for s in evidence.evaluation.data.sources}
    rows = []
    for source in found.sources:
        cells = found.of(source.source).dropna(subset=FIGURES)
        kind = "a sample" if source.counts == "sample" else "everyone"
        whom = source.whom or "not stated in the parameters"
        unknown = found.unknown(source.source)
        rows.append(
            (
                found.label(source.source)
                + (" (reference)" if source.source == found.reference else ""),
                given[source.source].title,
                f"{whom.rstrip('.')} ({kind})",
                numbers.listing(found.organisations(source.source)),
                spans(cells["period"]),
                numbers.listing([*found.groups(source.source), *unknown]),
            )
        )
    columns = ["label", "title", "whom", "organisations", "periods", "groups"]
    return pd.DataFrame(rows, columns=columns)


def tolerances(evidence: Evidence) -> pd.DataFrame:
    """Return what counts as agreement: ``item, words``."""
    given = evidence.found.tolerances
    unit = numbers.change_unit(indicator(evidence.found.outcome).unit)
    rows = [
        ("Counts agree", f"while they differ by no more than {given.counts_within:g}%"),
        ("Rates agree", f"while they differ by no more than {given.rates_within:g} {unit}"),
        (
            "A sample's rate agrees",
            "while its whole interval lies that close; it differs when the interval leaves out "
            "the reference source's rate",
        ),
        ("Coding is complete enough", f"from {given.coded_at_least:g}% of people on"),
    ]
    return pd.DataFrame(rows, columns=["item", "words"])


def at_a_glance(evidence: Evidence) -> pd.DataFrame:
    """Return what was audited in a few lines: ``item, words``."""
    evaluation, found = evidence.evaluation, evidence.found
    primary = evaluation.outcomes.primary
    cells = found.cells.dropna(subset=FIGURES)
    names = [found.label(source.source) for source in found.sources]
    return pd.DataFrame(
        [
            ("Place", evaluation.population.place),
            ("Population", evaluation.population.description),
            ("Primary question", table_words(evidence, primary.measure)["caption"]),
            ("Groups", f"{evaluation.equity.known.label}: {', '.join(found.levels)}"),
            ("Sources set side by side", numbers.listing(names)),
            ("Reference source", evidence.label(found.reference)),
            ("Time", spans(cells["period"])),
        ],
        columns=["item", "words"],
    )
