"""The disclosure gate: what a draft must pass before anything of it is released.

It fails closed. A rule that cannot be judged refuses the release, and every finding is listed
at once so that a page is corrected in one go.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from equieval.disclosure import PROFILES
from equieval.disclosure.models import check_models, no_cells
from equieval.errors import InputError
from equieval.releases.draft import PAGE_CELLS, Draft, read_draft
from equieval.releases.freeze import frozen_notebook
from equieval.releases.layout import HEADLINE, PAGE_ESTIMATES, PAGES, PARAMETERS, RUN_RECORD
from equieval.releases.leaks import leaks_in, source_leaks
from equieval.releases.outputs import output_findings, unexecuted_cells
from equieval.releases.private import Private
from equieval.releases.record import Check, DisclosureRecord, Finding, Verdict, first_line
from equieval.releases.subject import Subject, SubjectPage
from equieval.releases.surroundings import Surroundings, file_findings
from equieval.releases.told_rates import admitting


def inspect_draft(
    folder: Path,
    subject: Subject,
    pages: Sequence[SubjectPage],
    here: Surroundings,
    private: Private | None = None,
    private_files: Sequence[Finding] = (),
) -> tuple[Draft, DisclosureRecord]:
    """Read a draft and judge it by every rule of the gate.

    Parameters
    ----------
    folder : the draft (``run.json``, ``params.yaml``, ``pages/``).
    subject : the evaluation, with its profile, sources and approvers.
    pages : the pages that the report must have.
    here : the traces of this machine to look for.
    private : exact counts and ledgers, where the profile protects counts.
    private_files : private files that were committed, or that are missing.

    Returns
    -------
    The draft as read, and the record; call its ``refuse_failures`` before using the draft.
    """
    draft = read_draft(folder, pages)
    private = admitting(private, _tables(draft))
    record = DisclosureRecord(
        profile=subject.profile,
        profile_words=_profile_words(subject.profile),
        reason=subject.reason,
        checks=(
            Check.of(
                "complete",
                "Every page was executed, and the draft holds plain files with plain names.",
                [*draft.layout, *_unexecuted(draft)],
            ),
            Check.of(
                "allow-list",
                "Every output of every page is a declared artefact, shown as it was declared.",
                _undeclared_outputs(draft),
            ),
            Check.of(
                "files",
                "Every file is declared and has the content that was declared.",
                draft.undeclared,
            ),
            Check.of(
                "profile",
                "The rules of the disclosure profile can be checked in full.",
                _profile_findings(subject, private),
            ),
            Check.of(
                "models",
                "Every estimate rests on cells and on a model that the disclosure profile allows.",
                _model_findings(draft, subject),
            ),
            Check.of(
                "leaks",
                "No file, number, metadata or code of a page gives more than the protected counts.",
                _leak_findings(draft, private),
            ),
            Check.of(
                "private-files",
                "Private files and drafts were never committed, and no ledger of an earlier "
                "version is missing.",
                private_files,
            ),
            Check.of(
                "between-versions",
                "Earlier versions beside this one tell nothing about single people.",
                private.between_versions() if private else (),
            ),
            Check.of(
                "surroundings",
                "No file tells the machine, the account or the time of the run.",
                _surroundings_findings(draft, here),
            ),
            _approval(subject),
        ),
        approvers=subject.approvers,
        withheld=_withheld(private),
    )
    return draft, record.with_exceptions(subject.exceptions)


def published_findings(
    files: Mapping[str, Path], here: Surroundings, *, stated: str, private: Private | None = None
) -> Iterator[Finding]:
    """Yield what the files of a version that is about to be frozen give away.

    Parameters
    ----------
    files : every file of the version by its path there.
    here : what to look for.
    stated : text in which the evaluation states names of its own accord.
    private : what must not be told, where the profile protects counts.
    """
    tables = (path.read_bytes() for name, path in files.items() if name.endswith(".csv"))
    private = admitting(private, tables)
    for name, path in files.items():
        content = path.read_bytes()
        for message in file_findings(name, content, here, stated=stated):
            yield Finding(message, name)
        for message in leaks_in(name, content, private) if private else ():
            yield Finding(message, name)


def stated_words(draft: Draft) -> str:
    """Return what the authors wrote themselves: the parameters and the pages' cells.

    An account name that is also a word in there (``test``, an author) gives nobody away.
    """
    cells = [cell["source"] for page in draft.pages for cell in page.notebook["cells"]]
    return "\n".join([draft.content(PARAMETERS).decode("utf-8", errors="replace"), *cells])


def _profile_words(profile_id: str) -> str:
    known = PROFILES.get(profile_id)
    return known.describe() if known else ""


def _unexecuted(draft: Draft) -> Iterator[Finding]:
    for page in draft.pages:
        yield from unexecuted_cells(page.notebook_file, page.notebook)


def _undeclared_outputs(draft: Draft) -> Iterator[Finding]:
    for page in draft.pages:
        yield from output_findings(
            page.notebook_file, page.notebook, page.page.slug, page.artefacts
        )


def _profile_findings(subject: Subject, private: Private | None) -> Iterator[Finding]:
    known = PROFILES.get(subject.profile)
    where = "disclosure.profile"
    if known is None:
        yield Finding(f"'{subject.profile}' is no disclosure profile", where)
        return
    if known.at_source and private is None:
        yield Finding("the exact counts are not at hand, so nothing can be checked", where)
    if not known.published_already:
        return
    for source in subject.sources:
        where = f"data.sources, '{source.id}'"
        if not source.open:
            yield Finding("the profile is 'open-data' and the source is not open", where)
        for name, value in (("publisher", source.publisher), ("licence", source.licence)):
            if not value.strip():
                yield Finding(f"the profile is 'open-data' and the source names no {name}", where)
    if not subject.sources:
        yield Finding("the profile is 'open-data' and no source is named", "data.sources")


def _model_findings(draft: Draft, subject: Subject) -> Iterator[Finding]:
    """Judge the estimates of each page; what is wrong with several of them is said once."""
    rules = PROFILES.get(subject.profile)
    if rules is None or rules.published_already:
        return
    for page in draft.pages:
        folder = f"{PAGES}/{page.page.slug}"
        if f"{folder}/{PAGE_ESTIMATES}" not in draft.files:
            continue
        try:
            estimates = _parquet(draft, f"{folder}/{PAGE_ESTIMATES}")
            given = f"{folder}/{PAGE_CELLS}" in draft.files
            cells = _parquet(draft, f"{folder}/{PAGE_CELLS}") if given else no_cells()
            found = check_models(estimates, cells, rules)
        except (OSError, ValueError, KeyError, TypeError, InputError) as error:
            message = f"its estimates cannot be judged ({first_line(str(error))})"
            yield Finding(message, f"{folder}/{PAGE_ESTIMATES}")
            continue
        by_message: dict[str, list[str]] = {}
        for each in found:
            by_message.setdefault(each.message, []).append(each.id)
        for message, ids in by_message.items():
            more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
            yield Finding(f"the estimate {ids[0]}{more}: {message}", f"{folder}/{PAGE_ESTIMATES}")


def _parquet(draft: Draft, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(io.BytesIO(draft.content(name))).to_pandas()
    return frame


def _tables(draft: Draft) -> Iterator[bytes]:
    for page in draft.pages:
        yield from (content for name, content in page.files.items() if name.endswith(".csv"))


def _leak_findings(draft: Draft, private: Private | None) -> Iterator[Finding]:
    if private is None:
        return
    record = draft.content(RUN_RECORD).decode("utf-8", errors="replace")
    for source, digest in _digests(record).items():
        if source in private.closed and not digest.startswith("hmac-sha256:"):
            message = (
                f"the fingerprint of '{source}' is no keyed one: a small table follows from it"
            )
            yield Finding(message, RUN_RECORD)
    for page in draft.pages:
        for cell, message in source_leaks(page.notebook):
            line = first_line(page.notebook["cells"][cell - 1]["source"])
            yield Finding(message, page.notebook_file, cell, line)
        files = {page.notebook_file: frozen_notebook(page)}
        folder = f"{PAGES}/{page.page.slug}"
        files |= {f"{folder}/{name}": content for name, content in page.files.items()}
        for name, content in files.items():
            for message in leaks_in(name, content, private):
                yield Finding(message, name)


def _digests(record: str) -> dict[str, str]:
    try:
        return {str(source): str(d) for source, d in json.loads(record)["data"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # a record that cannot be read is refused by its own rule


def _withheld(private: Private | None) -> dict[str, int]:
    if private is None:
        return {}
    return {str(reason): int(n) for reason, n in private.counts.withheld().items()}


def _surroundings_findings(draft: Draft, here: Surroundings) -> Iterator[Finding]:
    stated = stated_words(draft)
    for name in (RUN_RECORD, PARAMETERS):
        for message in file_findings(name, draft.content(name), here, stated=stated):
            yield Finding(message, name)
    for page in draft.pages:
        # What freezing strips is not published, so the frozen notebook is what is judged.
        content = frozen_notebook(page)
        for message in file_findings(page.notebook_file, content, here, stated=stated):
            yield Finding(message, page.notebook_file)
        folder = f"{PAGES}/{page.page.slug}"
        headline = {HEADLINE: draft.content(f"{folder}/{HEADLINE}")}
        for name, content in {**page.files, **headline}.items():
            for message in file_findings(name, content, here, stated=stated):
                yield Finding(message, f"{folder}/{name}")


def _approval(subject: Subject) -> Check:
    words = "A named person has approved the release."
    if subject.approvers:
        return Check("approval", words)
    finding = Finding("no approver is named", "release.approvers")
    return Check("approval", words, (finding,), Verdict.REVIEW)
