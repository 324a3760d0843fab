"""The disclosure gate: what a draft must pass before anything of it is released.

It fails closed. A rule that cannot be judged refuses the release, and every finding is listed
at once so that a page is corrected in one go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from equieval.disclosure import PROFILES
from equieval.releases.draft import Draft, read_draft
from equieval.releases.freeze import frozen_notebook
from equieval.releases.layout import HEADLINE, PAGES, PARAMETERS, RUN_RECORD
from equieval.releases.outputs import output_findings, unexecuted_cells
from equieval.releases.record import Check, DisclosureRecord, Finding, Verdict
from equieval.releases.subject import Subject, SubjectPage
from equieval.releases.surroundings import Surroundings, file_findings


def inspect_draft(
    folder: Path, subject: Subject, pages: Sequence[SubjectPage], here: Surroundings
) -> tuple[Draft, DisclosureRecord]:
    """Read a draft and judge it by every rule of the gate.

    Parameters
    ----------
    folder : the draft (``run.json``, ``params.yaml``, ``pages/``).
    subject : the evaluation, with its profile, sources and approvers.
    pages : the pages that the report must have.
    here : the traces of this machine to look for.

    Returns
    -------
    The draft as read, and the record; call its ``refuse_failures`` before using the draft.
    """
    draft = read_draft(folder, pages)
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
                _profile_findings(subject),
            ),
            Check.of(
                "surroundings",
                "No file tells the machine, the account or the time of the run.",
                _surroundings_findings(draft, here),
            ),
            _approval(subject),
        ),
        approvers=subject.approvers,
    )
    return draft, record


def published_findings(
    files: Mapping[str, Path], here: Surroundings, *, stated: str
) -> Iterator[Finding]:
    """Yield the traces of this machine in the files of a version that is about to be frozen.

    Parameters
    ----------
    files : every file of the version by its path there.
    here : what to look for.
    stated : text in which the evaluation states names of its own accord.
    """
    for name, path in files.items():
        for message in file_findings(name, path.read_bytes(), here, stated=stated):
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


def _profile_findings(subject: Subject) -> Iterator[Finding]:
    known = PROFILES.get(subject.profile)
    where = "disclosure.profile"
    if known is None:
        yield Finding(f"'{subject.profile}' is no disclosure profile", where)
        return
    if not known.published_already:
        yield Finding(
            f"releases under '{subject.profile}' are refused by this version: it suppresses and "
            "rounds single counts, but cannot yet check that margins, models and earlier "
            "versions do not give them away",
            where,
        )
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
