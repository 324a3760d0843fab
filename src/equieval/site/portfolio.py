"""The portfolio: every evaluation by what its latest version says of itself.

An entry is read from the frozen record and parameters of a version, never from the parameters
that lie in the project now, so a page about a published version cannot run ahead of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from equieval.errors import ReleaseError
from equieval.protocol.taxonomy import POPULATION_FAMILIES, VOCABULARIES, Term
from equieval.releases.layout import PARAMETERS
from equieval.releases.version import Release
from equieval.site.versions import Report

DATA = "data"
REAL, SYNTHETIC = "real", "synthetic"
_ADULTS, _CHILDREN = "Adults", "Children and young people"


@dataclass(frozen=True, slots=True)
class Entry:
    """One evaluation as the portfolio shows it.

    Attributes
    ----------
    report : its versions; ``shown`` is the one that speaks for it.
    terms : ids by the vocabulary that they come from, as the version's parameters have them.
    intervention, outcomes : blocks of the version's parameters; empty for an audit without one.
    programme : id, title and summary of the programme it belongs to.
    """

    report: Report
    terms: Mapping[str, tuple[str, ...]]
    intervention: Mapping[str, Any]
    outcomes: Mapping[str, Any]
    programme: Mapping[str, str]

    @property
    def shown(self) -> Release:
        """The version that speaks for the evaluation."""
        return self.report.shown

    @property
    def id(self) -> str:
        """The evaluation's id."""
        return self.report.id

    @property
    def title(self) -> str:
        """The evaluation's title."""
        return self.shown.title

    @property
    def design(self) -> str:
        """The design in words."""
        return str(self.shown.headline.get("design") or "")

    @property
    def address(self) -> str:
        """Address of its first page, from the root of the site."""
        return f"reports/{self.id}/{self.shown.name}/index.html"

    @property
    def indicators(self) -> tuple[str, ...]:
        """Ids of the indicators that it reports on, the primary one first."""
        primary = (self.outcomes.get("primary") or {}).get("indicator")
        found = [primary, *(self.outcomes.get("secondary") or ())]
        return tuple(dict.fromkeys(str(name) for name in found if name))

    @property
    def standing(self) -> bool:
        """Whether a version of it stands; of a withdrawn one only the title is shown."""
        return self.report.latest is not None

    def filed_under(self, vocabulary: str) -> tuple[Term, ...]:
        """Return its terms of a vocabulary, in the order of the vocabulary."""
        known = VOCABULARIES[vocabulary]
        return tuple(term for name, term in known.items() if name in self.terms[vocabulary])


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a filter, with how many evaluations it leaves."""

    value: str
    label: str
    count: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter: its name in the address, its label, its choices."""

    id: str
    label: str
    choices: tuple[Choice, ...]

    @property
    def groups(self) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
        """The choices by the group that they stand under; "" where there are no groups."""
        names = dict.fromkeys(choice.group for choice in self.choices)
        return tuple((name, tuple(c for c in self.choices if c.group == name)) for name in names)


def portfolio(reports: Iterable[Report]) -> tuple[Entry, ...]:
    """Return the entries in the order of the page: by programme, title; real before synthetic.

    Programmes with an evaluation of real data come before those that have none.
    """
    found = [_entry(report) for report in reports]
    real = {entry.programme["id"] for entry in found if not entry.shown.synthetic}
    return tuple(
        sorted(
            found,
            key=lambda e: (
                e.programme["id"] not in real,
                e.programme["title"],
                e.shown.synthetic,
                e.title,
                e.id,
            ),
        )
    )


def programmes(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return each programme with its entries."""
    grouped: dict[str, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry.programme["id"], []).append(entry)
    # What the newest version says of the programme is what it is called now.
    return [
        {**max(members, key=lambda e: e.shown.date).programme, "entries": members}
        for members in grouped.values()
    ]


def card_values(entry: Entry) -> dict[str, tuple[str, ...]]:
    """Return what a card is filtered by: values by the name of the filter."""
    return {
        "gap-domain": entry.terms["gap_domains"],
        "group": entry.terms["population_groups"],
        "workstream": entry.terms["workstreams"],
        "priority": (
            *(f"adults.{name}" for name in entry.terms["clinical_priorities"]),
            *(f"children.{name}" for name in entry.terms["clinical_priorities_cyp"]),
        ),
        "design": (slug(entry.design),) if entry.design else (),
        DATA: (SYNTHETIC if entry.shown.synthetic else REAL,),
    }


def facets(entries: Sequence[Entry]) -> tuple[Facet, ...]:
    """Return the filters, each with the choices that leave at least one evaluation."""
    values = [card_values(entry) for entry in entries]
    designs = dict(sorted({slug(e.design): e.design for e in entries if e.design}.items()))
    given: tuple[tuple[str, str, list[tuple[str, str, str]]], ...] = (
        ("gap-domain", "Gap domain", _choices("gap_domains")),
        ("group", "Population group", _families()),
        ("workstream", "Workstream", _choices("workstreams")),
        (
            "priority",
            "Clinical priority",
            [
                *_choices("clinical_priorities", "adults.", _ADULTS),
                *_choices("clinical_priorities_cyp", "children.", _CHILDREN),
            ],
        ),
        ("design", "Design", [(value, label, "") for value, label in designs.items()]),
        (DATA, "Data", [(REAL, "Real", ""), (SYNTHETIC, "Synthetic", "")]),
    )
    made = (Facet(id, label, tuple(_counted(id, known, values))) for id, label, known in given)
    return tuple(facet for facet in made if facet.choices)


def _counted(
    name: str, known: Iterable[tuple[str, str, str]], values: Sequence[Mapping[str, Sequence[str]]]
) -> Iterator[Choice]:
    for value, label, group in known:
        count = sum(value in card[name] for card in values)
        if count:
            yield Choice(value, label, count, group)


def _choices(vocabulary: str, prefix: str = "", group: str = "") -> list[tuple[str, str, str]]:
    terms = VOCABULARIES[vocabulary].values()
    return [(f"{prefix}{term.id}", term.label, group) for term in terms]


def _families() -> list[tuple[str, str, str]]:
    terms = VOCABULARIES["population_groups"].values()
    return [(term.id, term.label, POPULATION_FAMILIES[term.family].label) for term in terms]


def slug(words: str) -> str:
    """Return words as an id.

    >>> slug("Children and young people")
    'children-and-young-people'
    """
    return "-".join("".join(c if c.isalnum() else " " for c in words.lower()).split())


def _entry(report: Report) -> Entry:
    shown = report.shown
    parameters = frozen_parameters(shown.path)
    programme = _block(parameters, "programme")
    title = str(programme.get("title") or shown.headline.get("programme") or "Other evaluations")
    return Entry(
        report=report,
        terms={
            key: tuple(map(str, programme.get(key) or shown.headline.get(key) or ()))
            for key in VOCABULARIES
        },
        intervention=_block(parameters, "intervention"),
        outcomes=_block(parameters, "outcomes"),
        programme={
            "id": str(programme.get("id") or slug(title)),
            "title": title,
            "summary": str(programme.get("summary") or ""),
        },
    )


def frozen_parameters(folder: Path) -> Mapping[str, Any]:
    """Return the parameters of a version as plain values; empty where it was withdrawn.

    They are read without the schema: a version keeps the schema that it was made with.

    Raises
    ------
    ReleaseError : the file cannot be read.
    """
    path = folder / PARAMETERS
    if not path.is_file():
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ReleaseError(
            "the parameters of a version cannot be read",
            where=f"{folder.parent.name}/{folder.name}/{PARAMETERS}",
            remedy="restore the version's folder from version control or a backup",
        ) from error
    return found if isinstance(found, dict) else {}


def _block(parameters: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = parameters.get(name)
    return found if isinstance(found, dict) else {}
