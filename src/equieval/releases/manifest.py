"""What is in a version, byte for byte, and whether it still is.

The *manifest* covers every file. The *content digest* answers another question: are two
versions the same to a reader who looks at numbers, words and pictures? It therefore leaves out
times, durations, package versions, the code archive and what a renderer made of it all.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from equieval.releases.layout import (
    ESTIMATES_CSV,
    INPUTS,
    MANIFEST,
    NOTEBOOKS,
    PARAMETERS,
    REGISTRATION,
)
from equieval.releases.notebooks import json_bytes

_CHUNK = 1 << 20


@dataclass(frozen=True, order=True)
class Problem:
    """One difference between a version and its manifest."""

    path: str
    kind: Literal["missing", "changed", "extra", "unsafe", "unreadable"]

    def __str__(self) -> str:
        words = {
            "missing": "is missing",
            "changed": "was changed",
            "extra": "was added",
            "unsafe": "is not a plain file of the version",
            "unreadable": "is no manifest",
        }
        return f"{self.path} {words[self.kind]}"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def plain_files(folder: Path) -> dict[str, Path]:
    """Return every plain file below a folder by its relative path, in a stable order."""
    found = (p for p in folder.rglob("*") if stat.S_ISREG(p.lstat().st_mode))
    return dict(sorted((path.relative_to(folder).as_posix(), path) for path in found))


def write_manifest(folder: Path) -> None:
    """Write ``manifest.json``: SHA-256 and size of every other file."""
    files = {
        name: {"sha256": file_sha256(path), "bytes": path.stat().st_size}
        for name, path in plain_files(folder).items()
        if name != MANIFEST
    }
    (folder / MANIFEST).write_bytes(json_bytes({"schema": 1, "files": files}))


def verify_manifest(folder: Path) -> list[Problem]:
    """Return how a version differs from its manifest; an empty list if it does not.

    The manifest itself is not trusted to name files outside the folder.
    """
    try:
        listed: Mapping[str, Mapping[str, Any]] = json.loads((folder / MANIFEST).read_bytes())[
            "files"
        ]
        expected = {str(name): str(entry["sha256"]) for name, entry in listed.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return [Problem(MANIFEST, "unreadable")]
    present = plain_files(folder)
    return sorted(_problems(folder, expected, present))


def content_fingerprints(folder: Path, slugs: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file that a version says something with, by its path.

    Parameters
    ----------
    folder : the version, or the staging folder of one.
    slugs : its pages.
    """
    pages = tuple(slugs)
    single = {PARAMETERS, ESTIMATES_CSV, REGISTRATION, *(f"{slug}.ipynb" for slug in pages)}
    folders = tuple(f"{name}/" for name in (*pages, NOTEBOOKS, INPUTS))
    return {
        name: file_sha256(path)
        for name, path in plain_files(folder).items()
        if name in single or name.startswith(folders)
    }


def content_digest(folder: Path, slugs: Iterable[str], data: Mapping[str, str]) -> str:
    """Return ``sha256:<hex>`` of what a version says, whenever and wherever it was made.

    Parameters
    ----------
    folder, slugs : as for `content_fingerprints`.
    data : fingerprint of each data source, as the run recorded it (data that are not open are
        not in the folder).
    """
    said = {"files": content_fingerprints(folder, slugs), "data": dict(data)}
    return f"sha256:{hashlib.sha256(json_bytes(said)).hexdigest()}"


def _problems(
    folder: Path, expected: Mapping[str, str], present: Mapping[str, Path]
) -> Iterator[Problem]:
    for name, sha256 in expected.items():
        if name not in present:
            yield Problem(name[:200], "missing")
        elif file_sha256(present[name]) != sha256:
            yield Problem(name, "changed")
    for name in present.keys() - expected.keys() - {MANIFEST}:
        yield Problem(name, "extra")
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            yield Problem(path.relative_to(folder).as_posix(), "unsafe")
