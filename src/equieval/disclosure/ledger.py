"""The private ledger: the exact count behind each published cell of each version.

It is what later versions are compared with, and it is never published. Cells are known by an
HMAC-SHA-256 of their coordinates (RFC 2104) under the project's private key, so that a ledger
that gets lost by itself names nobody; the counts in it are exact, so it stays in the private
folder, readable by its owner only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from equieval.errors import DisclosureRefused

PRIVATE = Path(".equieval") / "private"
_SCHEMA = 1
_FILE = re.compile(r"v([1-9]\d{0,5})\.json\Z")


@dataclass(frozen=True)
class Entry:
    """One cell of one version: its exact count and what was shown; NaN where it was withheld."""

    exact: float
    shown: float


@dataclass(frozen=True)
class Ledger:
    """The cells of one version by their keyed ids.

    Attributes
    ----------
    version : number of the version.
    profile : disclosure profile that the version was released under.
    cells : keyed id → entry.
    dimension, levels, frequency : how the counts are cut: the dimension's id and levels, and the
        periods as pandas names them; empty in ledgers that do not say.
    sources : id → fingerprint of each source, by which other evaluations of it are known.
    evaluation : whose version it is.
    """

    version: int
    profile: str
    cells: Mapping[str, Entry]
    dimension: str = ""
    levels: tuple[str, ...] = ()
    frequency: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    evaluation: str = ""

    @property
    def name(self) -> str:
        """The version as messages name it."""
        return f"{self.evaluation} v{self.version}".strip()


def cell_id(key: bytes, coordinates: Iterable[str]) -> str:
    """Return the keyed id of a cell (32 hex digits) from its coordinates, in a fixed order."""
    text = json.dumps(list(coordinates), ensure_ascii=False)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


def ledger_folder(root: Path, evaluation_id: str) -> Path:
    """Where the ledgers of an evaluation are."""
    return root / PRIVATE / "ledger" / evaluation_id


def read_ledgers(root: Path, evaluation_id: str) -> tuple[Ledger, ...]:
    """Return the ledgers of all versions, the latest first; none where nothing was released.

    Raises
    ------
    DisclosureRefused : a ledger cannot be read.
    """
    folder = ledger_folder(root, evaluation_id)
    found = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        matched = _FILE.match(path.name)
        if matched:
            found[int(matched[1])] = _read(path, int(matched[1]))
    return tuple(found[version] for version in sorted(found, reverse=True))


def other_ledgers(root: Path, evaluation_id: str) -> tuple[Ledger, ...]:
    """Return the ledgers of all other evaluations of the project: a count may be theirs too.

    Raises
    ------
    DisclosureRefused : a ledger cannot be read.
    """
    folder = root / PRIVATE / "ledger"
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return tuple(
        ledger for name in names if name != evaluation_id for ledger in read_ledgers(root, name)
    )


def write_ledger(root: Path, evaluation_id: str, ledger: Ledger) -> Path:
    """Write the ledger of a version in one step, readable by its owner only."""
    folder = ledger_folder(root, evaluation_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    record = {
        "schema": _SCHEMA,
        "version": ledger.version,
        "profile": ledger.profile,
        "dimension": ledger.dimension,
        "levels": list(ledger.levels),
        "frequency": ledger.frequency,
        "sources": dict(ledger.sources),
        "cells": {
            name: [entry.exact, None if math.isnan(entry.shown) else entry.shown]
            for name, entry in sorted(ledger.cells.items())
        },
    }
    target = folder / f"v{ledger.version}.json"
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(record, file, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    return target


def _read(path: Path, version: int) -> Ledger:
    try:
        record = json.loads(path.read_bytes())
        if record["schema"] != _SCHEMA or record["version"] != version:
            raise ValueError(path.name)
        cells = {
            str(name): Entry(float(exact), math.nan if shown is None else float(shown))
            for name, (exact, shown) in record["cells"].items()
        }
        return Ledger(
            version,
            str(record["profile"]),
            cells,
            dimension=str(record.get("dimension", "")),
            levels=tuple(str(level) for level in record.get("levels", ())),
            frequency=str(record.get("frequency", "")),
            sources={str(name): str(d) for name, d in record.get("sources", {}).items()},
            evaluation=path.parent.name,
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DisclosureRefused(
            "the private ledger of an earlier version cannot be read",
            where=f"{PRIVATE.as_posix()}/ledger/{path.parent.name}/{path.name}",
            remedy="restore it from your backup; without it nothing can be compared",
        ) from error
