"""What every block of a parameters file is built from: the base model and its value types.

Values are taken as they are written: text is not read as a number nor a number as text, except
where a label is meant (a period, a decile): ``2016`` and ``"2016"`` are the same period.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from equieval.errors import did_you_mean
from equieval.protocol.indicators import INDICATORS
from equieval.protocol.taxonomy import VOCABULARIES

_DOI = r"^10\.[0-9]{4,9}(\.[0-9]+)?/[A-Za-z0-9:/_;().\[\]-]+$"

#: Keys and positions from the top of a file.
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a parameters file.

    Attributes
    ----------
    path : keys and positions from the top of the file, e.g. ``("data", "sources", 0, "path")``.
    what : what is wrong.
    remedy : what to do about it.
    """

    path: KeyPath
    what: str
    remedy: str = ""

    def below(self, *prefix: str | int) -> Problem:
        """Return the problem seen from further up."""
        return Problem((*prefix, *self.path), self.what, self.remedy)


class UnusableValueError(ValueError):
    """A value that its type refuses, with the remedy."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class Block(BaseModel):
    """A mapping of a parameters file: unknown keys are refused, values cannot be reassigned."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong between the fields of the block; paths start at the block."""
        yield from ()


def _label(value: object) -> object:
    if isinstance(value, bool):
        word = "yes" if value else "no"
        raise UnusableValueError(
            f"a label is needed, not {word}/{str(value).lower()}", "put it in quotes"
        )
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        raise UnusableValueError(f"a label is needed, not the number {value}", "put it in quotes")
    return value


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = repeated(values)
    if twice:
        raise UnusableValueError(
            f"listed more than once: {', '.join(twice)}", "name each of them once"
        )
    return values


def repeated(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that occur more than once, in order of their second appearance."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for value in values:
        if value in seen:
            twice[value] = None
        seen.add(value)
    return tuple(twice)


def one_or_many_of(item: dict[str, Any], *, at_least: int = 0) -> dict[str, Any]:
    """Return the JSON Schema of one item or a list of different ones."""
    many = {"type": "array", "items": item, "minItems": at_least, "uniqueItems": True}
    return {"anyOf": [item, many]}


def filled_in(key: str) -> Callable[[dict[str, Any]], None]:
    """Return what takes a key off the required ones: left out, it follows from others."""

    def not_required(schema: dict[str, Any]) -> None:
        schema["required"] = [name for name in schema["required"] if name != key]

    return not_required


def _indicator_id(value: str) -> str:
    if value not in INDICATORS:
        raise UnusableValueError(f"unknown indicator '{value}'", did_you_mean(value, INDICATORS))
    return value


def _doi(value: str) -> str:
    if not re.match(_DOI, value):
        raise UnusableValueError(
            f"'{value}' is no DOI", "write it bare, like 10.5281/zenodo.1234567, without an address"
        )
    return value


def known_term(vocabulary: str) -> Callable[[str], str]:
    """Return the validator of ids of one vocabulary of the taxonomy."""
    terms = VOCABULARIES[vocabulary]

    def known(value: str) -> str:
        if value not in terms:
            name = vocabulary.replace("_", " ")
            raise UnusableValueError(
                f"'{value}' is not among the {name}", did_you_mean(value, terms)
            )
        return value

    return known


def term_choices(vocabulary: str) -> WithJsonSchema:
    """Return the JSON Schema of ids of one vocabulary of the taxonomy."""
    return WithJsonSchema({"type": "string", "enum": list(VOCABULARIES[vocabulary])})


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
Doi = Annotated[str, AfterValidator(_doi), WithJsonSchema({"type": "string", "pattern": _DOI})]
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True, ge=0)]

Label = Annotated[
    str,
    BeforeValidator(_label),
    StringConstraints(strip_whitespace=True, min_length=1),
    WithJsonSchema({"type": ["string", "integer"]}),
]
PeriodLabel = Annotated[
    str,
    BeforeValidator(_label),
    StringConstraints(strip_whitespace=True, min_length=1),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "description": "A period: '2016', '2016-03', '2016-Q1' or '2016/17'.",
        }
    ),
]
Labels = Annotated[tuple[Label, ...], AfterValidator(_unique)]
Periods = Annotated[tuple[PeriodLabel, ...], AfterValidator(_unique)]
Texts = tuple[Text, ...]

#: One column name or several.
Columns = Annotated[
    tuple[Text, ...],
    BeforeValidator(_one_or_many),
    Field(min_length=1),
    AfterValidator(_unique),
    WithJsonSchema(one_or_many_of({"type": "string", "minLength": 1}, at_least=1)),
]
#: One label or several.
OneOrMoreLabels = Annotated[
    Labels,
    BeforeValidator(_one_or_many),
    WithJsonSchema(one_or_many_of({"type": ["string", "integer"]})),
]

IndicatorId = Annotated[
    str,
    AfterValidator(_indicator_id),
    WithJsonSchema({"type": "string", "enum": list(INDICATORS)}),
]
