"""``changes.json``: what a version changes since the one before it, in brief."""

from __future__ import annotations

from typing import Any

from equieval.releases.compare import compare_releases
from equieval.releases.version import Release


def changes_record(previous: Release | None, made: Release, notes: str) -> dict[str, Any]:
    """Return the changes since the previous version as plain data.

    Parameters
    ----------
    previous : the version before, None for the first.
    made : the version being made; its ``path`` is the staging folder.
    notes : the authors' own words on what changed.

    Returns
    -------
    ``new`` (true for the first version), ``previous``, ``notes`` and, from the second version on,
    ``files`` (added, removed, changed), ``parameters`` (key, before, after), ``data`` (source:
    change) and ``estimates`` (how many are the same, changed, added, removed).
    """
    record: dict[str, Any] = {
        "schema": 1,
        "new": previous is None,
        "previous": None,
        "notes": notes,
    }
    if previous is None:
        return record
    comparison = compare_releases(previous, made)
    everything = comparison.to_json()
    return {
        **record,
        "previous": previous.version,
        "files": everything["files"],
        "parameters": everything["parameters"],
        "data": everything["data"],
        "estimates": comparison.counts(),
    }
