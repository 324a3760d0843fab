"""What goes into a version folder, one kind of content after the other.

Everything here writes into the staging folder and reads the draft only through what the gate
has accepted.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import equieval
from equieval.disclosure.declaration import ARTEFACTS_FILE
from equieval.errors import InputError, ReleaseError
from equieval.methods.estimates import ESTIMATE_COLUMNS, TABLE_SCHEMA
from equieval.protocol.registration import registration_of, registration_path
from equieval.releases.draft import Draft
from equieval.releases.freeze import frozen_artefacts, frozen_notebook, source_notebook
from equieval.releases.layout import (
    CITATION,
    CODE,
    DATA_PACKAGE,
    ESTIMATES_CSV,
    ESTIMATES_PARQUET,
    HEADLINE,
    INPUTS,
    LOCK_FILE,
    NOTEBOOKS,
    PAGE_ESTIMATES,
    PAGES,
    PARAMETERS,
    REGISTRATION,
    RUN_RECORD,
)
from equieval.releases.notebooks import json_bytes
from equieval.releases.renderer import Download
from equieval.releases.subject import Subject, SubjectPage
from equieval.releases.version import recorded_data

LARGEST_INPUTS = 20 * 1024 * 1024
_PROJECT_FILES = ("pyproject.toml", "README.md", "LICENSE", LOCK_FILE)


def stage_pages(draft: Draft, staging: Path) -> None:
    """Write the frozen pages and the files of their artefacts."""
    for page in draft.pages:
        slug = page.page.slug
        (staging / f"{slug}.ipynb").write_bytes(frozen_notebook(page))
        folder = staging / slug
        folder.mkdir()
        (folder / ARTEFACTS_FILE).write_bytes(frozen_artefacts(page))
        for name, content in page.files.items():
            (folder / name).write_bytes(content)


def stage_records(draft: Draft, staging: Path) -> None:
    """Copy the frozen parameters and the run record."""
    for name in (PARAMETERS, RUN_RECORD):
        (staging / name).write_bytes(draft.content(name))


def stage_registration(root: Path, staging: Path, evaluation_id: str) -> None:
    """Copy the registered protocol, where the evaluation is registered.

    Raises
    ------
    ParametersError : the registration was changed, or belongs to another evaluation.
    """
    if registration_of(root, evaluation_id) is not None:
        shutil.copyfile(registration_path(root, evaluation_id), staging / REGISTRATION)


def stage_estimates(draft: Draft, staging: Path, subject: Subject) -> pd.DataFrame:
    """Write the estimates of all pages as one table: CSV, Parquet and data package.

    Raises
    ------
    InputError : two pages use one id, or a page's table lacks columns.
    """
    table = _all_estimates(draft)
    csv = table.to_csv(index=False, lineterminator="\n", float_format=None).encode()
    (staging / ESTIMATES_CSV).write_bytes(csv)
    # Without pandas' own metadata the bytes depend on the values and on pyarrow alone.
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(arrow, staging / ESTIMATES_PARQUET)
    resource = {
        "name": "estimates",
        "path": ESTIMATES_CSV,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(csv),
        "schema": TABLE_SCHEMA,
    }
    package = {
        "profile": "tabular-data-package",
        "name": subject.id,
        "title": subject.title,
        "sources": [
            {"title": f"{source.title} ({source.publisher})"} for source in subject.sources
        ],
        "resources": [resource],
    }
    (staging / DATA_PACKAGE).write_bytes(json_bytes(package))
    return table


def stage_inputs(root: Path, staging: Path, subject: Subject) -> None:
    """Copy the data files of open sources, in the order of the parameters, up to 20 MB in all.

    A file that is too large stays out: its source is named with its edition, and the run record
    holds its fingerprint.

    Raises
    ------
    ReleaseError : the file of an open source is missing or lies outside the project.
    """
    room = LARGEST_INPUTS
    for source in subject.sources:
        if not source.open or not source.path:
            continue
        path = (root / source.path).resolve()
        if not path.is_file() or not path.is_relative_to(root.resolve()):
            raise ReleaseError(
                f"the data file of the source '{source.id}' is missing or outside the project",
                where=source.path,
                remedy="put it back, run the evaluation again, then release",
            )
        if path.stat().st_size <= room:
            target = staging / INPUTS / source.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            room -= path.stat().st_size


def stage_sources(root: Path, staging: Path, pages: Sequence[SubjectPage]) -> None:
    """Write the pages' source notebooks, without outputs."""
    folder = staging / NOTEBOOKS
    folder.mkdir()
    for page in pages:
        source = root / page.notebook
        try:
            content = source_notebook(source.read_bytes())
        except (OSError, ValueError) as error:
            raise ReleaseError(
                f"the notebook of the page '{page.slug}' cannot be read ({error})",
                where=page.notebook,
                remedy="restore it, run the evaluation again, then release",
            ) from error
        (folder / source.name).write_bytes(content)


def stage_code(root: Path, staging: Path) -> None:
    """Write the pinned dependencies and the package's own source as a deterministic archive."""
    folder = staging / CODE
    folder.mkdir()
    lock = root / LOCK_FILE
    if lock.is_file():
        shutil.copyfile(lock, folder / LOCK_FILE)
    name = f"equieval-{equieval.__version__}"
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as compressed,
        tarfile.open(mode="w", fileobj=compressed, format=tarfile.PAX_FORMAT) as archive,
    ):
        for member, path in _package_files():
            content = path.read_bytes()
            entry = tarfile.TarInfo(f"{name}/{member}")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    (folder / f"{name}.tar.gz").write_bytes(buffer.getvalue())


def headline(draft: Draft) -> Mapping[str, Any]:
    """Return the answer in brief, from the first page that recorded one.

    Raises
    ------
    ReleaseError : the file is no JSON object.
    """
    for page in draft.pages:
        name = f"{PAGES}/{page.page.slug}/{HEADLINE}"
        if name in draft.files:
            return _json_object(draft, name)
    return {}


def data_fingerprints(draft: Draft) -> dict[str, str]:
    """Return the fingerprint of each data source, as the run recorded it."""
    return recorded_data(_json_object(draft, RUN_RECORD))


def downloads(staging: Path) -> tuple[Download, ...]:
    """Return the files that the pages may offer, with words for their links."""
    labels = {
        ESTIMATES_CSV: "All estimates (CSV)",
        ESTIMATES_PARQUET: "All estimates (Parquet)",
        DATA_PACKAGE: "Description of the estimates' columns (Table Schema)",
        PARAMETERS: "Parameters of the evaluation (YAML)",
        RUN_RECORD: "Run record: data, code and package versions (JSON)",
        CITATION: "How to cite this version (Citation File Format)",
    }
    if (staging / REGISTRATION).is_file():
        labels[REGISTRATION] = "The protocol as it was registered (JSON)"
    labels |= {
        path.relative_to(staging).as_posix(): f"Source code ({path.name})"
        for path in sorted((staging / CODE).glob("*"))
    }
    return tuple(
        Download(path, label, (staging / path).stat().st_size) for path, label in labels.items()
    )


def _all_estimates(draft: Draft) -> pd.DataFrame:
    tables = []
    for page in draft.pages:
        name = f"{PAGES}/{page.page.slug}/{PAGE_ESTIMATES}"
        if name not in draft.files:
            continue
        table = pd.read_parquet(io.BytesIO(draft.content(name)))
        absent = [column for column in ESTIMATE_COLUMNS if column not in table.columns]
        if absent:
            raise InputError(
                f"the estimates lack the column '{absent[0]}'",
                where=name,
                remedy="record estimates through page.record",
            )
        tables.append(table[list(ESTIMATE_COLUMNS)])
    if not tables:
        raise ReleaseError(
            "no page recorded an estimate",
            where=draft.folder.name,
            remedy="record estimates through page.record, then run the evaluation again",
        )
    everything = pd.concat(tables, ignore_index=True)
    repeated = everything.loc[everything["id"].duplicated(), "id"]
    if len(repeated):
        raise InputError(
            f"two pages record the estimate '{repeated.iloc[0]}'",
            where=draft.folder.name,
            remedy="give each estimate an id of its own, or record it on one page only",
        )
    return everything


def _json_object(draft: Draft, name: str) -> Mapping[str, Any]:
    try:
        content = json.loads(draft.content(name), parse_constant=_no_number)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ReleaseError(
            "the file is no JSON object, or holds a number that JSON cannot",
            where=name,
            remedy="run the evaluation again",
        )
    return content


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _package_files() -> Iterator[tuple[str, Path]]:
    """Yield the package's files as a source tree that can be built and installed."""
    package = Path(equieval.__file__).parent
    project = package.parent.parent
    for name in _PROJECT_FILES:
        if (project / name).is_file():
            yield name, project / name
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts:
            yield f"src/equieval/{path.relative_to(package).as_posix()}", path
