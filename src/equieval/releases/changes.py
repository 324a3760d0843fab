"""``changes.json``: what a version changes since the one before it.

It holds everything that the report's change page shows (`equieval.releases.change_page`), so that
the page can be made again from the version alone.
"""

from __future__ import annotations

from typing import Any

from equieval.releases.attribution import Attribution
from equieval.releases.compare import compare_releases
from equieval.releases.status import Status
from equieval.releases.version import Release

SCHEMA = 1


def changes_record(
    previous: Release | None, made: Release, notes: str, attribution: Attribution | None = None
) -> dict[str, Any]:
    """Return the changes since the previous version as plain data.

    Parameters
    ----------
    previous : the version before, None for the first.
    made : the version being made; its ``path`` is the staging folder.
    notes : the authors' own words on what changed.
    attribution : which change moved the numbers, where that was asked for.

    Returns
    -------
    ``new`` (true for the first version), ``previous``, ``notes`` and, from the second version on,
    ``files`` (added, removed, changed), ``parameters`` (key, before, after), ``data`` and ``code``
    (name: change), ``environment`` (package: versions), ``estimates`` (how many are the same,
    changed, added, removed), ``compared`` (each estimate that is not the same, side by side) and
    ``attribution`` (None where there is none). After a withdrawn version only that is said.
    """
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "new": previous is None,
        "previous": None,
        "notes": notes,
    }
    if previous is None:
        return record
    record["previous"] = previous.version
    if previous.status is Status.WITHDRAWN:
        return {**record, "previous_withdrawn": True}
    comparison = compare_releases(previous, made)
    everything = comparison.to_json()
    return {
        **record,
        "files": everything["files"],
        "parameters": everything["parameters"],
        "data": everything["data"],
        "code": everything["code"],
        "environment": everything["environment"],
        "estimates": comparison.counts(),
        "compared": [row for row in everything["estimates"] if row["change"] != "same"],
        "attribution": None if attribution is None else attribution.to_json(),
    }
