"""A released version as a research object: an RO-Crate that any repository can read.

Follows RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) and the Process Run Crate profile 0.5
(https://w3id.org/ro/wfrun/process/0.5): one action, whose instrument is equieval, whose objects
are parameters, notebooks and data, and whose results are estimates and pages.
"""

from __future__ import annotations

import json
import mimetypes
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.model.person import Person
from rocrate.model.softwareapplication import SoftwareApplication
from rocrate.rocrate import ROCrate

import equieval
from equieval.errors import ReleaseError
from equieval.releases.bundle import CRATE_METADATA
from equieval.releases.layout import (
    ESTIMATES_CSV,
    ESTIMATES_PARQUET,
    INPUTS,
    MANIFEST,
    NOTEBOOKS,
    PARAMETERS,
)
from equieval.releases.manifest import plain_files, verify_manifest
from equieval.releases.renderer import HTML_FOLDER
from equieval.releases.version import Release

METADATA = CRATE_METADATA
_RO_CRATE = "1.1"
_PROCESS_RUN = "https://w3id.org/ro/wfrun/process/0.5"
_LICENCE = "https://spdx.org/licenses/MIT"
_MEDIA_TYPES = {  # what the standard library does not know, or not on every system
    "ipynb": "application/x-ipynb+json",
    "parquet": "application/vnd.apache.parquet",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "lua": "text/x-lua",
    "lock": "text/plain",
    "gz": "application/gzip",
}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip entry can carry


def write_crate(release: Release, target: Path) -> Path:
    """Write a version as an RO-Crate zip: same version, same bytes.

    Parameters
    ----------
    release : the version; its manifest must hold.
    target : path of the zip; replaced in one step if it exists.

    Raises
    ------
    ReleaseError : the version was changed after its release.
    """
    problems = verify_manifest(release.path)
    if problems:
        raise ReleaseError(
            f"{release.name} was changed after its release: {problems[0]}",
            where=release.id,
            remedy="restore the version from version control or a backup, then export it",
        )
    metadata = json.dumps(_metadata(release), indent=1, sort_keys=True, ensure_ascii=False)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_entry(METADATA), metadata)
            for name, path in plain_files(release.path).items():
                archive.writestr(_entry(name), path.read_bytes())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    return entry


def _metadata(release: Release) -> dict[str, Any]:
    crate = ROCrate(version=_RO_CRATE)
    crate.name = f"{release.title}, version {release.version}"
    crate.description = _description(release)
    crate.datePublished = release.date
    crate.license = crate.add(
        ContextEntity(crate, _LICENCE, properties={"@type": "CreativeWork", "name": "MIT License"})
    )
    crate.root_dataset["version"] = str(release.version)
    digest = release.content_digest
    doi = f"https://doi.org/{release.doi}"
    crate.root_dataset["identifier"] = [doi, digest] if release.doi else digest
    profile = crate.add(
        ContextEntity(
            crate,
            _PROCESS_RUN,
            properties={"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        )
    )
    crate.root_dataset["conformsTo"] = profile
    files = {
        name: crate.add_file(path, name, properties=_file_properties(name, path))
        for name, path in plain_files(release.path).items()
    }
    tool = crate.add(
        SoftwareApplication(
            crate,
            f"#equieval-{equieval.__version__}",
            properties={
                "name": "equieval",
                "softwareVersion": equieval.__version__,
                "description": "Reproducible evaluation of health-equity interventions",
            },
        )
    )
    action = crate.add_action(
        tool,
        identifier=f"#{release.id}-{release.name}",
        object=[files[name] for name in files if _is_input(name)],
        result=[files[name] for name in files if _is_result(name)],
        properties={
            "name": f"Evaluation of {release.title}",
            "description": "All pages of the report were run; their estimates are the results.",
            "endTime": release.date,
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )
    crate.root_dataset["mentions"] = action
    people = [crate.add(person) for person in _people(crate, release)]
    if people:  # RO-Crate 1.1 asks for a value, not a list, where there is one
        crate.root_dataset["author"] = action["agent"] = people if len(people) > 1 else people[0]
    generated: dict[str, Any] = crate.metadata.generate()
    return generated


def _description(release: Release) -> str:
    answer = release.headline.get("answer")
    return str(answer) if answer else f"A released evaluation ({release.status.value})."


def _people(crate: ROCrate, release: Release) -> Iterator[Person]:
    for number, approver in enumerate(release.approvers, start=1):
        properties = {"name": approver.name, "jobTitle": approver.role}
        yield Person(crate, f"#approver-{number}", properties=properties)


def _file_properties(name: str, path: Path) -> dict[str, str]:
    suffix = name.rpartition(".")[2]
    kind = _MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0]
    size = {"name": name, "contentSize": str(path.stat().st_size)}
    return {**size, "encodingFormat": kind} if kind else size


def _is_input(name: str) -> bool:
    return name == PARAMETERS or name.startswith((f"{INPUTS}/", f"{NOTEBOOKS}/"))


def _is_result(name: str) -> bool:
    made = (ESTIMATES_CSV, ESTIMATES_PARQUET, MANIFEST)
    return name in made or (name.startswith(f"{HTML_FOLDER}/") and name.endswith(".html"))
