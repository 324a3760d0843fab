"""An evaluation: everything a parameters file fixes, validated.

    evaluation = load_evaluation(Path("params/stillbirth-care-bundle-england.yaml"))
    evaluation.design.start        # '2016'

A notebook page validates the blocks that it was given with `Evaluation.of_blocks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from equieval.errors import ParametersError
from equieval.protocol.blocks import GivenBlocks
from equieval.protocol.design import (
    Audit,
    ControlledInterruptedTimeSeries,
    Design,
    DifferenceInDifferences,
    InterruptedTimeSeries,
    Robustness,
    StaggeredDifferenceInDifferences,
    SyntheticDifferenceInDifferences,
)
from equieval.protocol.fields import Problem
from equieval.protocol.identity import Approver, Disclosure, Identity, Programme, Release
from equieval.protocol.intervention import Intervention, Population
from equieval.protocol.loading import Parsed, UnreadableFileError, parse, read
from equieval.protocol.outcomes import Equity, Outcomes, Primary
from equieval.protocol.sources import Break, Data, Publication, Source, SourceIndicator
from equieval.protocol.validation import validated

__all__ = [
    "Approver",
    "Audit",
    "Break",
    "ControlledInterruptedTimeSeries",
    "Data",
    "Design",
    "DifferenceInDifferences",
    "Disclosure",
    "Equity",
    "Evaluation",
    "Identity",
    "InterruptedTimeSeries",
    "Intervention",
    "InvalidParametersError",
    "LocatedProblem",
    "Outcomes",
    "Population",
    "Primary",
    "Programme",
    "Publication",
    "Release",
    "Robustness",
    "Source",
    "SourceIndicator",
    "StaggeredDifferenceInDifferences",
    "SyntheticDifferenceInDifferences",
    "load_evaluation",
]


MOST_LISTED = 40
_LONGEST = 240


@dataclass(frozen=True)
class LocatedProblem:
    """One thing that is wrong, with its place.

    Attributes
    ----------
    key : dotted path of keys, e.g. ``data.sources[0].path``.
    where : the file with its line (``params/x.yaml:12``), or the page.
    what, remedy : what is wrong; what to do about it.
    """

    key: str
    where: str
    what: str
    remedy: str

    @classmethod
    def of(cls, problem: Problem, where: str) -> LocatedProblem:
        """Place a problem, shortened so that a hostile file cannot flood a message."""
        what = problem.what if len(problem.what) <= _LONGEST else problem.what[:_LONGEST] + "…"
        return cls(_dotted(problem), where, what, problem.remedy)

    def __str__(self) -> str:
        place = f"{self.where}, {self.key}" if self.key else self.where
        return f"{place}: {self.what}" + (f" ({self.remedy})" if self.remedy else "")


class InvalidParametersError(ParametersError):
    """Everything that is wrong with a set of parameters, at once.

    Attributes
    ----------
    problems : each problem with its place, in the order of the file.
    """

    def __init__(self, problems: tuple[LocatedProblem, ...], *, where: str) -> None:
        self.problems = problems
        if len(problems) == 1:
            only = problems[0]
            place = f"{only.where}, {only.key}" if only.key else only.where
            super().__init__(only.what, where=place, remedy=only.remedy)
            return
        listed = "".join(f"\n  - {problem}" for problem in problems[:MOST_LISTED])
        if len(problems) > MOST_LISTED:
            listed += f"\n  - and {len(problems) - MOST_LISTED} more"
        super().__init__(
            f"{len(problems)} problems in the parameters:{listed}",
            where=where,
            remedy="correct them all; the order is that of the file",
        )


@dataclass(frozen=True)
class Evaluation(GivenBlocks):
    """The validated blocks of one evaluation.

    A block is read as an attribute (``evaluation.design``). One that was not given raises
    `ParametersError`, naming the block and how to declare it.
    """

    @classmethod
    def of_blocks(cls, blocks: Mapping[str, object], *, where: str) -> Evaluation:
        """Validate the blocks that a page was given.

        Rules between blocks are checked where all the blocks that they read are there.

        Parameters
        ----------
        blocks : top-level blocks as plain mappings, by name.
        where : the page, for messages.

        Raises
        ------
        InvalidParametersError : a block is not valid; all problems at once.
        """
        found, problems = validated(blocks, where=where, complete=False)
        if problems:
            located = tuple(LocatedProblem.of(problem, where) for problem in problems)
            raise InvalidParametersError(located, where=where)
        return cls(found.given, where)


def load_evaluation(path: Path) -> Evaluation:
    """Read and validate a parameters file.

    Raises
    ------
    InvalidParametersError : the file cannot be read or is not valid. All problems come at once,
        each with file, line, key and remedy.
    """
    where = _shown(path)
    try:
        parsed = parse(read(path))
    except UnreadableFileError as error:
        place = f"{where}:{error.line}" if error.line else where
        raise InvalidParametersError(
            (LocatedProblem("", place, error.what, error.remedy),), where=where
        ) from None
    found, problems = validated(parsed.values, where=where, complete=True)
    problems = (*parsed.problems, *problems, *_misnamed(found, path))
    if problems:
        raise InvalidParametersError(_located(problems, parsed, where), where=where)
    return Evaluation(found.given, where)


def _misnamed(found: GivenBlocks, path: Path) -> tuple[Problem, ...]:
    """The file is called after its evaluation, because reports and addresses are."""
    if not found.has("identity") or found.identity.id == path.stem:
        return ()
    return (
        Problem(
            ("identity", "id"),
            f"the id '{found.identity.id}' is not the file's name '{path.stem}'",
            f"rename the file to {found.identity.id}.yaml, or correct the id",
        ),
    )


def _located(
    problems: tuple[Problem, ...], parsed: Parsed, where: str
) -> tuple[LocatedProblem, ...]:
    lines = sorted(
        ((parsed.line(problem.path), problem) for problem in problems), key=lambda pair: pair[0]
    )
    return tuple(LocatedProblem.of(problem, f"{where}:{line}") for line, problem in lines)


def _dotted(problem: Problem) -> str:
    text = ""
    for step in problem.path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _shown(path: Path) -> str:
    """Name the file as short as it can be, without giving a home folder away."""
    resolved = path.resolve()
    try:
        return resolved.relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.name
