"""The run record of a released version, read without trusting it.

A version may come from elsewhere, so every name in its record that could become a path is
checked before anything is done with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from equieval.errors import ReleaseError
from equieval.releases.layout import RUN_RECORD
from equieval.study.pages import PageSpec

_SCHEMA = 1
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\Z")
_NOTEBOOK = re.compile(r"notebooks/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.ipynb\Z")


@dataclass(frozen=True)
class RunRecord:
    """What a version was made from, as its ``run.json`` says.

    Attributes
    ----------
    evaluation : id of the evaluation.
    parameters : SHA-256 of the parameters file.
    data : digest of each data source by its id, keyed for data that are not open.
    package : SHA-256 of each package file that pages stand on.
    environment : version of Python and of each distribution.
    platform : operating system, machine and Python implementation; empty in early records.
    seeds : every seed among the parameters, by key path.
    notebooks : digest of what each notebook does, by its path.
    pages : the pages in reading order.
    """

    evaluation: str
    parameters: str
    data: Mapping[str, str]
    package: Mapping[str, str]
    environment: Mapping[str, str]
    platform: Mapping[str, str]
    seeds: Mapping[str, int]
    notebooks: Mapping[str, str]
    pages: tuple[PageSpec, ...]

    @property
    def slugs(self) -> tuple[str, ...]:
        """The pages' file names without suffix."""
        return tuple(page.slug for page in self.pages)

    @classmethod
    def load(cls, folder: Path) -> RunRecord:
        """Read the record of the version in ``folder``.

        Raises
        ------
        ReleaseError : there is none that can be read, or it names what no run can name.
        """
        where = f"{folder.name}/{RUN_RECORD}"
        try:
            record: dict[str, Any] = json.loads((folder / RUN_RECORD).read_bytes())
            if record["schema"] != _SCHEMA:
                raise ReleaseError(
                    f"the run record has schema {record['schema']!r}, this version reads {_SCHEMA}",
                    where=where,
                    remedy="use the version of equieval that made it",
                )
            pages = tuple(_page(entry, record["pages"]) for entry in record["pages"])
            return cls(
                evaluation=_named(_SLUG, record["evaluation"]),
                parameters=str(record["parameters"]["sha256"]),
                data=_texts(record["data"]),
                package=_texts(record["package"]["files"]),
                environment=_texts(record["environment"]),
                platform=_texts(record.get("platform", {})),
                seeds={str(k): int(v) for k, v in dict(record["seeds"]).items()},
                notebooks={
                    page.notebook: str(entry["source"])
                    for page, entry in zip(pages, record["pages"], strict=True)
                },
                pages=pages,
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ReleaseError(
                "the run record cannot be read",
                where=where,
                remedy="restore the version's folder from version control or a backup",
            ) from error


def project_path(name: object) -> str:
    """Return a path of a version or of its data, if it stays inside the project's folder.

    Raises
    ------
    ValueError : it is absolute, leaves the folder, or is no path.
    """
    if not isinstance(name, str) or not name or len(name) > 400:
        raise ValueError(f"{str(name)[:60]!r} is no path")
    path = PurePosixPath(name)
    unsafe = "\\" in name or "\0" in name or ":" in name or name.startswith(("/", "~"))
    if unsafe or any(part in ("..", ".") for part in name.split("/")):
        raise ValueError(f"{name[:60]!r} is not relative to the project")
    return path.as_posix()


def _page(entry: Mapping[str, Any], entries: list[Mapping[str, Any]]) -> PageSpec:
    ids = {str(other["slug"]): str(other["id"]) for other in entries}
    return PageSpec(
        id=str(entry["id"]),
        notebook=_named(_NOTEBOOK, entry["notebook"]),
        slug=_named(_SLUG, entry["slug"]),
        title=str(entry["title"]),
        reads=tuple(str(name) for name in entry["reads"]),
        needs=tuple(ids[str(slug)] for slug in entry["needs"]),
    )


def _named(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise ValueError(f"{str(value)[:60]!r} cannot be a name")
    return value


def _texts(value: Mapping[str, object]) -> dict[str, str]:
    return {str(key): str(inner) for key, inner in dict(value).items()}
