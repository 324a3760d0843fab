"""What a parameters file leaves open: values that say so, each named until it is stated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from equieval.protocol.fields import KeyPath, Problem

TO_BE_STATED = "TO BE STATED"
"""Stands for a value or a key that nobody has stated yet; no evaluation is valid with it."""

#: Keys that are filled in from another, which may be open.
_FILLED_FROM = {"format": "path"}


def left_open(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of every key and value that is still to be stated, in the order of the file.

    A text that begins with the words counts: a note may follow them.
    """
    if isinstance(value, Mapping):
        for key, below in value.items():
            if _is_open(key):
                yield (*path, key)
            if not (_is_open(key) and _is_open(below)):
                yield from left_open(below, (*path, key))
    elif isinstance(value, list | tuple):
        for position, below in enumerate(value):
            yield from left_open(below, (*path, position))
    elif _is_open(value):
        yield path


def without_consequences(
    problems: Iterable[Problem], open_paths: tuple[KeyPath, ...]
) -> Iterator[Problem]:
    """Yield the problems that do not follow from a value that is still to be stated."""
    for problem in problems:
        place = problem.path
        other = (*place[:-1], _FILLED_FROM.get(str(place[-1]), place[-1]))
        about_key = problem.what.startswith("unknown key")
        follows = not about_key and any(_touch(other, path) for path in open_paths)
        if not follows and TO_BE_STATED not in f"{problem.what} {problem.remedy}":
            yield problem


def _is_open(value: object) -> bool:
    return isinstance(value, str) and value.strip().startswith(TO_BE_STATED)


def _touch(problem: KeyPath, path: KeyPath) -> bool:
    """Return whether one lies on the other; a block as a whole lies on nothing."""
    shorter = min(len(problem), len(path))
    return shorter > 1 and problem[:shorter] == path[:shorter]
