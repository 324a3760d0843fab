"""A released version, read back from its folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equieval.errors import ReleaseError, did_you_mean
from equieval.releases.layout import ESTIMATES_PARQUET, RELEASE_RECORD, REPORTS, RUN_RECORD
from equieval.releases.record import Approver
from equieval.releases.renderer import ReleasePage
from equieval.releases.status import Status

if TYPE_CHECKING:
    import pandas as pd

_SCHEMA = 1
_VERSION_FOLDER = re.compile(r"v([1-9]\d{0,5})\Z")


@dataclass(frozen=True)
class Release:
    """One version of one evaluation; the folder behind it is never changed.

    Attributes
    ----------
    path : the version's folder.
    id, version, title, label, status, date, approvers : as ``release.json`` has them.
    renderer, renderer_version : what made the pages.
    content_digest : fingerprint of what the version says (`equieval.releases.manifest`).
    previous : the version before it, None for the first.
    headline : the answer in brief.
    pages : in reading order.
    synthetic : whether its data were made up.
    doi, series_doi : DOI of the version and of all versions together; may be empty.
    """

    path: Path
    id: str
    version: int
    title: str
    label: str
    status: Status
    date: str
    approvers: tuple[Approver, ...]
    renderer: str
    renderer_version: str
    content_digest: str
    previous: int | None
    headline: Mapping[str, Any]
    pages: tuple[ReleasePage, ...]
    synthetic: bool
    doi: str = ""
    series_doi: str = ""

    @property
    def name(self) -> str:
        """``v1``, ``v2``, …"""
        return f"v{self.version}"

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        import pandas as pd

        return pd.read_parquet(self.path / ESTIMATES_PARQUET)

    def estimates(self) -> pd.DataFrame:
        """Return the version's Estimates table."""
        return self._estimates.copy()

    def data_fingerprints(self) -> dict[str, str]:
        """Return the fingerprint of each data source that the version rests on."""
        return recorded_data(json.loads((self.path / RUN_RECORD).read_bytes()))

    def to_json(self) -> dict[str, object]:
        """Return ``release.json`` as plain data."""
        return {
            "schema": _SCHEMA,
            "id": self.id,
            "version": self.version,
            "title": self.title,
            "label": self.label,
            "status": self.status.value,
            "date": self.date,
            "approvers": [{"name": a.name, "role": a.role} for a in self.approvers],
            "renderer": {"name": self.renderer, "version": self.renderer_version},
            "content_digest": self.content_digest,
            "previous": self.previous,
            "headline": dict(self.headline),
            "pages": [{"slug": page.slug, "title": page.title} for page in self.pages],
            "synthetic": self.synthetic,
            "doi": self.doi,
            "series_doi": self.series_doi,
        }

    @classmethod
    def load(cls, path: Path) -> Release:
        """Read a version from its folder.

        Raises
        ------
        ReleaseError : there is no readable ``release.json``, or it is of another version.
        """
        where = f"{path.parent.name}/{path.name}/{RELEASE_RECORD}"
        try:
            record: dict[str, Any] = json.loads((path / RELEASE_RECORD).read_bytes())
            if record["schema"] != _SCHEMA:
                raise ReleaseError(
                    f"the release has schema {record['schema']}, this version reads {_SCHEMA}",
                    where=where,
                    remedy="use the version of equieval that made it",
                )
            return cls(
                path=path,
                id=record["id"],
                version=record["version"],
                title=record["title"],
                label=record["label"],
                status=Status(record["status"]),
                date=record["date"],
                approvers=tuple(Approver(a["name"], a["role"]) for a in record["approvers"]),
                renderer=record["renderer"]["name"],
                renderer_version=record["renderer"]["version"],
                content_digest=record["content_digest"],
                previous=record["previous"],
                headline=record["headline"],
                pages=tuple(ReleasePage(p["slug"], p["title"]) for p in record["pages"]),
                synthetic=record["synthetic"],
                doi=record.get("doi", ""),
                series_doi=record.get("series_doi", ""),
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ReleaseError(
                "the release cannot be read",
                where=where,
                remedy="restore the version's folder from version control or a backup",
            ) from error


def recorded_data(run: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprint of each data source by its id, from a run record.

    Raises
    ------
    ReleaseError : the record does not say which data were used.
    """
    data = run.get("data")
    if not isinstance(data, Mapping) or not data:
        raise ReleaseError(
            "the run record does not say which data were used",
            where=RUN_RECORD,
            remedy="run the evaluation again",
        )
    return {str(source): str(digest) for source, digest in data.items()}


def version_folders(root: Path, evaluation_id: str) -> dict[int, Path]:
    """Return the folders ``reports/<id>/vN`` by number, in ascending order."""
    folder = root / REPORTS / evaluation_id
    if not folder.is_dir():
        return {}
    matched = ((_VERSION_FOLDER.match(path.name), path) for path in folder.iterdir())
    return dict(sorted((int(match[1]), path) for match, path in matched if match and path.is_dir()))


def list_releases(root: Path, evaluation_id: str | None = None) -> tuple[Release, ...]:
    """Return every release of a project, or of one evaluation, by id and ascending version.

    Raises
    ------
    ReleaseError : a version's record cannot be read.
    """
    reports = root / REPORTS
    if evaluation_id is not None:
        names = [evaluation_id]
    elif reports.is_dir():
        names = sorted(path.name for path in reports.iterdir() if path.is_dir())
    else:
        names = []
    return tuple(
        Release.load(path) for name in names for path in version_folders(root, name).values()
    )


def find_release(root: Path, evaluation_id: str, version: int | None = None) -> Release:
    """Return one version of an evaluation; the latest that stands when none is named.

    Raises
    ------
    ReleaseError : there is no such evaluation or version.
    """
    folders = version_folders(root, evaluation_id)
    if not folders:
        known = released_ids(root)
        raise ReleaseError(
            f"'{evaluation_id}' has no released version",
            where=REPORTS,
            remedy=did_you_mean(evaluation_id, known) if known else "release one first",
        )
    if version is not None:
        if version not in folders:
            raise ReleaseError(
                f"'{evaluation_id}' has no version {version}",
                where=f"{REPORTS}/{evaluation_id}",
                remedy="released: " + ", ".join(f"v{number}" for number in folders),
            )
        return Release.load(folders[version])
    releases = [Release.load(path) for path in folders.values()]
    standing = [found for found in releases if found.status is not Status.WITHDRAWN]
    return (standing or releases)[-1]


def released_ids(root: Path) -> tuple[str, ...]:
    """Return the ids of the evaluations that have a released version."""
    reports = root / REPORTS
    names = sorted(p.name for p in reports.iterdir() if p.is_dir()) if reports.is_dir() else []
    return tuple(name for name in names if version_folders(root, name))
