"""The store of releases: ``reports/<id>/vN/`` is written once, in one step, and never changed.

A version is built beside its final place and moved there by a single rename. Until that rename
nothing of it is visible; whatever stops the process before leaves, at most, a staging folder
that the next release of the evaluation clears away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equieval.errors import EvaluationFailed, ReleaseError
from equieval.releases import contents
from equieval.releases.attribution import Attribution
from equieval.releases.change_page import PAGE as CHANGE_PAGE
from equieval.releases.change_page import change_page_notebook, has_change_page
from equieval.releases.changes import changes_record
from equieval.releases.citation import citation
from equieval.releases.conditions import (
    day_of_release,
    next_number,
    place_of,
    refuse_other_than_ran,
    refuse_stale,
    refuse_unexplained,
    refuse_used_doi,
)
from equieval.releases.draft import Draft
from equieval.releases.gate import inspect_draft, published_findings, stated_words
from equieval.releases.layout import (
    CHANGES,
    CITATION,
    CODE,
    DISCLOSURE_RECORD,
    RELEASE_RECORD,
    REPORTS,
)
from equieval.releases.manifest import (
    content_digest,
    file_sha256,
    plain_files,
    verify_manifest,
    write_manifest,
)
from equieval.releases.notebooks import json_bytes
from equieval.releases.private import Private, keep_ledger, private_counts
from equieval.releases.provenance_page import with_provenance_page
from equieval.releases.record import Check, DisclosureRecord, Finding
from equieval.releases.renderer import HTML_FOLDER, ReleaseDraft, ReleasePage, Renderer
from equieval.releases.staging import clear_staging, freeze_in_place, staging_folder
from equieval.releases.status import Status, release_status
from equieval.releases.subject import Subject, SubjectPage
from equieval.releases.surroundings import Surroundings
from equieval.releases.tracked import tracked_findings
from equieval.releases.version import Release, version_folders
from equieval.releases.withdrawal import TOMBSTONE
from equieval.runs.draft import draft_folder, evaluation_lock

if TYPE_CHECKING:
    from equieval.protocol import Evaluation
    from equieval.runs.plan import Plan

Attribute = Callable[[Release, Release], Attribution]


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
    attribute: Attribute | None = None,
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
    attribute : says which change moved the numbers since the version before
        (`equieval.releases.attribution.attribute`); the page of changes then shows it.

    Raises
    ------
    ReleaseError : the draft is missing or stale, the status or version number cannot be
        released, an earlier version was changed, what would be frozen is not what ran, or
        another process is releasing.
    DisclosureRefused : the gate refused, with every finding.
    EvaluationFailed : the renderer left a page out.
    """
    subject = Subject.of(evaluation)
    folder = root / REPORTS / subject.id
    pages = tuple(SubjectPage(p.spec.slug, p.spec.title, p.spec.notebook) for p in plan.pages)
    day = day_of_release(date)
    refuse_unexplained(subject)
    drafted = draft_folder(root, subject.id)
    refuse_stale(drafted, plan)
    here = Surroundings.of(root)
    with evaluation_lock(root, subject.id):
        clear_staging(folder)
        latest = _latest(root, subject.id)
        private = private_counts(root, evaluation)
        private_files = _private_files(root, subject, private)
        draft, record = inspect_draft(drafted, subject, pages, here, private, private_files)
        record.refuse_failures(where=place_of(drafted))
        with staging_folder(folder) as staging:
            _stage_content(root, staging, draft, subject, pages)
            slugs = [page.slug for page in pages]
            digest = content_digest(staging, slugs, contents.data_fingerprints(draft))
            same = latest is not None and latest.content_digest == digest
            if latest is not None and same and not force and version in (None, latest.version):
                return Outcome(latest, created=False)
            refuse_other_than_ran(staging, drafted)
            number = next_number(latest, version)
            refuse_used_doi(root, subject, number)
            (staging / CITATION).write_bytes(citation(subject, number, day))
            facts = _facts(staging, draft, subject, pages, number, day, latest)
            made = _made(staging, facts, subject, renderer, digest)
            facts = with_provenance_page(staging, facts)
            facts = _with_changes(staging, facts, latest, made, subject.notes, attribute)
            _write_record(staging, RELEASE_RECORD, replace(made, pages=facts.pages).to_json())
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
            freeze_in_place(staging, target)
    return Outcome(Release.load(target), created=True)


def _write_record(staging: Path, name: str, record: Mapping[str, Any]) -> None:
    (staging / name).write_bytes(json_bytes(record))


def _private_files(root: Path, subject: Subject, private: Private | None) -> list[Finding]:
    """Return private files that were committed, and ledgers that are missing."""
    open_data = subject.profile == "open-data"
    found = [*tracked_findings(root, subject.id, drafts=not open_data)]
    if private is not None:
        found += private.missing_ledgers(_live_profiles(root, subject.id))
    return found


def _live_profiles(root: Path, evaluation_id: str) -> dict[int, str]:
    """Return the disclosure profile of each version that readers have, or had before it went."""
    live = {}
    for number, path in version_folders(root, evaluation_id).items():
        for name in (DISCLOSURE_RECORD, TOMBSTONE):
            if (path / name).is_file():
                live[number] = str(json.loads((path / name).read_bytes()).get("profile"))
                break
    return live


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
            where=place_of(path),
            remedy="restore the version from version control or a backup",
        )
    return Release.load(path)


def _stage_content(
    root: Path, staging: Path, draft: Draft, subject: Subject, pages: Sequence[SubjectPage]
) -> None:
    contents.stage_pages(draft, staging)
    contents.stage_records(draft, staging)
    contents.stage_registration(root, staging, subject.id)
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
        doi=subject.doi,
        series_doi=subject.series_doi,
    )


def _with_changes(
    staging: Path,
    facts: ReleaseDraft,
    latest: Release | None,
    made: Release,
    notes: str,
    attribute: Attribute | None,
) -> ReleaseDraft:
    """Write the record of changes and, from the second version on, the page that shows it."""
    moved = None
    if latest is not None and latest.status is not Status.WITHDRAWN and attribute is not None:
        moved = attribute(latest, made)
    record = changes_record(latest, made, notes, moved)
    _write_record(staging, CHANGES, record)
    if not has_change_page(record):
        return facts
    (staging / f"{CHANGE_PAGE.slug}.ipynb").write_bytes(change_page_notebook(record))
    return replace(facts, pages=(*facts.pages, CHANGE_PAGE))


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
        doi=facts.doi,
        series_doi=facts.series_doi,
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
