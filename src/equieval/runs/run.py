"""Run the pages of an evaluation and make its draft."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from equieval.errors import EvaluationFailed
from equieval.runs.cache import PageCache
from equieval.runs.draft import PAGES, PARAMETERS, RUN_RECORD, Staging, draft_folder, staging
from equieval.runs.execute import PageError, execute_page
from equieval.runs.kernel import Kernels
from equieval.runs.notebooks import notebook_bytes, read_notebook, settled, with_front_matter
from equieval.runs.pagefiles import (
    copy_page,
    page_digest,
    page_folder,
    page_notebook,
    remove_page,
)
from equieval.runs.plan import PagePlan, Plan, plan_for
from equieval.runs.provenance import PageRecord, record_bytes, run_record
from equieval.runs.schedule import PageEvent, Progress, processors, side_by_side
from equieval.runs.subject import Subject, read_subject, refuse_changed_inputs
from equieval.study.pages import PageSpec

Status = Literal["ran", "kept", "failed"]


@dataclass(frozen=True)
class PageResult:
    """What came of one page.

    Attributes
    ----------
    slug : the page.
    status : ``"ran"``; ``"kept"`` when nothing that it depends on had changed; ``"failed"``.
    seconds : how long running it took, now or, for a page that was kept, then.
    notebook : its notebook, from the project's folder.
    cell : position of the cell that failed in that notebook, counting every cell from 1.
    message : what the cell raised, or how the kernel ended; no traceback.
    line : the line of the cell that raised.
    """

    slug: str
    status: Status
    seconds: float
    notebook: str
    cell: int | None = None
    message: str = ""
    line: str = ""

    @property
    def where(self) -> str:
        """The notebook, the cell and its line, for a message to the user."""
        cell = "" if self.cell is None else f", cell {self.cell}"
        line = f": {self.line}" if self.line else ""
        return f"{self.notebook}{cell}{line}"


@dataclass(frozen=True)
class RunResult:
    """What came of a run.

    Attributes
    ----------
    evaluation : id of the evaluation.
    draft : folder of the draft.
    pages : in reading order.
    changed : whether the draft was replaced. It never is when a page failed.
    """

    evaluation: str
    draft: Path
    pages: tuple[PageResult, ...]
    changed: bool

    @property
    def failed(self) -> tuple[PageResult, ...]:
        """The pages that failed."""
        return tuple(page for page in self.pages if page.status == "failed")

    def raise_failures(self) -> None:
        """Raise what failed, all pages in one error.

        Raises
        ------
        EvaluationFailed : with notebook, cell and message of every page that failed.
        """
        if self.failed:
            number = "a page" if len(self.failed) == 1 else f"{len(self.failed)} pages"
            listed = "\n".join(f"{page.where}\n{page.message}" for page in self.failed)
            raise EvaluationFailed(
                f"{number} of '{self.evaluation}' failed; the draft is as it was\n{listed}",
                remedy="correct what the messages name and run again; "
                "the pages that succeeded are kept",
            )


def run(
    root: Path,
    evaluation_path: Path,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    force: bool = False,
    kernels: Kernels | None = None,
) -> RunResult:
    """Run the stale pages of an evaluation and put a complete draft in place.

    Pages run side by side in processes of their own. One that fails leaves the others
    alone: they run to their end, also those that use its estimates (they compute them
    themselves), and are kept for the next run. The draft is replaced as a whole, in one
    step, and only when every page succeeded.

    Parameters
    ----------
    root : the project's folder.
    evaluation_path : the parameters file.
    jobs : pages at a time; by default as many as there are processors.
    progress : told when a page starts and finishes.
    force : run every page, whatever the draft and the cache hold.
    kernels : share one warm parent between the runs of a portfolio.

    Raises
    ------
    InputError : parameters, data or notebooks cannot be read, or were edited meanwhile.
    EvaluationBusy : another process is running the same evaluation.
    EnvironmentFault : the disk is full or may not be written to.
    """
    with ExitStack() as stack:
        kernels = kernels or stack.enter_context(Kernels())
        if not (draft_folder(root, evaluation_path.stem) / RUN_RECORD).is_file():
            kernels.start()  # certain to be needed: it imports while the inputs are read
        subject = read_subject(root, evaluation_path)
        return run_subject(subject, jobs=jobs, progress=progress, force=force, kernels=kernels)


def run_subject(
    subject: Subject,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    force: bool = False,
    kernels: Kernels | None = None,
) -> RunResult:
    """Do what `run` does for an evaluation that was read already."""
    cache = PageCache(subject.root)
    with ExitStack() as stack:
        stage = stack.enter_context(staging(subject.root, subject.id))
        plan = plan_for(subject, cache)
        runner = _Run(plan, stage, cache, force=force, progress=progress or _silence)
        if plan.current and not force:
            return runner.everything_kept()
        if kernels is None:
            kernels = stack.enter_context(Kernels())
        result = runner.execute(kernels, jobs or processors())
        cache.trim()
        return result


class _Run:
    """One run: takes each page from where it is, or runs it, and assembles the draft."""

    def __init__(
        self, plan: Plan, stage: Staging, cache: PageCache, *, force: bool, progress: Progress
    ) -> None:
        self._plan = plan
        self._subject = plan.subject
        self._stage = stage
        self._cache = cache
        self._force = force
        self._progress = progress
        self._records: dict[str, PageRecord] = {}
        self._draft = draft_folder(plan.subject.root, plan.subject.id)

    def everything_kept(self) -> RunResult:
        results = []
        for number, page in enumerate(self._plan.pages, 1):
            seconds = page.record.seconds if page.record else 0.0
            result = PageResult(page.spec.slug, "kept", seconds, page.spec.notebook)
            self._tell("finished", page.spec, number, result)
            results.append(result)
        return RunResult(self._subject.id, self._draft, tuple(results), changed=False)

    def execute(self, kernels: Kernels, jobs: int) -> RunResult:
        if self._force or any(page.stale and not page.cached for page in self._plan.pages):
            kernels.start()
        results: dict[str, PageResult] = {}

        def work(spec: PageSpec, needed: Mapping[str, PageResult]) -> PageResult:
            alone = any(result.status == "failed" for result in needed.values())
            return self._page(self._plan.page(spec.slug), kernels, keep=not alone)

        specs = [page.spec for page in self._plan.pages]
        under_way = side_by_side(
            specs,
            work,
            jobs=jobs,
            started=lambda spec: self._tell("started", spec, len(results)),
            interrupted=kernels.end_all,
        )
        with closing(under_way):  # at once, also when an interruption strikes in this loop
            for spec, result in under_way:
                results[spec.slug] = result
                self._tell("finished", spec, len(results), result)
        pages = tuple(results[spec.slug] for spec in specs)
        failed = any(page.status == "failed" for page in pages)
        refuse_changed_inputs(self._subject)
        if not failed:
            self._assemble()
        return RunResult(self._subject.id, self._draft, pages, changed=not failed)

    def _page(self, page: PagePlan, kernels: Kernels, *, keep: bool) -> PageResult:
        """Take a page from the draft or the cache if it is there, else run it."""
        spec = page.spec
        if not self._force:
            record = self._from_draft(page) or self._from_cache(page)
            if record is not None:
                self._records[spec.slug] = record
                return PageResult(spec.slug, "kept", record.seconds, spec.notebook)
        folder = page_folder(self._stage.pages, spec.slug)
        folder.mkdir(parents=True)
        try:
            executed = execute_page(
                self._subject.notebooks[spec.slug],
                self._subject.injected(spec),
                page_folder=folder,
                root=self._subject.root,
                kernels=kernels,
            )
        except PageError as failure:
            # Pages that need this one must find all of its estimates or none.
            remove_page(self._stage.pages, spec.slug)
            return PageResult(
                spec.slug,
                "failed",
                failure.seconds,
                spec.notebook,
                failure.cell,
                failure.message,
                failure.line,
            )
        place = page_notebook(self._stage.pages, spec.slug)
        place.write_bytes(notebook_bytes(settled(executed.notebook)))
        digest = page_digest(self._stage.pages, spec.slug)
        self._records[spec.slug] = PageRecord(page.key, digest, executed.seconds)
        if keep and not self._subject.changed_inputs():
            self._cache.store(page.key, self._stage.pages, spec.slug, executed.seconds)
        return PageResult(spec.slug, "ran", executed.seconds, spec.notebook)

    def _from_draft(self, page: PagePlan) -> PageRecord | None:
        if page.record is None:
            return None
        copy_page(self._draft / PAGES, self._stage.pages, page.spec.slug)
        return page.record

    def _from_cache(self, page: PagePlan) -> PageRecord | None:
        cached = self._cache.restore(page.key, self._stage.pages, page.spec.slug)
        return None if cached is None else PageRecord(page.key, cached.digest, cached.seconds)

    def _assemble(self) -> None:
        """Complete the staged pages to a draft and put it in place."""
        for spec in self._subject.specs:
            place = page_notebook(self._stage.pages, spec.slug)
            matter = self._subject.front_matter(spec)
            place.write_bytes(notebook_bytes(with_front_matter(read_notebook(place), matter)))
        (self._stage.folder / PARAMETERS).write_bytes(self._subject.parameters)
        fingerprints = {page.spec.slug: page.fingerprint for page in self._plan.pages}
        record = run_record(self._subject, fingerprints, self._records)
        (self._stage.folder / RUN_RECORD).write_bytes(record_bytes(record))
        self._stage.commit()

    def _tell(
        self,
        kind: Literal["started", "finished"],
        spec: PageSpec,
        done: int,
        result: PageResult | None = None,
    ) -> None:
        status, seconds = (result.status, result.seconds) if result else ("", 0.0)
        total = len(self._plan.pages)
        self._progress(PageEvent(kind, spec.slug, spec.title, status, seconds, done, total))


def _silence(event: PageEvent, /) -> None:
    """Show no progress."""
