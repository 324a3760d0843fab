"""From plain mappings to validated blocks, with every problem found on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from inspect import isclass
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from equieval.errors import did_you_mean
from equieval.protocol.blocks import BLOCKS, NOT_FOR_AUDITS, WITH_DEFAULTS, GivenBlocks
from equieval.protocol.design import DESIGNS
from equieval.protocol.fields import Block, KeyPath, Problem, UnusableValueError
from equieval.protocol.placeholders import TO_BE_STATED, left_open, without_consequences
from equieval.protocol.rules import broken_rules

SCHEMA_VERSION = 1
SCHEMA_KEY = "schema"


def validated(
    given: Mapping[str, object], *, where: str, complete: bool
) -> tuple[GivenBlocks, tuple[Problem, ...]]:
    """Validate top-level blocks and the rules between them.

    Parameters
    ----------
    given : the blocks as plain mappings, by name; ``schema`` may be among them.
    where : where they come from, for messages.
    complete : whether all blocks of an evaluation have to be there.

    Returns
    -------
    The blocks that are valid, and everything that is wrong.
    """
    problems = list(_schema_problems(given, required=complete))
    if problems:
        return GivenBlocks({}, where), tuple(problems)
    blocks: dict[str, Block] = {}
    for name, value in given.items():
        if name == SCHEMA_KEY:
            continue
        if name not in BLOCKS:
            remedy = did_you_mean(str(name), BLOCKS)
            problems.append(Problem((str(name),), f"unknown block '{name}'", remedy))
            continue
        try:
            block = _adapter(name).validate_python(value)
        except ValidationError as error:
            problems.extend(_translated(name, value, error))
            continue
        found = [problem.below(name) for problem in block.problems()]
        problems.extend(found)
        blocks[name] = block
    if complete:
        for name, block_type in WITH_DEFAULTS.items():
            if name not in given:
                blocks[name] = block_type()
        problems.extend(_absent(given))
    evaluation = GivenBlocks(blocks, where)
    problems.extend(broken_rules(evaluation))
    unstated = tuple(left_open(given))
    others = without_consequences(problems, unstated) if unstated else problems
    return evaluation, (*(_unstated(given, path) for path in unstated), *others)


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(BLOCKS[name])


def _schema_problems(given: Mapping[str, object], *, required: bool) -> Iterator[Problem]:
    """Yield why the schema version cannot be read; there is one version so far."""
    if SCHEMA_KEY not in given:
        if required:
            yield Problem(
                (SCHEMA_KEY,),
                "the file does not say which version of the schema it follows",
                f"add '{SCHEMA_KEY}: {SCHEMA_VERSION}' at its top",
            )
        return
    version = given[SCHEMA_KEY]
    if isinstance(version, bool) or not isinstance(version, int):
        yield Problem(
            (SCHEMA_KEY,),
            f"the schema version is a whole number, not {version!r}",
            f"write '{SCHEMA_KEY}: {SCHEMA_VERSION}', without quotes",
        )
    elif version > SCHEMA_VERSION:
        yield Problem(
            (SCHEMA_KEY,),
            f"schema {version} belongs to a later equieval; this one reads schema {SCHEMA_VERSION}",
            "install the equieval that the file was written for",
        )
    elif version < SCHEMA_VERSION:
        yield Problem(
            (SCHEMA_KEY,),
            f"there is no schema {version}: {SCHEMA_VERSION} is the first",
            f"write '{SCHEMA_KEY}: {SCHEMA_VERSION}' and run the check again",
        )


def _absent(given: Mapping[str, object]) -> Iterator[Problem]:
    design = given.get("design")
    audit = isinstance(design, Mapping) and design.get("type") == "audit"
    for name in BLOCKS:
        if name in given or name in WITH_DEFAULTS or (audit and name in NOT_FOR_AUDITS):
            continue
        yield Problem((name,), f"the block '{name}' is missing", f"add '{name}:' to the file")


def _translated(name: str, value: object, error: ValidationError) -> Iterator[Problem]:
    """Say in plain words what pydantic found in one block."""
    root = _root(name, value)
    errors = error.errors(include_url=False)
    for found in errors:
        if found["type"] == "too_short" and _below(found["loc"], errors):
            continue  # a list whose items are wrong is also counted as short of valid ones
        path = _path(name, found["loc"])
        if found["type"] == "invalid_key":
            key = str(path[-1])
            yield Problem(
                (*path[:-1], key), f"the key {key} is no text", f"write '{key}' in quotes"
            )
            continue
        yield _problem(path, found, _block_at(root, path[1:-1]))


def _unstated(given: Mapping[str, object], path: KeyPath) -> Problem:
    """Say that a value is still to be stated, and what it means."""
    name = str(path[0])
    steps = path
    while len(steps) > 1 and (isinstance(steps[-1], int) or steps[-1] == TO_BE_STATED):
        steps = steps[:-1]
    key = str(steps[-1])
    block = _block_at(_root(name, given.get(name)), steps[1:-1])
    return Problem(path, f"'{key}' is still to be stated", _description(block, key))


def _root(name: str, value: object) -> Any:
    """Return the type of a block; of a design, that of its kind."""
    if name == "design" and isinstance(value, Mapping):
        return DESIGNS.get(str(value.get("type")), BLOCKS[name])
    return BLOCKS.get(name)


def _below(loc: tuple[int | str, ...], errors: list[ErrorDetails]) -> bool:
    """Return whether another error lies inside this location."""
    return any(len(e["loc"]) > len(loc) and e["loc"][: len(loc)] == loc for e in errors)


def _path(name: str, loc: tuple[int | str, ...]) -> KeyPath:
    """Turn pydantic's location into the file's: without union tags and key markers."""
    steps = list(loc)
    if name == "design" and steps and steps[0] in DESIGNS:
        steps = steps[1:]
    return (name, *(step for step in steps if step != "[key]"))


def _block_at(annotation: Any, path: KeyPath) -> type[Block] | None:
    """Return the model at a path below an annotation, to know the keys it has."""
    block = _model_in(annotation)
    for step in path:
        if block is not None and step in block.model_fields:
            block = _model_in(block.model_fields[str(step)].annotation) or block
    return block


def _model_in(annotation: Any) -> type[Block] | None:
    if isclass(annotation) and issubclass(annotation, Block):
        return annotation
    for argument in get_args(annotation):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


def _problem(path: KeyPath, found: ErrorDetails, block: type[Block] | None) -> Problem:
    context = found.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, UnusableValueError):
        return Problem(path, cause.what, cause.remedy)
    kind, value = found["type"], found["input"]
    key = str(path[-1])
    match kind:
        case "extra_forbidden":
            remedy = did_you_mean(key, block.model_fields) if block else ""
            return Problem(path, f"unknown key '{key}'", remedy)
        case "missing":
            return Problem(path, f"'{key}' is missing", _description(block, key))
        case "union_tag_not_found":
            return Problem((*path, "type"), "'type' is missing", "one of: " + ", ".join(DESIGNS))
        case "union_tag_invalid":
            tag = str(context.get("tag"))
            return Problem((*path, "type"), f"unknown design '{tag}'", did_you_mean(tag, DESIGNS))
        case "literal_error":
            return Problem(path, f"{_shown(value)} is not allowed here", _choice(value, context))
        case "string_pattern_mismatch":
            return Problem(
                path, f"{_shown(value)} is not written as it has to be", _description(block, key)
            )
        case "string_too_short" | "too_short" | "tuple_too_short":
            return Problem(path, f"'{key}' is empty or too short", _description(block, key))
        case _:
            wanted = _WANTED.get(kind, found["msg"])
            return Problem(path, f"{wanted}, not {_shown(value)}", _type_remedy(kind, value))


_MAPPING = "keys with values are needed here"
_WANTED = {
    "string_type": "text is needed",
    "bool_type": "true or false is needed",
    "bool_parsing": "true or false is needed",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "float_type": "a number is needed",
    "greater_than_equal": "the number is too small",
    "tuple_type": "a list is needed",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "string_too_long": "the text is too long",
}


def _type_remedy(kind: str, value: object) -> str:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    if kind == "tuple_type":
        return "write [a, b], or one '- ' line each"
    return ""


def _choice(value: object, context: Mapping[str, Any]) -> str:
    expected = str(context.get("expected", "")).replace(" or ", ", ")
    choices = [choice.strip().strip("'") for choice in expected.split(",")]
    return did_you_mean(str(value), choices)


def _description(block: type[Block] | None, key: str) -> str:
    if block is None or key not in block.model_fields:
        return ""
    return block.model_fields[key].description or ""


def _shown(value: object) -> str:
    """Show a value shortly and in YAML's words, so that a hostile file cannot flood a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "keys with values"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    shortened = text if len(text) <= 60 else text[:57] + "…"
    return f"'{shortened}'" if isinstance(value, str) else shortened
