"""Whether a version still is what was released, and whether its records agree with each other.

The manifest finds every file that was changed afterwards. Whoever changes a file can also write
a new manifest, so the records inside are held against each other as well: the run record knows
the digests of parameters, data, notebooks and package, and the release record that of it all.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from equieval.errors import EquievalError, ReleaseError
from equieval.protocol.loading import UnreadableFileError, parse, read
from equieval.releases.archives import open_tar
from equieval.releases.layout import (
    CODE,
    ESTIMATES_CSV,
    ESTIMATES_PARQUET,
    INPUTS,
    LOCK_FILE,
    NOTEBOOKS,
    PARAMETERS,
    RELEASE_RECORD,
)
from equieval.releases.manifest import content_digest, file_sha256, verify_manifest
from equieval.releases.runrecord import RunRecord, project_path
from equieval.releases.verify import estimates_verdict
from equieval.runs.fingerprint import package_digests
from equieval.runs.notebooks import read_notebook, source_digest

_NAMED = 4


class Cause(StrEnum):
    """What a number that was not reproduced may come from."""

    DATA = "data"
    CODE = "code"
    PARAMETERS = "parameters"
    ENVIRONMENT = "environment"
    SEED = "seed"
    ESTIMATES = "published estimates"
    RECORDS = "records"
    PAGES = "pages"
    UNKNOWN = "unknown"


@dataclass(frozen=True, order=True)
class Alteration:
    """One thing about a version that is not as it was released."""

    cause: Cause
    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what} ({self.cause})"


def alterations(folder: Path) -> tuple[Alteration, ...]:
    """Return everything about a version that is not as it was released.

    Parameters
    ----------
    folder : the version. Nothing in it is run.
    """
    found = [
        Alteration(_cause_of(problem.path), problem.path, str(problem)[len(problem.path) + 1 :])
        for problem in verify_manifest(folder)
    ]
    try:
        record = RunRecord.load(folder)
        found += record_disagreements(folder, record)
        if not found:  # what every other finding has already said
            found += _content(folder, record)
    except ReleaseError as error:
        found.append(Alteration(Cause.RECORDS, "run.json", error.what))
    named: dict[tuple[str, Cause], Alteration] = {}
    for alteration in found:  # the manifest speaks first; a second finding adds what it means
        key = (alteration.file, alteration.cause)
        known = named.get(key)
        more = alteration if known is None else _joined(known, alteration)
        named[key] = more
    return tuple(sorted(named.values()))


def record_disagreements(folder: Path, record: RunRecord) -> list[Alteration]:
    """Return where the contents of a version are not those that its run recorded."""
    return [
        *_parameters(folder, record),
        *_data(folder, record),
        *_notebooks(folder, record),
        *_code(folder, record),
        *_estimates(folder),
    ]


def frozen_package(folder: Path, target: Path) -> Path | None:
    """Open the package archive of a version; return the folder to put on Python's path.

    Raises
    ------
    HostileArchive : the archive could do harm.
    """
    for archive in sorted((folder / CODE).glob("*.tar.gz")):
        open_tar(archive, target)
        for package in sorted(target.glob("*/src/equieval/__init__.py")):
            return package.parent.parent
    return None


def open_inputs(folder: Path) -> dict[str, Path]:
    """Return the data files that a version carries, by their path in the project."""
    inside = folder / INPUTS
    files = (path for path in sorted(inside.rglob("*")) if path.is_file() and not path.is_symlink())
    return {path.relative_to(inside).as_posix(): path for path in files}


def sources_of(parameters: Path) -> tuple[dict[str, Any], ...]:
    """Return the data sources of a parameters file as plain values, with safe paths.

    Read without the schema, so that the parameters of any version of equieval will do.

    Raises
    ------
    ReleaseError : the file cannot be read, or a path in it leaves the project's folder.
    """
    try:
        data = parse(read(parameters)).values.get("data")
        listed = data["sources"] if isinstance(data, Mapping) else []
        sources = tuple(dict(source) for source in listed)
        for source in sources:
            source["path"] = project_path(source["path"])
            source["id"] = str(source["id"])
    except (OSError, UnreadableFileError, ValueError, KeyError, TypeError, EquievalError) as error:
        raise ReleaseError(
            f"the data sources of the version cannot be read ({error})",
            where=f"{parameters.parent.name}/{parameters.name}",
            remedy="restore the version's folder from version control or a backup",
        ) from error
    return sources


def read_estimates_csv(folder: Path) -> pd.DataFrame:
    """Return the published Estimates table as readers download it.

    Raises
    ------
    ReleaseError : it cannot be read.
    """
    try:
        table = pd.read_csv(folder / ESTIMATES_CSV, dtype={"id": "str"})
        table["id"], table["estimate"] = table["id"].astype("str"), table["estimate"].astype(float)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(
            f"the published estimates cannot be read ({error})",
            where=f"{folder.name}/{ESTIMATES_CSV}",
            remedy="restore the version's folder from version control or a backup",
        ) from error
    return table


def _joined(known: Alteration, more: Alteration) -> Alteration:
    what = known.what if more.what in known.what else f"{known.what}; {more.what}"
    return Alteration(known.cause, known.file, what)


def _cause_of(path: str) -> Cause:
    top = path.split("/", 1)[0]
    if top == CODE:
        return Cause.ENVIRONMENT if path == f"{CODE}/{LOCK_FILE}" else Cause.CODE
    by_name = {
        INPUTS: Cause.DATA,
        NOTEBOOKS: Cause.CODE,
        PARAMETERS: Cause.PARAMETERS,
        ESTIMATES_CSV: Cause.ESTIMATES,
        ESTIMATES_PARQUET: Cause.ESTIMATES,
    }
    return by_name.get(top, Cause.RECORDS if path.endswith(".json") else Cause.PAGES)


def _parameters(folder: Path, record: RunRecord) -> Iterator[Alteration]:
    path = folder / PARAMETERS
    if path.is_file() and file_sha256(path) != record.parameters:
        yield Alteration(Cause.PARAMETERS, PARAMETERS, "not the parameters that the run recorded")


def _data(folder: Path, record: RunRecord) -> Iterator[Alteration]:
    try:
        sources = sources_of(folder / PARAMETERS)
    except ReleaseError as error:
        yield Alteration(Cause.PARAMETERS, PARAMETERS, error.what)
        return
    inputs = open_inputs(folder)
    for source in sources:
        path, recorded = inputs.get(source["path"]), record.data.get(source["id"], "")
        if path is None or not recorded.startswith("sha256:"):
            continue
        if f"sha256:{file_sha256(path)}" != recorded:
            what = f"not the data of the source '{source['id']}' that the run recorded"
            yield Alteration(Cause.DATA, f"{INPUTS}/{source['path']}", what)


def _notebooks(folder: Path, record: RunRecord) -> Iterator[Alteration]:
    for name, recorded in record.notebooks.items():
        path = folder / name
        try:
            same = source_digest(read_notebook(path)) == recorded
        except EquievalError as error:
            yield Alteration(Cause.CODE, name, error.what)
            continue
        if not same:
            yield Alteration(Cause.CODE, name, "not the notebook that the run recorded")


def _code(folder: Path, record: RunRecord) -> Iterator[Alteration]:
    with tempfile.TemporaryDirectory(prefix="equieval-") as place:
        try:
            source = frozen_package(folder, Path(place))
        except EquievalError as error:
            yield Alteration(Cause.CODE, CODE, error.what)
            return
        if source is None:
            yield Alteration(Cause.CODE, CODE, "it holds no package archive")
            return
        changed = changed_names(package_digests(source / "equieval"), record.package)
    if changed:
        what = f"not the code that the run recorded: {listed(changed)}"
        yield Alteration(Cause.CODE, CODE, what)


def _estimates(folder: Path) -> Iterator[Alteration]:
    try:
        csv = read_estimates_csv(folder)
        parquet = pd.read_parquet(folder / ESTIMATES_PARQUET)
        verdict = estimates_verdict(parquet, csv)
        rows = verdict.table
        different = [*rows.loc[rows["verdict"] != "identical", "id"], *verdict.unpublished]
    except (OSError, ValueError, KeyError, TypeError, ReleaseError) as error:
        yield Alteration(Cause.ESTIMATES, ESTIMATES_CSV, f"the tables cannot be read ({error})")
        return
    if different:
        what = f"not what {ESTIMATES_PARQUET} says: {listed(different)}"
        yield Alteration(Cause.ESTIMATES, ESTIMATES_CSV, what)


def _content(folder: Path, record: RunRecord) -> Iterator[Alteration]:
    try:
        released = json.loads((folder / RELEASE_RECORD).read_bytes())["content_digest"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        yield Alteration(Cause.RECORDS, RELEASE_RECORD, "it cannot be read")
        return
    if content_digest(folder, record.slugs, record.data) != released:
        what = "its content digest is not that of the version's files and data"
        yield Alteration(Cause.RECORDS, RELEASE_RECORD, what)


def changed_names(now: Mapping[str, str], recorded: Mapping[str, str]) -> list[str]:
    """Return the names whose digests differ, or that only one side has."""
    return sorted(n for n in {*now, *recorded} if now.get(n) != recorded.get(n))


def listed(names: list[str]) -> str:
    """Name the first few, and count the others."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
