"""Pre-registration: the protocol frozen before the outcome data were read, and what deviates.

The protocol is what has to be fixed beforehand: the blocks of `PROTOCOL_BLOCKS`. Where the
data are, what the version is called and who approved it may change freely. A registration is
a file ``params/registrations/<id>.json``; without one an evaluation is not registered, and its
report says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from equieval.errors import ParametersError
from equieval.protocol.blocks import GivenBlocks

PROTOCOL_BLOCKS = ("intervention", "population", "outcomes", "equity", "design", "robustness")
FOLDER = Path("params") / "registrations"

Kind = Literal["self-attested", "timestamped", "public-identifier"]
Protocol = Mapping[str, Mapping[str, Any]]


class Registration(BaseModel):
    """A protocol frozen on a day.

    Attributes
    ----------
    evaluation : id of the evaluation.
    date : the day it was frozen.
    kind : whether only its authors attest the day, or a timestamp or a public register does.
    reference : the timestamp's or register's identifier; empty when self-attested.
    data_seen : which outcome data its authors had seen by then, in words.
    data : digest of each data source that was there by then, by its id; keyed for data that are
        not open. Empty where none was.
    digest : digest of the protocol.
    protocol : the frozen blocks in canonical form.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    evaluation: Annotated[str, Field(min_length=1)]
    date: dt.date
    kind: Kind
    reference: str = ""
    data_seen: Annotated[str, Field(min_length=1)]
    data: dict[str, str] = Field(default_factory=dict)
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    protocol: dict[str, dict[str, Any]]

    @model_validator(mode="after")
    def _reference_for_others(self) -> Self:
        if self.kind != "self-attested" and not self.reference:
            raise ValueError(f"a {self.kind} registration needs a reference")
        return self


_KINDS: dict[str, str] = {
    "self-attested": "self-attested: nobody else vouches for the date",
    "timestamped": "the date is held by an external timestamp",
    "public-identifier": "in a public register",
}


def in_words(registration: Registration | None) -> str:
    """Say whether an evaluation is registered, and what its date is worth."""
    if registration is None:
        return "not registered"
    worth = _KINDS[registration.kind]
    if registration.reference:
        worth += f": {registration.reference}"
    return f"registered on {registration.date.isoformat()} ({worth})"


@dataclass(frozen=True)
class Deviation:
    """One difference between the registered protocol and what was run.

    Attributes
    ----------
    path : dotted path of keys, e.g. ``design.start``.
    registered, run : the two values; None where a side has none.
    """

    path: str
    registered: Any
    run: Any


def protocol_of(evaluation: GivenBlocks) -> dict[str, dict[str, Any]]:
    """Return the blocks that make up the protocol, in canonical form."""
    blocks = evaluation.blocks()
    return {name: blocks[name] for name in PROTOCOL_BLOCKS if name in blocks}


def protocol_digest(protocol: Protocol) -> str:
    """Return the digest of a protocol: the same however its file was written."""
    text = json.dumps(protocol, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def registration_path(root: Path, evaluation_id: str) -> Path:
    """Return where the registration of an evaluation is, or would be."""
    return root / FOLDER / f"{evaluation_id}.json"


def registration_of(root: Path, evaluation_id: str) -> Registration | None:
    """Return the registration of an evaluation, or None where it is not registered.

    Parameters
    ----------
    root : the project's folder.
    evaluation_id : id of the evaluation.

    Raises
    ------
    ParametersError : the file is damaged, belongs to another evaluation, or was changed since
        it was written.
    """
    path = registration_path(root, evaluation_id)
    where = (FOLDER / path.name).as_posix()
    if not path.is_file():
        return None
    try:
        found = Registration.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        raise ParametersError(
            f"the registration cannot be read: {first['msg']}",
            where=f"{where}, {key}" if key else where,
            remedy="restore the file as it was registered; it is never edited by hand",
        ) from None
    if found.evaluation != evaluation_id:
        raise ParametersError(
            f"the registration belongs to '{found.evaluation}'",
            where=where,
            remedy="restore the file as it was registered",
        )
    if protocol_digest(found.protocol) != found.digest:
        raise ParametersError(
            "the registered protocol was changed after it was registered: its digest differs",
            where=where,
            remedy="restore the file as it was registered; deviations belong in the report",
        )
    return found


def register(root: Path, evaluation: GivenBlocks, registration: Registration) -> Path:
    """Write a registration; one that is there is never changed.

    Parameters
    ----------
    root : the project's folder.
    evaluation : the validated parameters whose protocol is registered.
    registration : as `new_registration` gives it.

    Returns
    -------
    Path of the file.

    Raises
    ------
    ParametersError : the evaluation is registered already.
    """
    path = registration_path(root, registration.evaluation)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = registration.model_dump_json(indent=1) + "\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        os.link(draft, path)  # never replaces what is there, even if two register at once
    except FileExistsError:
        known = registration_of(root, registration.evaluation)
        same = known is not None and known.digest == protocol_digest(protocol_of(evaluation))
        raise ParametersError(
            f"'{registration.evaluation}' is {in_words(known)}; a registration never changes",
            where=(FOLDER / path.name).as_posix(),
            remedy="nothing has to be done: the protocol is the registered one"
            if same
            else "the report lists how the protocol deviates; a new protocol is a new evaluation",
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    return path


def new_registration(
    evaluation: GivenBlocks,
    evaluation_id: str,
    *,
    date: dt.date,
    data: Mapping[str, str],
    data_seen: str = "",
    timestamp: str = "",
    public_id: str = "",
) -> Registration:
    """Return the registration of a protocol as it stands.

    Parameters
    ----------
    date : the day.
    data : digest of each data source that is there already, by its id.
    data_seen : what its authors had seen of them, in their words; follows from ``data`` when empty.
    timestamp, public_id : reference of an external timestamp over the protocol's digest, or its
        identifier in a public register; self-attested when neither is given.

    Raises
    ------
    ParametersError : both references are given.
    """
    if timestamp and public_id:
        raise ParametersError(
            "a registration has one reference",
            where="--timestamp and --public-id",
            remedy="give the stronger one: the public register's identifier",
        )
    kind: Kind = "self-attested"
    if timestamp or public_id:
        kind = "public-identifier" if public_id else "timestamped"
    there = ", ".join(sorted(data))
    protocol = protocol_of(evaluation)
    return Registration(
        evaluation=evaluation_id,
        date=date,
        kind=kind,
        reference=public_id or timestamp,
        data_seen=data_seen or (f"the data of {there} were at hand" if data else "none"),
        data=dict(data),
        digest=protocol_digest(protocol),
        protocol=protocol,
    )


def deviations(registered: Protocol, run: Protocol) -> tuple[Deviation, ...]:
    """Return every difference between a registered protocol and the one that was run.

    Lists are compared whole: an order is part of a protocol (levels, periods). Lists of
    mappings are compared item by item.
    """
    before, after = dict(_leaves(registered, "")), dict(_leaves(run, ""))
    paths = dict.fromkeys((*before, *after))
    return tuple(
        Deviation(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _leaves(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for position, item in enumerate(value):
            yield from _leaves(item, f"{path}[{position}]")
    else:
        yield path, value
