"""What the site's own pages say about the project: portfolio, versions, indicators, thresholds.

The pages themselves are written by hand (`index.qmd`, `guide/`); a block such as
``::: {.generated content="portfolio"}`` in them stands for what is written here, into the
git-ignored folder `_generated/`, before either renderer begins.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from equieval.present.numbers import listing
from equieval.protocol.catalogue.births import BIRTH_OUTCOMES
from equieval.protocol.catalogue.care import CARE, DATA_QUALITY
from equieval.protocol.catalogue.mortality import MORTALITY
from equieval.protocol.catalogue.rows import Indicator
from equieval.protocol.catalogue.workforce import WORKFORCE
from equieval.releases.version import Release, list_releases
from equieval.site.portfolio import (
    Entry,
    card_values,
    facets,
    frozen_parameters,
    portfolio,
    programmes,
    slug,
)
from equieval.site.practice import case_studies, pooled_evidence, topics
from equieval.site.project import SiteProject, read_project
from equieval.site.shell import fragment_environment, write_template
from equieval.site.versions import Report, reports_of, state
from equieval.study.adequacy import THRESHOLDS
from equieval.study.audit_adequacy import AUDIT_THRESHOLDS

GENERATED, THEME = "_generated", "theme"
HEADLINE_FACTS = (
    ("Population", "population"),
    ("Effect on the outcome", "effect_on_outcome"),
    ("Effect on the gap", "effect_on_gap"),
    ("Certainty of evidence", "certainty"),
)
FILED = (
    "gap_domains",
    "population_groups",
    "workstreams",
    "clinical_priorities",
    "clinical_priorities_cyp",
)
# Vocabularies that pages show as topics. Of a long one only the covered terms are told in full;
# those of numbered documents carry their number.
TOPICS = ("workstreams", "gap_domains", "population_groups", "pledges", "guidance_priorities")
COMPACT = ("population_groups",)
NUMBERED = {"pledges": "Pledge", "guidance_priorities": "Priority"}
THEMES: tuple[tuple[str, str, Sequence[Indicator]], ...] = (
    ("Deaths", "Deaths of babies and of mothers.", MORTALITY),
    ("Births", "How births go, for mother and baby.", BIRTH_OUTCOMES),
    ("Care", "What care women and babies receive, and when.", CARE),
    (
        "Data quality",
        "How complete the records are that every other measure rests on.",
        DATA_QUALITY,
    ),
    (
        "Race equality for staff",
        "The workforce race equality standard: how staff fare, by ethnic group.",
        WORKFORCE,
    ),
)
POLARITY = {
    "low": "Lower",
    "high": "Higher",
    "parity": "Near 1 (equal)",
    "neutral": "Neither: read in context",
}
BREAKDOWNS = {"core20": "Core20", "staff-ethnicity": "ethnicity of staff"}
STATE_WORDS = {
    "corrected": "A later version corrects an error in it",
    "superseded": "Replaced by final figures",
    "newer": "A newer version stands",
    "latest": "",
    "withdrawn": "Do not use its figures",
}
VERSION_FILES = (
    ("estimates.csv", "Estimates (CSV)"),
    ("params.yaml", "Parameters"),
    ("run.json", "Run record"),
    ("manifest.json", "Manifest"),
)


def write_generated(root: Path) -> SiteProject:
    """Write everything in `_generated/` that the pages of the site in ``root`` need."""
    project = read_project(root)
    folder = root / GENERATED
    write_template(project, folder / THEME, site_title=project.title)
    reports = reports_of(list_releases(root))
    for name, words in fragments(project, reports).items():
        (folder / f"{name}.md").write_text(words, encoding="utf-8", newline="\n")
    return project


def fragments(project: SiteProject, reports: Sequence[Report]) -> dict[str, str]:
    """Return each piece of generated content by its name."""
    environment = fragment_environment()
    environment.filters["capitalize_first"] = lambda words: words[:1].upper() + words[1:]
    environment.filters["listing"] = lambda words: listing([_in_running_text(w) for w in words])
    environment.filters["slug"] = slug
    entries = portfolio(reports)
    audiences = case_studies(entries)
    words: dict[str, Mapping[str, Any]] = {
        "portfolio": {
            "entries": entries,
            "programmes": programmes(entries),
            "facets": facets(entries),
            "facts": HEADLINE_FACTS,
            "values": card_values,
            "filed_words": _filed_words,
        },
        "practice": {
            "audiences": audiences,
            "any_case": any(audience["covered"] for audience in audiences),
            "evidence": pooled_evidence(entries),
            "facts": HEADLINE_FACTS,
        },
        "versions": {"reports": [_version_list(entry.report) for entry in entries]},
        "indicators": {
            "themes": list(_themes(entries)),
            "polarity": POLARITY,
            "breakdowns": BREAKDOWNS,
        },
        "adequacy": {"designs": {**THRESHOLDS, "Audit of sources": AUDIT_THRESHOLDS}},
        "comment": {
            "reports": [(entry.report, _contact(entry.shown)) for entry in entries],
            "address": project.settings.get("comments") or "",
            "contact": project.settings.get("contact") or "",
        },
    }
    made = {
        name: environment.get_template(f"{name}.md.j2").render(given)
        for name, given in words.items()
    }
    template = environment.get_template("topics.md.j2")
    for vocabulary in TOPICS:
        found = topics(vocabulary, entries)
        made[f"topics-{found['id']}"] = template.render(
            topics=found, compact=vocabulary in COMPACT, numbered=NUMBERED.get(vocabulary, "")
        )
    return made


def _contact(release: Release) -> str:
    """Return whom a version names for comments; empty where it was withdrawn."""
    return str((frozen_parameters(release.path).get("identity") or {}).get("contact") or "")


def _filed_words(entry: Entry) -> str:
    """Return what an evaluation is filed under, in one line."""
    labels = [term.label for vocabulary in FILED for term in entry.filed_under(vocabulary)]
    return "; ".join(dict.fromkeys(labels))


def _in_running_text(label: str) -> str:
    """Return a label as it stands within a sentence.

    >>> _in_running_text("Oral health")
    'oral health'
    """
    return label[:1].lower() + label[1:]


def _themes(entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    used: dict[str, list[Entry]] = {}
    for entry in entries:
        for name in entry.indicators if entry.standing else ():
            used.setdefault(name, []).append(entry)
    for title, introduction, indicators in THEMES:
        traps: dict[str, list[str]] = {}
        for row in indicators:
            for trap in row.traps:
                traps.setdefault(trap.words, []).append(row.name)
        yield {
            "title": title,
            "introduction": introduction,
            "indicators": indicators,
            "used": used,
            "traps": [
                {"words": words, "names": _named(names, indicators)}
                for words, names in traps.items()
            ],
            "notes": [
                {"name": row.name, "words": " ".join(row.notes)} for row in indicators if row.notes
            ],
        }


def _named(names: Sequence[str], everything: Sequence[Indicator]) -> str:
    return "all of them" if len(names) == len(everything) else "; ".join(names)


def _version_list(report: Report) -> dict[str, Any]:
    shown = report.shown
    return {
        "id": report.id,
        "title": shown.title,
        "heading": _literal_markdown(shown.title),
        "synthetic": shown.synthetic,
        "latest": report.latest,
        "versions": [_version_row(version, report) for version in reversed(report.versions)],
    }


def _version_row(version: Release, report: Report) -> dict[str, Any]:
    return {
        "name": version.name,
        "label": version.label,
        "date": version.date,
        "status": version.status.value,
        "state_words": STATE_WORDS[state(version, report.versions)],
        "changes": list(_change_lines(version)) or ["Not recorded"],
        "files": [
            {"path": quote(path), "label": label}
            for path, label in VERSION_FILES
            if (version.path / path).is_file()
        ],
    }


def _change_lines(version: Release) -> Iterator[str]:
    """Say what a version changed, from its `changes.json`."""
    path = version.path / "changes.json"
    record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if record.get("notes"):
        yield str(record["notes"])
    if record.get("new", version.previous is None):
        if not record.get("notes"):
            yield "First version."
        return
    yield from _counted(record)


def _counted(record: Mapping[str, Any]) -> Iterable[str]:
    estimates = record.get("estimates") or {}
    said = [
        f"{number} {word}"
        for word, number in estimates.items()
        if number and isinstance(number, int)
    ]
    if said:
        yield f"Estimates: {', '.join(said)}."
    for name in ("data", "parameters"):
        changed = record.get(name)
        if changed:
            yield f"{name.capitalize()} changed."


def _literal_markdown(words: str) -> str:
    """Escape what Markdown would read as markup in a heading."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#$@~^|" else letter for letter in words)
