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

from equieval.protocol.catalogue.births import BIRTH_OUTCOMES
from equieval.protocol.catalogue.care import CARE, DATA_QUALITY
from equieval.protocol.catalogue.mortality import MORTALITY
from equieval.protocol.catalogue.rows import Indicator
from equieval.protocol.catalogue.workforce import WORKFORCE
from equieval.releases.version import Release, list_releases
from equieval.site.project import SiteProject, read_project
from equieval.site.shell import fragment_environment, write_template
from equieval.site.versions import Report, reports_of, state
from equieval.study.adequacy import ITS_THRESHOLDS

GENERATED, THEME = "_generated", "theme"
HEADLINE_FACTS = (
    ("Population", "population"),
    ("Effect on the outcome", "effect_on_outcome"),
    ("Effect on the gap", "effect_on_gap"),
    ("Certainty of evidence", "certainty"),
)
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
    words: dict[str, Mapping[str, Any]] = {
        "portfolio": {"reports": reports, "facts": HEADLINE_FACTS},
        "versions": {"reports": [_version_list(report) for report in reports]},
        "indicators": {"themes": list(_themes()), "polarity": POLARITY},
        "adequacy": {"thresholds": ITS_THRESHOLDS},
        "comment": {
            "reports": reports,
            "address": project.settings.get("comments") or "",
            "contact": project.settings.get("contact") or "",
        },
    }
    return {
        name: environment.get_template(f"{name}.md.j2").render(given)
        for name, given in words.items()
    }


def _themes() -> Iterator[dict[str, Any]]:
    for title, introduction, indicators in THEMES:
        traps: dict[str, list[str]] = {}
        for row in indicators:
            for trap in row.traps:
                traps.setdefault(trap.words, []).append(row.name)
        yield {
            "title": title,
            "introduction": introduction,
            "indicators": indicators,
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
