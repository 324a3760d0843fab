"""The states a release can be in, and what each one means to a reader.

The vocabulary lives here and nowhere else: parameters, release records, banners and pages
take their words from it.
"""

from __future__ import annotations

from enum import StrEnum

from equieval.errors import ReleaseError, did_you_mean


class Status(StrEnum):
    """What a reader may rely on.

    >>> Status("provisional").meaning
    'Figures may still change: data or analysis are not final.'
    """

    DRAFT = "draft"
    PROVISIONAL = "provisional"
    FINAL = "final"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"

    @property
    def meaning(self) -> str:
        """One plain sentence for the page."""
        return _MEANINGS[self]

    @property
    def releasable(self) -> bool:
        """Whether a new version may be published in this state.

        A draft is what has not been released; a withdrawal is an act on a version that exists.
        """
        return self in (Status.PROVISIONAL, Status.FINAL, Status.CORRECTED)


_MEANINGS = {
    Status.DRAFT: "Not released: for the authors only.",
    Status.PROVISIONAL: "Figures may still change: data or analysis are not final.",
    Status.FINAL: "Final figures: no change is planned.",
    Status.CORRECTED: "Corrects an error in an earlier version; the changes are listed.",
    Status.WITHDRAWN: "Withdrawn: do not use the figures of this version.",
}


def release_status(value: str, *, where: str = "") -> Status:
    """Read a status that a new release may carry.

    Raises
    ------
    ReleaseError : an unknown word, or a state in which nothing new is released.
    """
    try:
        status = Status(value)
    except ValueError:
        raise ReleaseError(
            f"'{value}' is no release status",
            where=where,
            remedy=did_you_mean(value, [s.value for s in Status]),
        ) from None
    if not status.releasable:
        allowed = ", ".join(s.value for s in Status if s.releasable)
        raise ReleaseError(
            f"a version cannot be released as '{status.value}'",
            where=where,
            remedy=f"set identity.status to one of: {allowed}",
        )
    return status
