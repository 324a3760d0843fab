"""The store of releases: ``reports/<id>/vN/`` is written once, in one step, and never changed.

A version is built beside its final place and moved there by a single rename. Until that rename
nothing of it is visible; whatever stops the process before leaves, at most, a staging folder
that the next release of the evaluation clears away.
"""

from __future__ import annotations

import datetime
import errno
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equieval.errors import EnvironmentFault, EvaluationFailed, ReleaseError
from equieval.releases import contents
from equieval.releases.changes import changes_record
from equieval.releases.draft import Draft
from equieval.releases.gate import inspect_draft, published_findings, stated_words
from equieval.releases.layout import CHANGES, CODE, DISCLOSURE_RECORD, RELEASE_RECORD, REPORTS
from equieval.releases.manifest import (
    content_digest,
    file_sha256,
    plain_files,
    verify_manifest,
    write_manifest,
)
from equieval.releases.notebooks import json_bytes
from equieval.releases.private import Private, keep_ledger, private_counts
from equieval.releases.record import Check, DisclosureRecord, Finding
from equieval.releases.renderer import HTML_FOLDER, ReleaseDraft, ReleasePage, Renderer
from equieval.releases.status import release_status
from equieval.releases.subject import Subject, SubjectPage
from equieval.releases.surroundings import Surroundings
from equieval.releases.tracked import tracked_findings
from equieval.releases.version import Release, version_folders
from equieval.runs.draft import draft_folder, evaluation_lock

if TYPE_CHECKING:
    from equieval.protocol import Evaluation
    from equieval.runs.plan import Plan

_STAGING = ".staging-"
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_READ_ONLY = 0o444


@dataclass(frozen=True)
class Outcome:
    """What a call of `release` did.

    Attributes
    ----------
    release : the version that now holds this content.
    created : whether it was made by this call.
    """

    release: Release
    created: bool

    @property
    def message(self) -> str:
        """One line for the user."""
        if self.created:
            return f"released {self.release.id} {self.release.name}"
        return f"nothing to release: identical to {self.release.name}"


def release(
    root: Path,
    evaluation: Evaluation,
    *,
    plan: Plan,
    renderer: Renderer,
    date: str | None = None,
    version: int | None = None,
    force: bool = False,
) -> Outcome:
    """Publish the draft of an evaluation as its next version.

    Parameters
    ----------
    root : the project's folder.
    evaluation : the validated parameters file.
    plan : what ``runs.plan`` says about the draft now.
    renderer : makes the pages (`equieval.releases.renderer`).
    date : day of release, ``YYYY-MM-DD``; today (UTC) when left out.
    version : the number that the new version must get; the next free one when left out.
    force : release although the content is that of the latest version.

    Raises
    ------
    ReleaseError : the draft is missing or stale, the status or version number cannot be
        released, an earlier version was changed, or another process is releasing.
    DisclosureRefused : the gate refused, with every finding.
    EvaluationFailed : the renderer left a page out.
    """
    subject = Subject.of(evaluation)
    folder = root / REPORTS / subject.id
    pages = tuple(SubjectPage(p.spec.slug, p.spec.title, p.spec.notebook) for p in plan.pages)
    day = _day(date)
    release_status(subject.status, where="identity.status")
    drafted = draft_folder(root, subject.id)
    _refuse_stale(drafted, plan)
    here = Surroundings.of(root)
    with evaluation_lock(root, subject.id):
        _clear_staging(folder)
        latest = _latest(root, subject.id)
        private = private_counts(root, evaluation)
        private_files = _private_files(root, subject, private)
        draft, record = inspect_draft(drafted, subject, pages, here, private, private_files)
        record.refuse_failures(where=_place(drafted))
        with _staging(folder) as staging:
            _stage_content(root, staging, draft, subject, pages)
            slugs = [page.slug for page in pages]
            digest = content_digest(staging, slugs, contents.data_fingerprints(draft))
            same = latest is not None and latest.content_digest == digest
            if latest is not None and same and not force and version in (None, latest.version):
                return Outcome(latest, created=False)
            number = _number(latest, version)
            facts = _facts(staging, draft, subject, pages, number, day, latest)
            made = _made(staging, facts, subject, renderer, digest)
            _write_record(staging, CHANGES, changes_record(latest, made, subject.notes))
            _write_record(staging, RELEASE_RECORD, made.to_json())
            _write_record(staging, DISCLOSURE_RECORD, record.to_json())
            _render(staging, renderer, facts)
            record = _with_published_files(staging, record, here, stated_words(draft), private)
            record = record.with_exceptions(subject.exceptions)
            record.refuse_failures(where=f"{subject.id} v{number}, as it would be published")
            _write_record(staging, DISCLOSURE_RECORD, record.to_json())
            write_manifest(staging)
            target = folder / f"v{number}"
            # The ledger first: a version without one could never be followed by another.
            if private is not None:
                keep_ledger(root, subject.id, number, private)
            _publish(staging, target)
    return Outcome(Release.load(target), created=True)


def _place(folder: Path) -> str:
    """Name a folder of an evaluation as the user knows it, from the project's folder."""
    return f"{REPORTS}/{folder.parent.name}/{folder.name}"


def _write_record(staging: Path, name: str, record: Mapping[str, Any]) -> None:
    (staging / name).write_bytes(json_bytes(record))


def _day(date: str | None) -> str:
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


def _refuse_stale(draft: Path, plan: Plan) -> None:
    where = _place(draft)
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


def _private_files(root: Path, subject: Subject, private: Private | None) -> list[Finding]:
    """Return private files that were committed, and ledgers that are missing."""
    open_data = subject.profile == "open-data"
    found = [*tracked_findings(root, subject.id, drafts=not open_data)]
    if private is not None:
        found += private.missing_ledgers(_live_profiles(root, subject.id))
    return found


def _live_profiles(root: Path, evaluation_id: str) -> dict[int, str]:
    """Return the disclosure profile of each version that readers may have."""
    live = {}
    for number, path in version_folders(root, evaluation_id).items():
        if (path / DISCLOSURE_RECORD).is_file():
            live[number] = str(json.loads((path / DISCLOSURE_RECORD).read_bytes()).get("profile"))
    return live


def _clear_staging(folder: Path) -> None:
    """Remove what killed processes left; the lock is held, so none of it is in use."""
    for left in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(left)


def _latest(root: Path, evaluation_id: str) -> Release | None:
    folders = version_folders(root, evaluation_id)
    if not folders:
        return None
    path = folders[max(folders)]
    problems = verify_manifest(path)
    if problems:
        listed = "; ".join(str(problem) for problem in problems[:5])
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise ReleaseError(
            f"the released version {path.name} was changed afterwards: {listed}{more}",
            where=_place(path),
            remedy="restore the version from version control or a backup",
        )
    return Release.load(path)


def _number(latest: Release | None, asked: int | None) -> int:
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


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Give a folder that is gone afterwards, unless it was moved to its final place."""
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
    try:
        staging.chmod(0o755)
        yield staging
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise EnvironmentFault(
            "the disk is full; nothing was released",
            where=f"{REPORTS}/{folder.name}",
            remedy="free some space and release again",
        ) from error
    finally:
        if staging.exists():
            shutil.rmtree(staging)


def _stage_content(
    root: Path, staging: Path, draft: Draft, subject: Subject, pages: Sequence[SubjectPage]
) -> None:
    contents.stage_pages(draft, staging)
    contents.stage_records(draft, staging)
    contents.stage_estimates(draft, staging, subject)
    contents.stage_sources(root, staging, pages)
    contents.stage_inputs(root, staging, subject)
    contents.stage_code(root, staging)


def _facts(
    staging: Path,
    draft: Draft,
    subject: Subject,
    pages: Sequence[SubjectPage],
    number: int,
    day: str,
    latest: Release | None,
) -> ReleaseDraft:
    return ReleaseDraft(
        id=subject.id,
        version=number,
        title=subject.title,
        label=subject.label,
        status=release_status(subject.status, where="identity.status"),
        date=day,
        pages=tuple(ReleasePage(page.slug, page.title) for page in pages),
        synthetic=subject.synthetic,
        headline=contents.headline(draft),
        downloads=contents.downloads(staging),
        previous=None if latest is None else latest.version,
        authors=subject.authors,
        contact=subject.contact,
    )


def _render(staging: Path, renderer: Renderer, facts: ReleaseDraft) -> None:
    renderer.prepare(staging, facts)
    renderer.render(staging)
    absent = [
        p.slug for p in facts.pages if not (staging / HTML_FOLDER / f"{p.slug}.html").is_file()
    ]
    if absent:
        raise EvaluationFailed(
            f"the renderer '{renderer.name}' made no page for: {', '.join(absent)}",
            where=f"{facts.id} v{facts.version}",
            remedy="see the renderer's messages; nothing was released",
        )


def _made(
    staging: Path, facts: ReleaseDraft, subject: Subject, renderer: Renderer, digest: str
) -> Release:
    return Release(
        path=staging,
        id=facts.id,
        version=facts.version,
        title=facts.title,
        label=facts.label,
        status=facts.status,
        date=facts.date,
        approvers=subject.approvers,
        renderer=renderer.name,
        renderer_version=renderer.version,
        content_digest=digest,
        previous=facts.previous,
        headline=facts.headline,
        pages=facts.pages,
        synthetic=facts.synthetic,
    )


def _with_published_files(
    staging: Path,
    record: DisclosureRecord,
    here: Surroundings,
    stated: str,
    private: Private | None,
) -> DisclosureRecord:
    """Look once more at every file as it would leave, the renderer's included."""
    everything = plain_files(staging)
    # The package's own source and pins are the same for all, also where a renderer copies them.
    ours = {file_sha256(path) for name, path in everything.items() if name.startswith(f"{CODE}/")}
    files = {name: path for name, path in everything.items() if file_sha256(path) not in ours}
    check = Check.of(
        "published-files",
        "No file of the version, as published, tells the machine or the account that made it, or "
        "more than the protected counts.",
        published_findings(files, here, stated=stated, private=private),
    )
    return replace(record, checks=(*record.checks, check))


def _publish(staging: Path, target: Path) -> None:
    """Make the files durable and read-only, then move the folder to its final name."""
    for path in plain_files(staging).values():
        path.chmod(_READ_ONLY)
        _sync(path)
    for folder in sorted((p for p in staging.rglob("*") if p.is_dir()), reverse=True):
        _sync(folder)
    _sync(staging)
    try:
        staging.rename(target)
    except OSError as error:
        if target.exists():
            raise ReleaseError(
                f"version {target.name} exists and never changes",
                where=_place(target),
                remedy="release again: the content becomes the next version",
            ) from error
        raise
    _sync(target.parent)


def _sync(path: Path) -> None:
    if sys.platform == "win32":  # folders cannot be opened there, and renames are journalled
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
