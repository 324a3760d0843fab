"""An audit in brief: its key points, what it cannot say, and what the portfolio's card says."""

from __future__ import annotations

from typing import Any

import pandas as pd

from equieval.data import ALL
from equieval.present import numbers
from equieval.present.groups import groups_called
from equieval.present.wording import capitalise
from equieval.study import audit_words
from equieval.study.analysis import RELATIVE
from equieval.study.audit_agreement import AGREES
from equieval.study.audit_coding import best_coded
from equieval.study.audit_evidence import Evidence, gap_unit, group_name, percent
from equieval.study.audit_findings import GAPS
from equieval.study.audit_rows import PLAUSIBILITY
from equieval.study.audits import actions, gap_words, gaps
from equieval.study.words import measure_name, outcome_name


def key_points(evidence: Evidence) -> tuple[str, ...]:
    """Return the three to five points that a reader takes away, from the numbers."""
    table, words = gaps(evidence), gap_words(evidence)
    points = [audit_words.answer_words(table, **words)]
    unknown = audit_words.unknown_words(
        table, group_word=evidence.group_word, plausibility=PLAUSIBILITY
    )
    points += [unknown] if unknown else []
    points.append(_coding_point(evidence))
    points.append(_agreement_point(evidence))
    listed = actions(evidence)
    for_gaps = int((listed["part"] == GAPS).sum())
    points.append(
        f"{numbers.count_word(len(listed))} actions follow from the findings: {for_gaps} on gaps "
        f"between groups, {len(listed) - for_gaps} on the data"
        if len(listed)
        else "no action follows from the findings"
    )
    return tuple(points)


def limits(evidence: Evidence) -> pd.DataFrame:
    """Return what these data cannot say: one limit per row, in ``words``."""
    evaluation, found = evidence.evaluation, evidence.found
    words = [
        "Why groups differ. An audit compares groups; it follows nobody and tries nothing out.",
        "How any one person fared, or groups within or beside those that the sources name "
        f"({numbers.listing(found.levels)}).",
    ]
    unknown = found.unknown(found.reference)
    if unknown:
        words.append(
            f"How people of unknown {evidence.group_word} fared by group: the bounds say what "
            "could be, not what is."
        )
    blind = [found.label(s) for s in found.counting_everyone() if not found.unknown(s)]
    if blind:
        words.append(
            f"How completely {_sources(blind)} the {evidence.group_word}: there is no row for "
            "people of unknown group."
        )
    samples = [found.label(s.source) for s in found.sources if s.counts == "sample"]
    if samples:
        words.append(
            f"How common anything is from the {numbers.listing(samples)} source: it hears from "
            "people it reaches, and cannot be added to the others."
        )
    words.append(
        f"Whether a gap is growing or closing: the {evidence.period}s of the audit are taken "
        "together. The next audit, by the same method, can be held against this one."
    )
    if evaluation.identity.synthetic:
        words.append("Anything about a real place: the data are synthetic.")
    return pd.DataFrame({"words": words})


def headline_record(evidence: Evidence) -> dict[str, Any]:
    """Return the answer in brief for the portfolio's card and the release record.

    An audit has findings, no effect: what a card says of effects and their certainty is None.
    """
    evaluation = evidence.evaluation
    primary, programme = evaluation.outcomes.primary, evaluation.programme
    table = gaps(evidence)
    listed = actions(evidence)
    unread = table["estimate"].isna().all()
    verdict = "cannot-say" if unread else "gaps-found" if table["clear"].any() else "no-clear-gap"
    labels = [evidence.label(source.source).lower() for source in evidence.found.sources]
    return {
        "question": evaluation.identity.question,
        "answer": audit_words.answer_words(table, **gap_words(evidence), marked=False),
        "verdict": verdict,
        "design": "Equity audit",
        "population": evaluation.population.place,
        "sources": numbers.listing(labels),
        "effect_on_outcome": None,
        "effect_on_gap": None,
        "certainty": None,
        "gap_found": _gap_fact(evidence, table),
        "data_quality": _coding_point(evidence),
        "actions": len(listed),
        "horizon": primary.horizon,
        "outcome": outcome_name(primary.indicator),
        "measure": measure_name(primary.measure),
        "programme": programme.title,
        "gap_domains": list(programme.gap_domains),
        "population_groups": list(programme.population_groups),
        "workstreams": list(programme.workstreams),
        "clinical_priorities": list(programme.clinical_priorities),
    }


def _sources(labels: list[str]) -> str:
    """Return "the Council source records", or "the A and B sources record"."""
    many = len(labels) > 1
    return f"the {numbers.listing(labels)} source{'s record' if many else ' records'}"


def _gap_fact(evidence: Evidence, table: pd.DataFrame) -> str:
    clear = table[table["clear"]]
    if clear.empty:
        return "No clear gap"
    most = clear.iloc[0]
    digits = 2 if evidence.evaluation.outcomes.primary.scale == RELATIVE else 1
    amount = numbers.of_unit(numbers.number(most["estimate"], digits), gap_unit(evidence))
    span = numbers.interval(most["ci_low"], most["ci_high"], digits)
    who = group_name(most["stratum"])
    if most["stratum"] != ALL:
        who = groups_called([who], evidence.group_word).removeprefix("the ")
    return f"{capitalise(who)}: {amount} (95% interval {span})"


def _coding_point(evidence: Evidence) -> str:
    table = evidence.agreement["coded"]
    whole = table[table["organisation"] == ALL]
    if whole.empty:
        return (
            f"no source shows how completely the {evidence.group_word} is recorded, for none has a "
            "row for people of unknown group"
        )
    named = [f"{percent(r['estimate'])} of people in the {r['label']} source"
             for _, r in whole.iterrows()]  # fmt: skip
    words = f"the {evidence.group_word} is recorded for {numbers.listing(named)}"
    groups = evidence.agreement["coded_by_group"]
    if groups.empty or best_coded(evidence.found) is None:
        return words
    worst = groups.iloc[int(groups["estimate"].argmin())]
    return (
        f"{words}; held against each other, the {worst['label']} source records it for only "
        f"{worst['estimate']:.0f}% in {groups_called([worst['stratum']], evidence.group_word)}"
    )


def _agreement_point(evidence: Evidence) -> str:
    counts, rates = evidence.agreement["counts"], evidence.agreement["rates"]
    whole = counts[counts["stratum"] == ALL]
    apart = [_apart(row) for _, row in whole[whole["judgement"] != AGREES].iterrows()]
    reference = evidence.label(evidence.found.reference)
    found = [f"in their counts ({numbers.listing(apart)})"] if apart else []
    known = rates[rates["stratum"] != ALL]
    for kind, words in (("everyone", "in the rates of"), ("sample", "in the sampled rates of")):
        rows = known[(known["counts"] == kind) & known["judgement"].isin(["higher", "lower"])]
        if len(rows):
            groups = [level for level in evidence.found.levels if level in set(rows["stratum"])]
            sources_apart = list(dict.fromkeys(rows["label"]))
            named = groups_called(groups, evidence.group_word)
            found.append(f"{words} {named} ({numbers.listing(sources_apart)})")
    if not found:
        return f"the other sources agree with {reference} within the tolerances"
    return f"the other sources differ from {reference} {numbers.listing(found)}"


def _apart(row: pd.Series) -> str:
    change = 100 * (row["estimate"] - 1)
    return f"{row['label']} {percent(abs(change))} {'more' if change > 0 else 'fewer'} people"
