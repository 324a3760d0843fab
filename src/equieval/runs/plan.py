"""Which pages of a report are stale, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equieval.errors import InputError
from equieval.runs.cache import PageCache
from equieval.runs.draft import PAGES, PARAMETERS, draft_folder
from equieval.runs.fingerprint import Fingerprint
from equieval.runs.pagefiles import page_digest
from equieval.runs.provenance import (
    PageRecord,
    read_record,
    recorded_fingerprint,
    recorded_page,
    run_record,
    without_durations,
)
from equieval.runs.subject import Subject, read_subject
from equieval.study.pages import PageSpec

NEVER_RUN = "it has not been run yet"
DAMAGED = "its files in the draft were changed or are missing"


@dataclass(frozen=True)
class PagePlan:
    """What a run would do with one page.

    Attributes
    ----------
    spec : the page.
    fingerprint : what its result depends on.
    stale : whether the draft's page is not what a run would give.
    reasons : why it is stale, in words, each naming what changed; empty otherwise.
    cached : whether its result is in the cache, so that a run takes it from there.
    record : what the draft holds of the page, while that is still right.
    """

    spec: PageSpec
    fingerprint: Fingerprint
    stale: bool
    reasons: tuple[str, ...]
    cached: bool
    record: PageRecord | None = None

    @property
    def key(self) -> str:
        """The page's address in the cache."""
        return self.fingerprint.key


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Attributes
    ----------
    subject : the evaluation as it was read.
    pages : in reading order.
    current : whether the draft is complete and a run would leave it as it is.
    """

    subject: Subject = field(repr=False)
    pages: tuple[PagePlan, ...]
    current: bool

    @property
    def stale(self) -> tuple[PagePlan, ...]:
        """The pages that are stale."""
        return tuple(page for page in self.pages if page.stale)

    def page(self, slug: str) -> PagePlan:
        """Return the plan of one page."""
        return next(page for page in self.pages if page.spec.slug == slug)


def plan(root: Path, evaluation_path: Path) -> Plan:
    """Compare an evaluation with its draft; nothing is run and nothing is written.

    Parameters
    ----------
    root : the project's folder.
    evaluation_path : the parameters file.

    Raises
    ------
    InputError : the parameters, a data source or a notebook cannot be read.
    """
    return plan_for(read_subject(root, evaluation_path))


def plan_for(subject: Subject, cache: PageCache | None = None) -> Plan:
    """Compare an evaluation that was read with its draft."""
    cache = cache or PageCache(subject.root)
    draft = draft_folder(subject.root, subject.id)
    record = read_record(draft)
    fingerprints = subject.fingerprints()
    pages: dict[str, PagePlan] = {}

    def plan_page(spec: PageSpec) -> PagePlan:
        if spec.slug not in pages:
            upstream = [plan_page(s) for s in subject.specs if s.id in spec.needs]
            fingerprint = fingerprints[spec.slug]
            reasons, kept = _compare(spec, fingerprint, record, draft, upstream)
            pages[spec.slug] = PagePlan(
                spec=spec,
                fingerprint=fingerprint,
                stale=bool(reasons),
                reasons=tuple(reasons),
                cached=fingerprint.key in cache,
                record=kept,
            )
        return pages[spec.slug]

    planned = tuple(plan_page(spec) for spec in subject.specs)
    return Plan(subject, planned, _is_current(subject, fingerprints, planned, record, draft))


def _compare(
    spec: PageSpec,
    fingerprint: Fingerprint,
    record: Mapping[str, Any] | None,
    draft: Path,
    upstream: list[PagePlan],
) -> tuple[list[str], PageRecord | None]:
    """Return why a page is stale, and what the draft has of it if it is not."""
    kept = recorded_page(record, spec.slug) if record else None
    before = recorded_fingerprint(record, spec.slug) if record else None
    if kept is None or before is None:
        return [NEVER_RUN], None
    if kept.key != fingerprint.key:
        reasons = list(fingerprint.differences(before))
        used = [p.spec.slug for p in upstream if before.needs.get(p.spec.slug) != p.key]
        if used:
            reasons.append(f"it uses the estimates of stale pages: {', '.join(used)}")
        return reasons or ["it was made by another version of equieval"], None
    try:
        whole = page_digest(draft / PAGES, spec.slug) == kept.digest
    except (OSError, InputError):
        whole = False
    return ([], kept) if whole else ([DAMAGED], None)


def _is_current(
    subject: Subject,
    fingerprints: Mapping[str, Fingerprint],
    pages: tuple[PagePlan, ...],
    record: Mapping[str, Any] | None,
    draft: Path,
) -> bool:
    kept = {page.spec.slug: page.record for page in pages if page.record is not None}
    if record is None or len(kept) < len(pages):
        return False
    try:
        if (draft / PARAMETERS).read_bytes() != subject.parameters:
            return False
    except OSError:
        return False
    expected = run_record(subject, fingerprints, kept)
    return without_durations(expected) == without_durations(record)
