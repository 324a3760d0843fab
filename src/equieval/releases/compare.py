"""What changed between two versions, estimate by estimate and file by file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from equieval.errors import ReleaseError
from equieval.protocol.loading import parse, read
from equieval.releases.layout import PARAMETERS, RELEASE_PAGES, RUN_RECORD
from equieval.releases.manifest import content_fingerprints
from equieval.releases.status import Status
from equieval.releases.version import Release

Change = Literal["same", "changed", "added", "removed"]
ESTIMATE_CHANGE_COLUMNS = (
    "id", "page", "role", "outcome", "estimand", "scale", "time", "change",
    "estimate_before", "estimate_after", "difference",
    "ci_low_before", "ci_low_after", "ci_high_before", "ci_high_after",
)  # fmt: skip
_LABELS = ("page", "role", "outcome", "estimand", "scale", "time")
_NUMBERS = ("estimate", "ci_low", "ci_high")


@dataclass(frozen=True)
class ParameterChange:
    """One key of the parameters that differs; None where the key is absent."""

    key: str
    before: object
    after: object


@dataclass(frozen=True)
class Comparison:
    """Two versions side by side.

    Attributes
    ----------
    before, after : names of the versions.
    estimates : one row per estimate of either version, `ESTIMATE_CHANGE_COLUMNS`; ``change`` is
        same, changed, added or removed.
    parameters : keys that differ.
    data : ids of the sources whose data differ, with what happened to them.
    code : package files and notebooks that differ, with what happened to them.
    environment : package versions that differ, before and after; None where there is none.
    files : paths of the content that were added, removed and changed.
    """

    before: str
    after: str
    estimates: pd.DataFrame
    parameters: tuple[ParameterChange, ...]
    data: Mapping[str, Change]
    code: Mapping[str, Change]
    environment: Mapping[str, tuple[str | None, str | None]]
    files: Mapping[Change, tuple[str, ...]]

    def counts(self) -> dict[str, int]:
        """Return how many estimates are the same, changed, added and removed."""
        tally = self.estimates["change"].value_counts()
        return {kind: int(tally.get(kind, 0)) for kind in ("same", "changed", "added", "removed")}

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain data; missing numbers are None."""
        rows = self.estimates.astype(object).where(self.estimates.notna(), None)
        return {
            "schema": 1,
            "before": self.before,
            "after": self.after,
            "counts": self.counts(),
            "estimates": rows.to_dict("records"),
            "parameters": [
                {"key": p.key, "before": p.before, "after": p.after} for p in self.parameters
            ],
            "data": dict(self.data),
            "code": dict(self.code),
            "environment": {name: list(pair) for name, pair in self.environment.items()},
            "files": {kind: list(paths) for kind, paths in self.files.items()},
        }


def compare_releases(before: Release, after: Release) -> Comparison:
    """Compare two versions of one evaluation.

    Raises
    ------
    ReleaseError : the versions are of different evaluations, or one was withdrawn.
    """
    if before.id != after.id:
        raise ReleaseError(
            "only versions of one evaluation can be compared",
            where=f"{before.id} and {after.id}",
            remedy="name two versions of the same evaluation",
        )
    for version in (before, after):
        if version.status is Status.WITHDRAWN:
            raise ReleaseError(
                f"{version.name} was withdrawn: its numbers are gone",
                where=version.id,
                remedy="compare versions that stand",
            )
    old, new = _run(before), _run(after)
    return Comparison(
        before=before.name,
        after=after.name,
        estimates=estimate_changes(before.estimates(), after.estimates()),
        parameters=parameter_changes(before.path / PARAMETERS, after.path / PARAMETERS),
        data=data_changes(before.data_fingerprints(), after.data_fingerprints()),
        code=dict(_differences(_code(old), _code(new))),
        environment=environment_changes(_texts(old, "environment"), _texts(new, "environment")),
        files=file_changes(before, after),
    )


def estimate_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return both Estimates tables joined by ``id``, in the order of the later one.

    Equal means equal to the last digit; whether a difference matters is for `verify` to say.
    """
    order = [*after["id"], *(i for i in before["id"] if i not in set(after["id"]))]
    left = before.set_index("id").reindex(order)
    right = after.set_index("id").reindex(order)
    columns: dict[str, Any] = {"id": order}
    for name in _LABELS:
        columns[name] = right[name].combine_first(left[name]).to_numpy(dtype="object")
    for name in _NUMBERS:
        columns[f"{name}_before"] = left[name].to_numpy(dtype="float64", na_value=float("nan"))
        columns[f"{name}_after"] = right[name].to_numpy(dtype="float64", na_value=float("nan"))
    table = pd.DataFrame(columns)
    table["difference"] = table["estimate_after"] - table["estimate_before"]
    table["change"] = list(_changes(table, set(before["id"]), set(after["id"])))
    return table[list(ESTIMATE_CHANGE_COLUMNS)]


def parameter_changes(before: Path, after: Path) -> tuple[ParameterChange, ...]:
    """Return the keys (``design.start``) whose values differ between two parameters files."""
    old = dict(_flat(parse(read(before)).values))
    new = dict(_flat(parse(read(after)).values))
    return tuple(
        ParameterChange(key, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


def data_changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Change]:
    """Return the data sources that were added, removed or changed, by their fingerprints."""
    return dict(_differences(before, after))


def environment_changes(
    before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, tuple[str | None, str | None]]:
    """Return the packages whose versions differ, with both versions."""
    return {name: (before.get(name), after.get(name)) for name, _ in _differences(before, after)}


def file_changes(before: Release, after: Release) -> dict[Change, tuple[str, ...]]:
    """Return the files of the content that were added, removed and changed.

    What follows from the content (rendered pages, the pages that a release adds, Parquet, records
    of the release itself) and the code archive are left out.
    """
    old, new = (
        content_fingerprints(r.path, [p.slug for p in r.pages if p.slug not in RELEASE_PAGES])
        for r in (before, after)
    )
    changes = dict(_differences(old, new))
    kinds: tuple[Change, ...] = ("added", "removed", "changed")
    return {kind: tuple(name for name in changes if changes[name] == kind) for kind in kinds}


def _run(release: Release) -> Mapping[str, Any]:
    try:
        record = json.loads((release.path / RUN_RECORD).read_bytes())
    except (OSError, ValueError) as error:
        raise ReleaseError(
            "the run record cannot be read",
            where=f"{release.id} {release.name}",
            remedy="restore the version's folder from version control or a backup",
        ) from error
    return record if isinstance(record, dict) else {}


def _texts(record: Mapping[str, Any], name: str) -> dict[str, str]:
    found = record.get(name)
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _code(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of package files and notebooks by name, as the run recorded them."""
    package = record.get("package")
    files = _texts(package, "files") if isinstance(package, dict) else {}
    pages = record.get("pages", ())
    notebooks = {str(p["notebook"]): str(p["source"]) for p in pages if "source" in p}
    return {**{f"equieval/{name}": digest for name, digest in files.items()}, **notebooks}


def _changes(table: pd.DataFrame, old: set[str], new: set[str]) -> Iterator[Change]:
    for row in table.itertuples(index=False):
        if row.id not in old:
            yield "added"
        elif row.id not in new:
            yield "removed"
        else:
            pairs = [(getattr(row, f"{n}_before"), getattr(row, f"{n}_after")) for n in _NUMBERS]
            same = all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in pairs)
            yield "same" if same else "changed"


def _differences(
    before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[tuple[str, Change]]:
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            yield name, "added"
        elif name not in after:
            yield name, "removed"
        elif before[name] != after[name]:
            yield name, "changed"


def _flat(value: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{prefix}[{number}]")
    else:
        yield prefix, value
