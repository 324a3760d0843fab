"""Good practice: interventions as case studies, and their evidence pooled where it may be.

What is known of an intervention comes from the version's own parameters; effects are pooled from
the primary estimates of real evaluations only, three at least of the same outcome and measure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from equieval.present import numbers
from equieval.protocol.taxonomy import POPULATION_FAMILIES, VOCABULARIES
from equieval.site.portfolio import Entry, slug

AUDIENCES = (
    ("Adults", "clinical_priorities"),
    ("Children and young people", "clinical_priorities_cyp"),
)
ASPECTS = (
    ("Whom it reached", "reach"),
    ("How much they received", "dose"),
    ("Whether it was done as planned", "fidelity"),
    ("What another place would need", "transferability"),
    ("What people with lived experience said", "engagement"),
)
STATUSES = {
    "measured": "Measured",
    "partly-measured": "Partly measured",
    "not-recorded": "Not recorded",
    "took-part": "Took part",
    "consulted": "Consulted",
    "none": "Did not take part",
}
NOT_STATED = "The evaluation does not say."
_RELATIVE = ("relative", "ratio")


def case_studies(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return the clinical priorities of each audience with their case studies.

    An intervention is one case study, with every evaluation of it. It is told once, under the
    first priority that it is filed under; the others lead to it.
    """
    cases = _cases([entry for entry in entries if entry.standing and entry.intervention])
    told: set[str] = set()
    audiences = []
    for audience, vocabulary in AUDIENCES:
        covered, open_ = [], []
        for term in VOCABULARIES[vocabulary].values():
            filed = [
                {**case, "first": case["id"] not in told}
                for case in cases
                if any(term.id in entry.terms[vocabulary] for entry in case["entries"])
            ]
            if not filed:
                open_.append(term.label)
                continue
            told |= {case["id"] for case in filed}
            covered.append({"id": f"{vocabulary}-{term.id}", "label": term.label, "cases": filed})
        audiences.append({"label": audience, "covered": covered, "open": open_})
    rest = [{**case, "first": True} for case in cases if case["id"] not in told]
    if rest:
        other = {"id": "other-priorities", "label": "Outside the clinical priorities"}
        audiences.append(
            {"label": "Other interventions", "covered": [{**other, "cases": rest}], "open": []}
        )
    return audiences


def _cases(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return the case study of each intervention, with every evaluation of it."""
    grouped: dict[tuple[str, bool], list[Entry]] = {}
    for entry in entries:
        grouped.setdefault((_name(entry), entry.shown.synthetic), []).append(entry)
    return [_case(name, synthetic, members) for (name, synthetic), members in grouped.items()]


def _case(name: str, synthetic: bool, entries: Sequence[Entry]) -> dict[str, Any]:
    known = entries[0].intervention
    return {
        "id": slug(f"made-up {name}" if synthetic else name),
        "name": name,
        "synthetic": synthetic,
        "summary": str(known.get("summary") or known.get("procedures") or ""),
        "entries": entries,
        "aspects": [{"label": label, **_aspect(known.get(key))} for label, key in ASPECTS],
    }


def _name(entry: Entry) -> str:
    return str(entry.intervention.get("name") or entry.title)


def _aspect(known: object) -> dict[str, str]:
    if isinstance(known, str):
        return {"status": "", "words": known}
    if not isinstance(known, Mapping) or not known.get("words"):
        return {"status": "", "words": NOT_STATED}
    words = [str(known["words"]).strip(), str(known.get("by_group") or "").strip()]
    return {
        "status": STATUSES.get(str(known.get("status")), ""),
        "words": " ".join(part for part in words if part),
    }


def pooled_evidence(entries: Iterable[Entry]) -> dict[str, Any]:
    """Return the effects that can be pooled, and how many evaluations each outcome has.

    Only evaluations of real data whose latest version stands and whose answer is not "cannot say"
    are counted; effects are those at each evaluation's own horizon.
    """
    from equieval.methods.synthesis import FEWEST_STUDIES

    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        primary = entry.outcomes.get("primary")
        can_say = entry.shown.headline.get("verdict") != "cannot-say"
        if entry.standing and not entry.shown.synthetic and can_say and primary:
            names = ("indicator", "measure", "scale")
            outcome, measure, scale = (str(primary.get(name)) for name in names)
            groups.setdefault((outcome, measure, scale), []).append(entry)
    # Estimates are read only where there is something to pool.
    enough = {key: members for key, members in groups.items() if len(members) >= FEWEST_STUDIES}
    pooled = []
    for key, members in sorted(enough.items()):
        rows = [(entry, row) for entry in members if (row := _primary(entry)) is not None]
        if len(rows) >= FEWEST_STUDIES:
            pooled.append(_pooled(*key, rows))
    return {"fewest": numbers.count_word(FEWEST_STUDIES), "pooled": pooled}


def _primary(entry: Entry) -> Mapping[str, Any] | None:
    """Return the primary estimate of an evaluation, if it has a number with a standard error."""
    estimates = entry.shown.estimates()
    for record in estimates[estimates["role"] == "primary"].to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        if _known(row["estimate"]) and _known(row["std_error"]):
            return row
    return None


def _known(value: object) -> bool:
    return not numbers.is_missing(value)


def _pooled(
    outcome: str, measure: str, scale: str, members: Sequence[tuple[Entry, Mapping[str, Any]]]
) -> dict[str, Any]:
    import pandas as pd

    from equieval.methods.synthesis import pool
    from equieval.study.words import measure_name, measure_unit, outcome_name

    ratio = scale in _RELATIVE
    inner = math.log if ratio else float
    studies = pd.DataFrame(
        {
            "evaluation": [entry.id for entry, _ in members],
            "estimate": [inner(float(row["estimate"])) for _, row in members],
            "std_error": [float(row["std_error"]) for _, row in members],
            "synthetic": [entry.shown.synthetic for entry, _ in members],
        }
    )
    found = pool(studies)
    unit = "" if ratio else numbers.change_unit(measure_unit(measure, outcome))
    return {
        "id": f"pooled-{outcome}-{measure}",
        "outcome": outcome_name(outcome),
        "measure": "relative effect on the rate" if ratio else measure_name(measure),
        "unit": unit,
        "effect": _shown(found.effect.estimate, ratio),
        "interval": _span(found.effect.ci_low, found.effect.ci_high, ratio),
        "prediction": _span(found.prediction_low, found.prediction_high, ratio),
        "heterogeneity": numbers.number(found.i2, 0),
        "studies": [
            {
                "entry": entry,
                "effect": _shown(inner(float(row["estimate"])), ratio),
                "interval": numbers.interval(row["ci_low"], row["ci_high"], 2, signed=not ratio),
                "horizon": "" if numbers.is_missing(row["horizon"]) else str(row["horizon"]),
                "weight": numbers.number(found.weights[entry.id], 0),
            }
            for entry, row in members
        ],
    }


def _shown(value: float, ratio: bool) -> str:
    return numbers.number(math.exp(value), 2) if ratio else numbers.change(value, 2)


def _span(low: float, high: float, ratio: bool) -> str:
    if ratio:
        low, high = math.exp(low), math.exp(high)
    return numbers.interval(low, high, 2, signed=not ratio)


def topics(vocabulary: str, entries: Iterable[Entry]) -> dict[str, Any]:
    """Return a vocabulary as a page shows it: covered terms with their entries, and the others.

    A vocabulary of families (population groups) also has its covered terms by family.
    """
    listed = list(_topics(vocabulary, list(entries)))
    return {
        "id": vocabulary.replace("_", "-"),
        "terms": listed,
        "covered": [topic for topic in listed if topic["entries"]],
        "families": [
            {"family": family, "topics": covered}
            for family in POPULATION_FAMILIES.values()
            if (covered := [t for t in listed if t["entries"] and t["term"].family == family.id])
        ],
        "open": [topic["term"].label for topic in listed if not topic["entries"]],
        "recalled": [topic["term"].label for topic in listed if topic["term"].recalled],
        "sources": list(dict.fromkeys(topic["term"].source for topic in listed)),
    }


def _topics(vocabulary: str, entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    for term in VOCABULARIES[vocabulary].values():
        filed = [entry for entry in entries if term.id in entry.terms[vocabulary]]
        yield {"term": term, "entries": filed}
