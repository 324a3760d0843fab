"""What a release needs to know of the evaluation that it publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from equieval.releases.record import Approver, Exemption

if TYPE_CHECKING:
    from equieval.protocol import Evaluation


@dataclass(frozen=True)
class NamedSource:
    """A data source as its reader must be able to find it.

    ``path`` is relative to the project's folder and empty for a database.
    """

    id: str
    title: str
    publisher: str
    licence: str
    open: bool
    path: str


@dataclass(frozen=True)
class SubjectPage:
    """One page: its file name without suffix, heading, and source notebook."""

    slug: str
    title: str
    notebook: str


@dataclass(frozen=True)
class Subject:
    """The evaluation in the release's own terms.

    Attributes
    ----------
    id, title, status, synthetic, authors, contact : identity of the evaluation.
    profile, reason : disclosure profile and why it was chosen.
    exceptions : findings of the gate that a named person lets pass.
    label, notes, approvers : the release block.
    sources : where the data come from.
    doi, series_doi : DOI of the version and of all versions together; may be empty.
    """

    id: str
    title: str
    status: str
    synthetic: bool
    authors: tuple[str, ...]
    contact: str
    profile: str
    reason: str
    label: str
    notes: str
    approvers: tuple[Approver, ...]
    sources: tuple[NamedSource, ...]
    exceptions: tuple[Exemption, ...] = ()
    doi: str = ""
    series_doi: str = ""

    @classmethod
    def of(cls, evaluation: Evaluation) -> Subject:
        """Read the subject from a validated parameters file."""
        identity, release = evaluation.identity, evaluation.release
        return cls(
            id=identity.id,
            title=identity.title,
            status=str(identity.status),
            synthetic=identity.synthetic,
            authors=tuple(str(author) for author in identity.authors),
            contact=identity.contact or "",
            profile=evaluation.disclosure.profile,
            reason=evaluation.disclosure.reason or "",
            label=release.label or "",
            notes=release.notes or "",
            approvers=tuple(Approver(a.name, a.role or "") for a in release.approvers),
            sources=tuple(
                NamedSource(
                    source.id,
                    source.title,
                    source.publisher or "",
                    source.licence or "",
                    source.open,
                    str(source.path or ""),
                )
                for source in evaluation.data.sources
            ),
            exceptions=tuple(
                Exemption(e.rule, e.what, e.reason, e.approver)
                for e in evaluation.disclosure.exceptions
            ),
            doi=release.doi or "",
            series_doi=identity.doi or "",
        )
