"""What can go wrong for a user, and the exit code that says so.

Every error names what is wrong, where (file, key, row, cell) and what to do.
They are shown without a traceback; anything else is a defect of ours.

| code | meaning                                    |
|------|--------------------------------------------|
| 0    | done                                       |
| 1    | an evaluation failed                       |
| 2    | bad input (parameters, data, design)       |
| 3    | disclosure control refused                 |
| 4    | not reproduced                             |
| 5    | environment: something needed is missing   |
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class EquievalError(Exception):
    """The root of all user errors.

    Parameters
    ----------
    what : what is wrong, one sentence.
    where : file, key, line, row, notebook or cell.
    remedy : what the user can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.remedy:
            lines.append(f"  what to do: {self.remedy}")
        return "\n".join(lines)


class EvaluationFailed(EquievalError):
    """A page raised, was killed, or could not be assembled."""

    exit_code = 1


class InputError(EquievalError):
    """Something the user supplied cannot be used."""

    exit_code = 2


class ParametersError(InputError):
    """A parameters file does not satisfy the schema."""


class DataError(InputError):
    """A data source is missing, malformed, or holds impossible values."""


class DesignError(InputError):
    """The design cannot carry what is asked of it."""


class ReleaseError(InputError):
    """A release is asked for that the store must refuse (stale draft, changed version)."""


class DisclosureRefused(EquievalError):
    """The disclosure gate did not pass; nothing was released."""

    exit_code = 3


class NotReproduced(EquievalError):
    """A released version was rerun and its estimates differ."""

    exit_code = 4


class EnvironmentFault(EquievalError):
    """A program or package that is needed is not there."""

    exit_code = 5


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"did you mean 'x'?"``, or the known names when none comes close.

    >>> did_you_mean("stilbirth", ["stillbirth", "preterm-birth"])
    "did you mean 'stillbirth'?"
    """
    choices = sorted(known)
    close = get_close_matches(name, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return "known: " + ", ".join(choices)


def one_of(value: object, known: Iterable[str], where: str) -> None:
    """Raise ``InputError`` for a word that is none of ``known``, and name them all.

    For arguments whose words are closed: a misspelt one must not be taken for another.

    >>> one_of("high", ["low", "high"], "polarity")
    """
    choices = tuple(known)
    if not isinstance(value, str) or value not in choices:
        raise InputError(
            f"{value!r} is none of the words known here: {', '.join(choices)}.",
            where=where,
            remedy=did_you_mean(str(value), choices),
        )
