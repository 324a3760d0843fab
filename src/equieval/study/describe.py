"""What a report says of its protocol and provenance: frames of words for the tables.

Intervention by TIDieR (Hoffmann et al. 2014), items numbered as there. The checklist of reporting
items is in `equieval.study.reporting_items`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.disclosure.profiles import profile
from equieval.present.periods import period_label, periods_named
from equieval.protocol import Evaluation
from equieval.protocol.design import (
    ControlledInterruptedTimeSeries,
    Design,
    DifferenceInDifferences,
    StaggeredDifferenceInDifferences,
    SyntheticDifferenceInDifferences,
)
from equieval.protocol.registration import (
    deviations,
    in_words,
    protocol_of,
    registration_of,
)
from equieval.protocol.rules import starts_of
from equieval.protocol.taxonomy import VOCABULARIES
from equieval.study.headline import UP_TO_HORIZON, headline_of
from equieval.study.left_out import left_out
from equieval.study.panel_options import Comparative
from equieval.study.words import measure_name, outcome_name

SOFTWARE = ("equieval", "pandas", "numpy", "scipy", "statsmodels", "duckdb", "matplotlib")
NOT_STATED = "Not stated"

_TIDIER = (
    ("1 Brief name", "name"),
    ("2 Why", "why"),
    ("3 What: materials", "materials"),
    ("4 What: procedures", "procedures"),
    ("5 Who provided", "provider"),
    ("6 How", "mode"),
    ("7 Where", "location"),
    ("8 When and how much", "timing"),
    ("9 Tailoring", "tailoring"),
    ("10 Modifications", "modifications"),
    ("11 How well: planned", "fidelity_planned"),
)


def at_a_glance(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    """Return what was evaluated in a few lines: ``item, words``."""
    primary = evaluation.outcomes.primary
    measure = measure_name(primary.measure, evaluation)
    link = "in" if measure.startswith("difference") else "of"
    design = evaluation.design
    series = observations.periods(primary.indicator)
    publishers = dict.fromkeys(source.publisher for source in evaluation.data.sources)
    rows = [
        ("Intervention", evaluation.intervention.summary or evaluation.intervention.why),
        ("Population", evaluation.population.description),
        ("Compared with", _compared_with(evaluation, observations)),
        *_left_out(evaluation, observations),
        ("Start", _start(design)),
        (
            "Primary question",
            f"Change in the {measure} {link} the "
            f"{outcome_name(primary.indicator)} {_when(evaluation)}, against that",
        ),
        (
            "Data",
            f"{'; '.join(publishers)}, {period_label(series[0])} to {period_label(series[-1])}",
        ),
    ]
    return pd.DataFrame(rows, columns=["item", "words"])


def _compared_with(evaluation: Evaluation, observations: Observations) -> str:
    design = evaluation.design
    first = period_label(observations.periods(evaluation.outcomes.primary.indicator)[0])
    if isinstance(design, ControlledInterruptedTimeSeries):
        return (
            f"The difference to {len(design.controls)} other {design.unit}s from {first} up to the "
            "start, carried forward"
        )
    if isinstance(design, SyntheticDifferenceInDifferences):
        return (
            f"A weighted mix of {len(design.controls)} other {design.unit}s that ran like those "
            "that take part before the start"
        )
    if isinstance(design, StaggeredDifferenceInDifferences):
        later = (
            f"{design.unit}s that joined later{' or never' if design.controls else ''}"
            if (design.control_group == "not-yet-treated")
            else f"{len(design.controls)} {design.unit}s that never joined"
        )
        return f"The change in {later}, cohort by cohort"
    if isinstance(design, DifferenceInDifferences):
        return f"The change in {len(design.controls)} other {design.unit}s over the same time"
    return f"The trend from {first} up to the start, carried forward; there is no comparison area"


def _left_out(evaluation: Evaluation, observations: Observations) -> list[tuple[str, str]]:
    """Say what the analysis leaves out, and why; no row for a series of which all is used."""
    words = "; ".join(periods_named(each) for each in left_out(evaluation, observations))
    compares = isinstance(evaluation.design, Comparative)
    return [("Left out", words or "no unit")] if words or compares else []


def _start(design: Design) -> str:
    starts = sorted(set(starts_of(design)))
    if not starts:
        return NOT_STATED
    first, last = (period_label(start) for start in (starts[0], starts[-1]))
    return first if len(starts) == 1 else f"{first} to {last}, unit by unit"


def _when(evaluation: Evaluation) -> str:
    horizon = period_label(evaluation.outcomes.primary.horizon)
    averaged = headline_of(evaluation.design.type).estimand == UP_TO_HORIZON
    return f"on average up to {horizon}" if averaged else f"in {horizon}"


def tidier(evaluation: Evaluation) -> pd.DataFrame:
    """Return the intervention by TIDieR's items: ``item, words``."""
    given = evaluation.intervention
    rows = [(label, getattr(given, key) or NOT_STATED) for label, key in _TIDIER]
    for label, part in (
        ("12 How well: actual (fidelity)", given.fidelity),
        ("Reach", given.reach),
        ("Dose", given.dose),
    ):
        words = NOT_STATED if part is None else " ".join(filter(None, (part.words, part.by_group)))
        rows.append((label, words))
    rows.append(("Transferability", given.transferability or NOT_STATED))
    engagement = given.engagement.words if given.engagement else NOT_STATED
    rows.append(("People with lived experience", engagement))
    return pd.DataFrame(rows, columns=["item", "words"])


def theory_of_change(evaluation: Evaluation) -> pd.DataFrame:
    """Return the steps by which the intervention should work: ``item, words``."""
    theory = evaluation.intervention.theory_of_change
    if theory is None:
        return pd.DataFrame([("Theory of change", NOT_STATED)], columns=["item", "words"])
    rows = [
        ("What is put in", "; ".join(theory.inputs) or NOT_STATED),
        ("What is done", "; ".join(theory.activities)),
        ("What comes out", "; ".join(theory.outputs) or NOT_STATED),
        ("What should change", "; ".join(theory.outcomes)),
        ("Why the gap should narrow", theory.equity),
        ("What has to hold", "; ".join(theory.assumptions) or NOT_STATED),
    ]
    return pd.DataFrame(rows, columns=["item", "words"])


def population(evaluation: Evaluation) -> pd.DataFrame:
    """Return who is counted, and how groups are formed: ``item, words``."""
    given, equity = evaluation.population, evaluation.equity
    order = "from most to least deprived: " if equity.ordered else ""
    edition = equity.edition or NOT_STATED
    if equity.edition_recalled:
        edition += " (recalled, not read in the source)"
    rows = [
        ("Place", given.place),
        ("Who", given.description),
        ("Included", given.inclusion or NOT_STATED),
        ("Left out", given.exclusion or NOT_STATED),
        ("Groups", f"{equity.known.label}, {order}{', '.join(equity.levels)}"),
        ("Edition of the index", edition),
    ]
    return pd.DataFrame(rows, columns=["item", "words"])


def programme(evaluation: Evaluation) -> pd.DataFrame:
    """Return where the evaluation belongs, in the programme's own terms: ``item, words``."""
    given = evaluation.programme
    rows = [("Programme", given.title)]
    for name, terms in VOCABULARIES.items():
        chosen = getattr(given, name, ())
        if chosen:
            labels = [terms[term].label for term in chosen]
            rows.append((name.replace("_", " ").capitalize(), "; ".join(labels)))
    return pd.DataFrame(rows, columns=["item", "words"])


def sources(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    """Return each source with its edition, licence and fingerprint: ``of, item, words``.

    ``of`` is the title of the source.
    """
    digests = {record.id: record.digest for record in observations.sources}
    rows: list[tuple[str, str, str]] = []
    for source in evaluation.data.sources:
        status = {"final": "final figures", "provisional": "provisional figures"}.get(
            source.status, "provisional and final figures"
        )
        facts = [
            ("Publisher", source.publisher),
            ("Edition", source.edition),
            ("Status", status),
            ("Licence", source.licence),
            ("Level", "records, counted inside the database" if source.level == "record"
             else "published counts"),
            ("Linkage", source.linkage or "none"),
            ("Fingerprint", _short(digests.get(source.id, NOT_STATED))),
        ]  # fmt: skip
        rows += [(source.title, item, words) for item, words in facts]
    return pd.DataFrame(rows, columns=["of", "item", "words"])


def software() -> pd.DataFrame:
    """Return the versions that the page ran with: ``item, words``."""
    rows = [("Python", platform.python_version())]
    rows += [(name, version(name)) for name in SOFTWARE]
    return pd.DataFrame(rows, columns=["item", "words"])


def registration(root: Path, evaluation: Evaluation) -> pd.DataFrame:
    """Return whether the protocol was registered, and what deviates from it: ``item, words``.

    DOIs of the version and of all versions follow where they are given.
    """
    found = registration_of(root, evaluation.identity.id)
    rows = [("Registration", in_words(found))]
    if found is not None:
        departed = deviations(found.protocol, protocol_of(evaluation))
        rows += [
            (f"Deviation: {change.path}", f"registered {change.registered}; run {change.run}")
            for change in departed
        ]
        rows.append(("Deviations", str(len(departed)) if departed else "none"))
    dois = (
        ("DOI of this version", evaluation.release.doi),
        ("DOI of all versions", evaluation.identity.doi),
    )
    rows += [(item, doi) for item, doi in dois if doi]
    return pd.DataFrame(rows, columns=["item", "words"])


def parameters(evaluation: Evaluation) -> pd.DataFrame:
    """Return every parameter that decides a number, by its key: ``item, words``."""
    blocks = evaluation.blocks()
    deciding = ("data", "outcomes", "equity", "design", "robustness", "disclosure")
    rows = [row for name in deciding if name in blocks for row in _flat(name, blocks[name])]
    return pd.DataFrame(rows, columns=["item", "words"])


def disclosure(evaluation: Evaluation, withheld: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return under which rules the figures may be published: ``item, words``.

    Parameters
    ----------
    withheld : ``reason, share`` of the counts withheld (`Page.withheld`), where any could be.
    """
    rows = [
        ("Rules", profile(evaluation.disclosure.profile).describe()),
        ("Why these rules", evaluation.disclosure.reason),
    ]
    if withheld is not None:
        rows += _withheld_words(withheld)
    rows += [
        (
            "Exception",
            f"{given.what} ({given.rule}): {given.reason} Granted by {given.approver}.",
        )
        for given in evaluation.disclosure.exceptions
    ] or [("Exceptions", "none")]
    approvers = [f"{who.name} ({who.role})" for who in evaluation.release.approvers]
    rows.append(("Approved by", "; ".join(approvers) or "nobody yet"))
    return pd.DataFrame(rows, columns=["item", "words"])


def _withheld_words(withheld: pd.DataFrame) -> list[tuple[str, str]]:
    """Say what was withheld, and how that limits reading."""
    if withheld.empty:
        nothing = "No count; rates of few events are left out where the rules say so."
        limits = "Counts are rounded as the rules say: differences of a few are rounding."
        return [("Withheld", nothing), ("What that limits", limits)]
    words = "; ".join(f"{share}, because {why}" for why, share in withheld.itertuples(index=False))
    limits = (
        "A group is missing from a table or figure where its counts are withheld: missing is not "
        "zero, and groups with few events are missing most. Measures that need every group are "
        "not given for such periods. Fewer groups or longer periods would show more."
    )
    return [("Withheld", words), ("What that limits", limits)]


def _short(digest: str) -> str:
    """Return a fingerprint as a page shows it: the run record has it whole."""
    kind, _, value = digest.partition(":")
    return f"{kind} {value[:16]}…" if value else digest


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield dotted keys and readable values; lists of plain values stay on one line."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for position, item in enumerate(value, start=1):
            yield from _flat(f"{key}[{position}]", item)
    elif value is None or value == [] or value == {}:
        return
    elif isinstance(value, list):
        between = "; " if any(isinstance(item, list) for item in value) else ", "
        yield key, between.join(", ".join(v) if isinstance(v, list) else str(v) for v in value)
    elif isinstance(value, bool):
        yield key, "yes" if value else "no"
    else:
        yield key, str(value)
