"""The run record, ``run.json``: what a draft was made from, and how long it took.

Names and digests only: no path of this machine, no user, no host. Digests of data that
are not open are keyed (`equieval.data.digests`). Apart from the seconds, the same inputs
give the same record.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equieval
from equieval.runs.draft import RUN_RECORD
from equieval.runs.fingerprint import Fingerprint, digest_of, environment_versions
from equieval.runs.subject import Subject, content_digest

SCHEMA = 1


@dataclass(frozen=True)
class PageRecord:
    """What is recorded of a page: its key, its content's digest, the seconds it took."""

    key: str
    digest: str
    seconds: float


def run_record(
    subject: Subject,
    fingerprints: Mapping[str, Fingerprint],
    pages: Mapping[str, PageRecord],
) -> dict[str, Any]:
    """Return the record of a run as JSON-able values.

    Parameters
    ----------
    subject : the evaluation as it was read.
    fingerprints : what each page depends on, by slug.
    pages : what came of each page, by slug.
    """
    blocks: dict[str, str] = {}
    for fingerprint in fingerprints.values():
        blocks |= fingerprint.blocks
    return {
        "schema": SCHEMA,
        "evaluation": subject.id,
        "equieval": equieval.__version__,
        "design": subject.design,
        "parameters": {
            "sha256": content_digest(subject.parameters),
            "blocks": dict(sorted(blocks.items())),
        },
        "data": {source.id: source.digest for source in subject.sources},
        "package": {
            "sha256": digest_of(dict(subject.package)),
            "files": dict(subject.package),
        },
        "environment": environment_versions(),
        "platform": platform_kind(),
        "seeds": dict(subject.seeds),
        "pages": [
            {
                "id": spec.id,
                "slug": spec.slug,
                "title": spec.title,
                "notebook": spec.notebook,
                "source": fingerprints[spec.slug].notebook,
                "reads": sorted(fingerprints[spec.slug].blocks),
                "needs": dict(fingerprints[spec.slug].needs),
                "front_matter": digest_of(subject.front_matter(spec)),
                "key": pages[spec.slug].key,
                "digest": pages[spec.slug].digest,
                "seconds": round(pages[spec.slug].seconds, 3),
            }
            for spec in subject.specs
        ],
    }


def platform_kind() -> dict[str, str]:
    """Return the kind of machine, on which the last digits of a number can depend.

    ``system`` (Linux, Darwin, Windows), ``machine`` (x86_64, arm64) and ``implementation``
    (CPython): no name of the machine or of its user.
    """
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "implementation": platform.python_implementation(),
    }


def record_bytes(record: Mapping[str, Any]) -> bytes:
    """Return the bytes of a run record as it is saved."""
    return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode()


def read_record(draft: Path) -> dict[str, Any] | None:
    """Read the run record of a draft; None where there is none that this version can read."""
    try:
        record = json.loads((draft / RUN_RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        return None
    return record


def recorded_page(record: Mapping[str, Any], slug: str) -> PageRecord | None:
    """Return what a record says of a page."""
    entry = _entry(record, slug)
    try:
        return PageRecord(str(entry["key"]), str(entry["digest"]), float(entry["seconds"]))
    except (KeyError, TypeError, ValueError):
        return None


def recorded_fingerprint(record: Mapping[str, Any], slug: str) -> Fingerprint | None:
    """Return what a page depended on when the record was made."""
    try:
        entry = _entry(record, slug)
        blocks = record["parameters"]["blocks"]
        return Fingerprint(
            notebook=str(entry["source"]),
            blocks={name: blocks[name] for name in entry["reads"]},
            data=dict(record["data"]),
            package=dict(record["package"]["files"]),
            environment=dict(record["environment"]),
            needs=dict(entry["needs"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def without_durations(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without what differs between two runs of the same inputs."""
    pages = [{k: v for k, v in page.items() if k != "seconds"} for page in record["pages"]]
    return {**record, "pages": pages}


def _entry(record: Mapping[str, Any], slug: str) -> Mapping[str, Any]:
    pages = record.get("pages")
    for entry in pages if isinstance(pages, list) else ():
        if isinstance(entry, Mapping) and entry.get("slug") == slug:
            return entry
    return {}
