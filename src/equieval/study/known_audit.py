"""Does the synthetic audit find the truth that made its data? What repetitions of it gave.

`tests/simulation/known_truth.py` draws the sources of the audit again and again and keeps, for
every repetition, what it reports beside the truth: the gaps with their intervals and bounds, how
completely each group is coded, and whether each problem that was put in is found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from equieval.data.synthetic import Synthetic
from equieval.present import figures
from equieval.protocol import Evaluation
from equieval.study import audit_tables
from equieval.study.audit_evidence import Evidence, bounds_at, primary_measures
from equieval.study.audit_findings import findings
from equieval.study.audit_rows import PLAUSIBILITY
from equieval.study.known_truth import protocol_digest
from equieval.study.page import Page

TABLE: Final = Path(__file__).with_name("known_audit.csv")
COLUMNS: Final = (
    "id", "repetition", "seed", "kind", "about", "truth", "estimate", "ci_low", "ci_high",
    "protocol", "code",
)  # fmt: skip
GAP, BOUNDS, CODING, PROBLEM = "gap", "bounds", "coding", "problem"
SHOWN_BY: Final = {
    ("national", "coding"): "coding",
    ("national", "rounding"): "rounding",
    ("national", "missing"): "missing",
    ("provider", "coverage"): "counts",
    ("provider", "provisional"): "period",
    ("council", "registration"): "counts",
    ("council", "categories"): "categories",
    ("voluntary-sector", "selection"): "sample",
}
"""The finding that shows each way in which the generator makes a source differ.

Coding of the provider is left out: it is as complete as the audit asks for.
"""


def against_truth(evidence: Evidence, drawn: Synthetic) -> list[dict[str, Any]]:
    """Return what an audit reports of a draw beside the truth: ``kind`` to ``ci_high``.

    Of ``COLUMNS``. A problem has the truth 1; its estimate is 1 where the finding that shows it
    is made, otherwise 0.
    """
    level = drawn.estimands[drawn.estimands["estimand"] == "level"]
    gaps = level[level["measure"] == "gap"].set_index("stratum")["observed"]
    reference = evidence.found.reference
    rows = []
    for kind, table in (
        (GAP, primary_measures(evidence)),
        (BOUNDS, bounds_at(evidence, PLAUSIBILITY).assign(estimate=lambda t: t["known"])),
    ):
        for row in table.to_dict("records"):
            rows.append(_row(kind, row["stratum"], float(gaps[row["stratum"]]), row))
    recorded = _recorded(evidence, drawn)
    coded = evidence.agreement["coded_by_group"]
    for row in coded[coded["source"] == reference].to_dict("records"):
        rows.append(_row(CODING, row["stratum"], float(recorded[row["stratum"]]), row))
    made = {(finding.kind, finding.about) for finding in findings(evidence)}
    for way in drawn.truth["disagreements"]:
        known = SHOWN_BY.get((way["source"], way["way"]))
        if known is not None:
            found = float((known, way["source"]) in made)
            rows.append(_row(PROBLEM, f"{way['source']}: {way['words']}", 1.0, {"estimate": found}))
    return rows


def _recorded(evidence: Evidence, drawn: Synthetic) -> pd.Series:
    """Return for what percentage of each group the reference source records it, in truth.

    Over the organisations and periods that the source has.
    """
    found = evidence.found
    own = found.of(found.reference).dropna()
    own = own.assign(period=own["period"].astype(str))
    people = drawn.expected.rename(columns={"unit": "organisation"})
    people = people.assign(period=people["period"].astype(str))
    both = own.merge(people, on=["organisation", "period", "stratum"])
    sums = both.groupby("stratum")[["denominator", "births"]].sum()
    return 100 * sums["denominator"] / sums["births"]


def _row(kind: str, about: object, truth: float, given: Any) -> dict[str, Any]:
    numbers = {name: given.get(name, float("nan")) for name in ("estimate", "ci_low", "ci_high")}
    return {"kind": kind, "about": str(about), "truth": truth, **numbers}


def audit_repetitions(evaluation: Evaluation, table: Path = TABLE) -> pd.DataFrame:
    """Return the repetitions of an audit: ``COLUMNS``; empty as `known_truth.repetitions` is."""
    rows = pd.read_csv(table, dtype={"protocol": str, "code": str})
    own = rows["id"] == evaluation.identity.id
    own &= rows["protocol"] == protocol_digest(evaluation)
    return rows[own & evaluation.identity.synthetic].reset_index(drop=True)


def how_often(rows: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Return how often each thing that an audit reports held the truth, or was found.

    Parameters
    ----------
    rows : of `audit_repetitions`.
    reference : the group that others are compared with.

    Returns
    -------
    ``kind, about, held, draws``; ``about`` in words.
    """
    words = {
        GAP: f"Gap of {{}} against {reference}: 95% interval, people of known group",
        BOUNDS: f"Gap of {{}} against {reference}: bounds, people of unknown group counted in",
        CODING: "People of the group {} whose group is recorded: bounds",
        PROBLEM: "Put in and found, {}",
    }
    held = (rows["ci_low"] <= rows["truth"]) & (rows["truth"] <= rows["ci_high"])
    held = held.mask(rows["kind"] == PROBLEM, rows["estimate"] == rows["truth"])
    counted = rows.assign(held=held).groupby(["kind", "about"], sort=False)["held"]
    table = counted.agg(held="sum", draws="size").reset_index()
    order = {kind: place for place, kind in enumerate(words)}
    table = table.sort_values("kind", key=lambda kinds: kinds.map(order), kind="stable")
    named = [words[row["kind"]].format(row["about"]) for row in table.to_dict("records")]
    return table.assign(about=named).reset_index(drop=True)


def show_known_audit(page: Page) -> None:
    """Show how often repetitions of the audit found the truth, where there are some."""
    rows = audit_repetitions(page.evaluation)
    if rows.empty:
        return
    reference = str(page.evaluation.outcomes.primary.reference_group)
    gaps = rows[rows["kind"] == GAP]
    largest = gaps.groupby("about")["truth"].mean().idxmax()
    drawn = ["repetition", "seed", "truth", "estimate", "ci_low", "ci_high", "code"]
    page.show(
        "known-truth",
        figures.repetitions,
        gaps.loc[gaps["about"] == largest, drawn].reset_index(drop=True),
        quantity=f"gap of {largest} against {reference}",
        unit=page.words["measure_unit"],
        thing="gap",
        study="audit",
    )
    page.show(
        "known-truths",
        audit_tables.known_truths,
        how_often(rows, reference),
        caption="How often repetitions of this audit, on other made-up data, found the truth",
        note="Intervals hold chance alone; that the group is recorded more often for some people "
        "than for others is for the bounds to hold, which in turn leave chance out where they are "
        "about recording. Problems are those that the made-up sources were given; one counts as "
        "found where the audit makes the finding that shows it.",
    )
