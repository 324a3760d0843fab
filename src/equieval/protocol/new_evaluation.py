"""A parameters file to begin with: every key that an evaluation needs, and nothing made up.

The keys, their meaning and their choices are read from the schema, so that the file cannot fall
behind it. What has to be stated reads `TO BE STATED`, which no check lets pass; what may be left
out stands as a comment.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from equieval.errors import InputError, did_you_mean
from equieval.protocol.design import DESIGNS
from equieval.protocol.editor_schema import EDITOR_LINE, json_schema
from equieval.protocol.placeholders import TO_BE_STATED
from equieval.protocol.validation import SCHEMA_KEY, SCHEMA_VERSION

Schema = Mapping[str, Any]

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_ID: Final = 80
_WIDTH: Final = 100
_MOST_CHOICES: Final = 14

#: Keys that the schema does not ask for and that evaluations need all the same.
_ASKED: Final = {
    ("data", "sources", "dimensions"),
    ("data", "sources", "indicators", "denominator"),
    ("design", "selection"),
}
#: Designs of one unit: their sources need no column that names it.
_ONE_UNIT: Final = ("its",)


def begin_evaluation(root: Path, id: str, design: str) -> Path:
    """Write ``params/<id>.yaml`` for a design and return its path; nothing is overwritten.

    Raises
    ------
    InputError : the id cannot be one, there is no such design, or the file is there already.
    """
    if not _ID.fullmatch(id) or len(id) > _LONGEST_ID:
        raise InputError(
            f"'{id}' cannot be the id of an evaluation",
            where="EVALUATION",
            remedy="use lower case letters, digits and single hyphens, like 'smokefree-pathway'; "
            f"{_LONGEST_ID} characters at most",
        )
    text = beginning(id, design)
    path = root / "params" / f"{id}.yaml"
    path.parent.mkdir(exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(
            f"there is an evaluation '{id}' already",
            where=f"params/{id}.yaml",
            remedy="choose another id, or go on with that file",
        ) from None
    return path


def beginning(id: str, design: str) -> str:
    """Return the text of a parameters file for a design, with everything left to be stated.

    Raises
    ------
    InputError : there is no such design.
    """
    if design not in DESIGNS:
        raise InputError(
            f"there is no design '{design}'", where="--design", remedy=did_you_mean(design, DESIGNS)
        )
    whole = json_schema()
    writer = _Writer(whole["$defs"], id, design)
    lines = [
        EDITOR_LINE,
        f"# State what reads {TO_BE_STATED}: `equieval check {id}` names what is left.",
        "# Lines with a '#' before the key may stay out; equieval schema says all about each key.",
        f"{SCHEMA_KEY}: {SCHEMA_VERSION}",
    ]
    for name, block in whole["properties"].items():
        if name == SCHEMA_KEY or (name == "intervention" and design == "audit"):
            continue
        if name == "design":
            block = {"$ref": whole["properties"]["design"]["discriminator"]["mapping"][design]}
        lines.append("")
        if name in whole["required"] or name == "intervention":
            lines.append(f"{name}:")
            lines += writer.mapping(block, (name,), 1)
        else:
            lines += _optional(name, writer.resolved(block), 0)
    return "\n".join(lines) + "\n"


class _Writer:
    """Writes the keys of a schema as YAML, two spaces to a level."""

    def __init__(self, definitions: Schema, id: str, design: str) -> None:
        self.definitions = definitions
        self.given = {("identity", "id"): id, ("design", "type"): design}
        self.asked = set(_ASKED)
        if design not in _ONE_UNIT:
            self.asked.add(("data", "sources", "columns", "unit"))

    def resolved(self, schema: Schema) -> Schema:
        """Return a schema without references, and without the choice of leaving it out."""
        description = schema.get("description")
        if "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            choices = [each for each in schema["anyOf"] if each.get("type") != "null"]
            schema = self.resolved(choices[0])
        return {**schema, "description": description} if description else schema

    def mapping(self, schema: Schema, path: tuple[str, ...], level: int) -> list[str]:
        """Return the lines of a block's keys: those needed, then others as comments."""
        schema = self.resolved(schema)
        given, needed, others = [], [], []
        for key, value in schema["properties"].items():
            below = (*path, key)
            if below in self.given:
                given.append(f"{'  ' * level}{key}: {self.given[below]}")
            elif key in schema.get("required", ()) or below in self.asked:
                needed += self.key(key, value, below, level)
            else:
                others += _optional(key, self.resolved(value), level)
        return [*given, *needed, *others]

    def key(self, key: str, schema: Schema, path: tuple[str, ...], level: int) -> list[str]:
        """Return the lines of one key with its comment."""
        schema = self.resolved(schema)
        lines = _comment(_meaning(schema), level)
        value = self.value(schema, path, level)
        if isinstance(value, str):
            return [*lines, f"{'  ' * level}{key}: {value}"]
        return [*lines, f"{'  ' * level}{key}:", *value]

    def value(self, schema: Schema, path: tuple[str, ...], level: int) -> str | list[str]:
        """Return a value on the line of its key, or the lines below it."""
        if "properties" in schema:
            return self.mapping(schema, path, level + 1)
        if schema.get("type") == "array":
            item = self.resolved(schema["items"])
            if "properties" not in item:
                return f"[{TO_BE_STATED}]"
            lines = self.mapping(item, path, level + 2)
            first = next(place for place, line in enumerate(lines) if not _is_comment(line))
            # The meaning of the first key stands above the dash that opens the item.
            meaning = [line.removeprefix("  ") for line in lines[:first]]
            opened = f"{'  ' * (level + 1)}- {lines[first].lstrip()}"
            return [*meaning, opened, *lines[first + 1 :]]
        if schema.get("type") == "object":
            return self.entry(schema, path, level + 1)
        return TO_BE_STATED

    def entry(self, schema: Schema, path: tuple[str, ...], level: int) -> list[str]:
        """Return the lines of a mapping whose keys are for the user to name: one entry."""
        values = schema.get("additionalProperties") or next(
            iter(schema.get("patternProperties", {"": {}}).values())
        )
        value = self.value(self.resolved(values), path, level)
        if isinstance(value, str):
            return [f"{'  ' * level}{TO_BE_STATED}: {value}"]
        return [f"{'  ' * level}{TO_BE_STATED}:", *value]


def _optional(key: str, schema: Schema, level: int) -> list[str]:
    """Return a key that may be left out, as a comment with what it means."""
    return _comment(f"{key}: {_meaning(schema)}", level, hanging="    ")


def _meaning(schema: Schema) -> str:
    return " ".join(filter(None, (schema.get("description"), _choices(schema))))


def _choices(schema: Schema) -> str:
    """Return the values that a key may have, where they are few enough to be read."""
    inside = schema.get("items", {}) if schema.get("type") == "array" else schema
    choices: Sequence[str] = inside.get("enum", ())
    if not choices or len(choices) > _MOST_CHOICES:
        return ""
    word = "Of" if inside is not schema else "One of"
    return f"{word}: {', '.join(str(choice) for choice in choices)}."


def _comment(words: str, level: int, hanging: str = "") -> list[str]:
    start = f"{'  ' * level}# "
    return textwrap.wrap(
        words, _WIDTH, initial_indent=start, subsequent_indent=start + hanging,
        break_long_words=False, break_on_hyphens=False,
    ) if words else []  # fmt: skip


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")
