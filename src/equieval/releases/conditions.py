"""What must hold before a draft becomes a version, apart from the disclosure gate.

Each condition refuses with what is wrong, where, and what to do.
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import TYPE_CHECKING

from equieval.errors import ReleaseError
from equieval.releases.integrity import listed, record_disagreements
from equieval.releases.layout import REPORTS
from equieval.releases.runrecord import RunRecord
from equieval.releases.status import Status, release_status
from equieval.releases.subject import Subject
from equieval.releases.version import Release, list_releases

if TYPE_CHECKING:
    from equieval.runs.plan import Plan

_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")


def place_of(folder: Path) -> str:
    """Name a folder of an evaluation as the user knows it, from the project's folder."""
    return f"{REPORTS}/{folder.parent.name}/{folder.name}"


def refuse_unexplained(subject: Subject) -> None:
    """Refuse a status that no new version can carry, and a correction that says nothing."""
    status = release_status(subject.status, where="identity.status")
    if status is Status.CORRECTED and not subject.notes.strip():
        raise ReleaseError(
            "a corrected version must say what it corrects",
            where="release.notes",
            remedy="write there, for readers, what was wrong and what is right now",
        )


def refuse_other_than_ran(staging: Path, drafted: Path) -> None:
    """Refuse when what would be frozen is not what the run recorded."""
    found = record_disagreements(staging, RunRecord.load(staging))
    if found:
        raise ReleaseError(
            "what would be frozen is not what ran: " + listed([str(each) for each in found]),
            where=place_of(drafted),
            remedy=f"run 'equieval run {drafted.parent.name}' again, then release",
        )


def refuse_used_doi(root: Path, subject: Subject, number: int) -> None:
    """Refuse a version's own DOI that an earlier version has."""
    for earlier in list_releases(root, subject.id) if subject.doi else ():
        if earlier.doi == subject.doi:
            raise ReleaseError(
                f"the DOI {subject.doi} is that of {earlier.name}; each version has its own",
                where="release.doi",
                remedy=f"reserve one for v{number}, or take the line out",
            )


def day_of_release(date: str | None) -> str:
    """Return the day of release; today (UTC) when none is given."""
    if date is None:
        return datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    try:
        if not _DAY.match(date):
            raise ValueError(date)
        return datetime.date.fromisoformat(date).isoformat()
    except ValueError:
        raise ReleaseError(
            f"'{date}' is no day", where="date of release", remedy="write it as YYYY-MM-DD"
        ) from None


def refuse_stale(draft: Path, plan: Plan) -> None:
    """Refuse a draft that is missing, incomplete or out of date, with the reasons."""
    where = place_of(draft)
    run_again = f"run 'equieval run {draft.parent.name}' first"
    if not draft.is_dir():
        raise ReleaseError("there is no draft to release", where=where, remedy=run_again)
    if plan.stale:
        reasons = "; ".join(f"{page.spec.slug} ({', '.join(page.reasons)})" for page in plan.stale)
        raise ReleaseError(
            f"the draft is out of date or incomplete: {reasons}", where=where, remedy=run_again
        )
    if not plan.current:
        raise ReleaseError(
            "the draft was made from another state of the parameters file or the code",
            where=where,
            remedy=run_again,
        )


def next_number(latest: Release | None, asked: int | None) -> int:
    """Return the number of the new version; one that was asked for must be the next."""
    free = 1 if latest is None else latest.version + 1
    if asked is None or asked == free:
        return free
    if latest is not None and 1 <= asked <= latest.version:
        raise ReleaseError(
            f"version {asked} exists and never changes",
            where=f"{REPORTS}/{latest.id}/v{asked}",
            remedy=f"release the new content as version {free}",
        )
    raise ReleaseError(
        f"version {asked} cannot follow on",
        where="version",
        remedy=f"the next version is {free}",
    )
