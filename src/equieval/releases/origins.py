"""What a version is made of, read back from its frozen files: who made which number, from what.

Everything is taken from the folder of the version (notebooks, lists of artefacts, estimates, run
record, parameters), so that the page made from it says what the files say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from equieval.disclosure.declaration import ARTEFACTS_FILE, DECLARATION
from equieval.errors import ReleaseError
from equieval.releases.layout import (
    ESTIMATES_CSV,
    INPUTS,
    NOTEBOOKS,
    PARAMETERS,
    RUN_RECORD,
)
from equieval.releases.renderer import ReleasePage
from equieval.releases.version import recorded_data

_ANALYSES = re.compile(r"\bstudy\.analyse\(|\.record\(")
_NUMBERED = re.compile(r"(?:Figure|Table) \d+")
_WORDS_SHOWN = 90


@dataclass(frozen=True)
class Cell:
    """A cell of an executed page: its number there, counted from 1, and its code."""

    number: int
    source: str


@dataclass(frozen=True)
class Artefact:
    """A figure, a table or a sentence of a page.

    Attributes
    ----------
    id, kind, title : as its page declared it; ``label`` is "Figure 1" and the like, or "".
    cell : the cell that shows it.
    files : SHA-256 of each of its files by path in the version.
    estimates : ids of the estimates that it shows.
    indicators : ids of the indicators whose observed figures it shows.
    """

    id: str
    kind: str
    title: str
    label: str
    cell: Cell
    files: Mapping[str, str]
    estimates: tuple[str, ...]
    indicators: tuple[str, ...] = ()


@dataclass(frozen=True)
class PageOrigin:
    """A page with what it was made from.

    Attributes
    ----------
    slug, title : of the page.
    estimates : the rows of the estimates that the page recorded.
    notebook : path of its source in the version and in the project, or "".
    blocks : the blocks of the parameters that it reads.
    artefacts : in the order of the page.
    analysis : the cell that makes its estimates, if it has one.
    """

    slug: str
    title: str
    estimates: pd.DataFrame
    notebook: str
    blocks: tuple[str, ...]
    artefacts: tuple[Artefact, ...]
    analysis: Cell | None


@dataclass(frozen=True)
class DataOrigin:
    """A data source.

    Attributes
    ----------
    id, title : as the parameters have them.
    fingerprint : of its content.
    file : its path in the version, or "" where it is not open.
    columns : what it counts, by indicator: the columns of numerator and denominator, in words.
    """

    id: str
    title: str
    fingerprint: str
    file: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Origins:
    """Everything about a version that its page of origins says."""

    pages: tuple[PageOrigin, ...]
    data: tuple[DataOrigin, ...]
    parameters: str
    package: str


def read_origins(folder: Path, pages: tuple[ReleasePage, ...]) -> Origins:
    """Read what the version in ``folder`` is made of.

    Raises
    ------
    ReleaseError : an artefact shows an estimate that no page recorded.
    """
    run: Mapping[str, Any] = json.loads((folder / RUN_RECORD).read_bytes())
    recorded = {str(entry.get("slug")): entry for entry in run.get("pages", ())}
    estimates = pd.read_csv(folder / ESTIMATES_CSV, dtype={"id": str, "page": str})
    read = tuple(_page(folder, page, recorded.get(page.slug, {}), estimates) for page in pages)
    known = set(estimates["id"])
    for origin in read:
        for artefact in origin.artefacts:
            unknown = sorted(set(artefact.estimates) - known)
            if unknown:
                raise ReleaseError(
                    f"the artefact '{artefact.id}' shows the estimate '{unknown[0]}', which no "
                    "page recorded",
                    where=f"page {origin.slug}",
                    remedy="record it through page.record, then run the evaluation again",
                )
    digests = run.get("parameters"), run.get("package")
    parameters, package = (d.get("sha256", "") if isinstance(d, dict) else "" for d in digests)
    return Origins(read, tuple(_data(folder, recorded_data(run))), str(parameters), str(package))


def _page(
    folder: Path, page: ReleasePage, entry: Mapping[str, Any], estimates: pd.DataFrame
) -> PageOrigin:
    notebook = json.loads((folder / f"{page.slug}.ipynb").read_bytes())
    index = json.loads((folder / page.slug / ARTEFACTS_FILE).read_bytes())
    declared = {str(item["id"]): item for item in index["artefacts"]}
    cells = [_source(cell) for cell in notebook["cells"]]
    analyses = [
        Cell(number, source)
        for number, (source, cell) in enumerate(zip(cells, notebook["cells"], strict=True), 1)
        if cell["cell_type"] == "code" and _ANALYSES.search(source)
    ]
    name = str(entry.get("notebook", ""))
    source = f"{NOTEBOOKS}/{name.rpartition('/')[2]}" if name else ""
    return PageOrigin(
        slug=page.slug,
        title=page.title,
        estimates=estimates[estimates["page"] == str(entry.get("id", page.slug))],
        notebook=source if source and (folder / source).is_file() else "",
        blocks=tuple(name for name in entry.get("reads", ()) if name != "schema"),
        artefacts=tuple(_artefacts(page.slug, notebook["cells"], declared)),
        analysis=analyses[0] if analyses else None,
    )


def _artefacts(
    slug: str, cells: list[Mapping[str, Any]], declared: Mapping[str, Mapping[str, Any]]
) -> Iterator[Artefact]:
    for number, cell in enumerate(cells, 1):
        for output in cell.get("outputs", ()):
            name = str(output["metadata"][DECLARATION]["artefact"])
            entry = declared[name]
            plain = _joined(output["data"].get("text/plain", ""))
            label = _NUMBERED.match(plain)
            yield Artefact(
                id=name,
                kind=str(entry["kind"]),
                title=str(entry["title"]) or _beginning(plain),
                label=label[0] if label else "",
                cell=Cell(number, _source(cell)),
                files={f"{slug}/{file['path']}": str(file["sha256"]) for file in entry["files"]},
                estimates=tuple(str(key) for key in entry["estimates"]),
                indicators=tuple(str(name) for name in entry.get("indicators", ())),
            )


def _data(folder: Path, fingerprints: Mapping[str, str]) -> Iterator[DataOrigin]:
    parameters = yaml.safe_load((folder / PARAMETERS).read_bytes())
    described = parameters.get("data") if isinstance(parameters, dict) else None
    listed = described.get("sources", ()) if isinstance(described, dict) else ()
    sources = {str(source["id"]): source for source in listed}
    for name, fingerprint in fingerprints.items():
        source = sources.get(name, {})
        file = f"{INPUTS}/{source.get('path', '')}"
        there = bool(source.get("path")) and (folder / file).is_file()
        counted = source.get("indicators", {})
        yield DataOrigin(
            name,
            str(source.get("title", name)),
            fingerprint,
            file if there else "",
            {str(id): _columns(given) for id, given in counted.items()},
        )


def _columns(given: Mapping[str, Any]) -> str:
    """Return the columns behind an indicator: ``numerator a, denominator b + c``."""
    parts = []
    for name, columns in given.items():
        listed = columns if isinstance(columns, list) else [columns]
        parts.append(f"{name} {' + '.join(str(column) for column in listed)}")
    return ", ".join(parts)


def _source(cell: Mapping[str, Any]) -> str:
    return _joined(cell.get("source", ""))


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _beginning(words: str) -> str:
    """Return the first words of a statement, without its markup."""
    plain = re.sub(r"[*_`$#]|\{[^}]*\}|^- ", "", " ".join(words.split()))
    if len(plain) <= _WORDS_SHOWN:
        return plain
    return plain[:_WORDS_SHOWN].rpartition(" ")[0] + " …"
