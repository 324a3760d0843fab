"""Freezing a protocol: once, with its date, what was seen by then, and who vouches for it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from equieval.errors import ParametersError
from equieval.protocol import Evaluation
from equieval.protocol.registration import (
    FOLDER,
    deviations,
    in_words,
    new_registration,
    protocol_digest,
    protocol_of,
    register,
    registration_of,
)

DAY = dt.date(2025, 1, 31)


@pytest.fixture
def evaluation(blocks: dict[str, Any]) -> Evaluation:
    return Evaluation.of_blocks(blocks, where="test")


def frozen(evaluation: Evaluation, **words: Any) -> Any:
    return new_registration(evaluation, "example", **{"date": DAY, "data": {}} | words)


def test_what_is_registered_reads_back_as_it_was(tmp_path: Path, evaluation: Evaluation) -> None:
    path = register(tmp_path, evaluation, frozen(evaluation, data={"births": "sha256:00"}))
    assert path == tmp_path / FOLDER / "example.json"
    found = registration_of(tmp_path, "example")
    assert found is not None
    assert found.digest == protocol_digest(protocol_of(evaluation))
    assert deviations(found.protocol, protocol_of(evaluation)) == ()
    assert (found.date, found.data) == (DAY, {"births": "sha256:00"})
    assert found.data_seen == "the data of births were at hand"


def test_without_any_data_it_says_none(evaluation: Evaluation) -> None:
    assert frozen(evaluation).data_seen == "none"


def test_its_authors_may_say_what_they_had_seen(evaluation: Evaluation) -> None:
    assert frozen(evaluation, data_seen="counts to 2019").data_seen == "counts to 2019"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "self-attested"),
        ({"timestamp": "rfc3161:abc"}, "held by an external timestamp: rfc3161:abc"),
        ({"public_id": "osf.io/abcde"}, "in a public register: osf.io/abcde"),
    ],
)
def test_the_page_says_who_vouches_for_the_date(
    evaluation: Evaluation, words: dict[str, str], said: str
) -> None:
    assert said in in_words(frozen(evaluation, **words))


def test_two_references_are_refused(evaluation: Evaluation) -> None:
    with pytest.raises(ParametersError, match="one reference"):
        frozen(evaluation, timestamp="a", public_id="b")


def test_a_registration_is_never_overwritten(tmp_path: Path, blocks: dict[str, Any]) -> None:
    first = Evaluation.of_blocks(blocks, where="test")
    path = register(tmp_path, first, frozen(first))
    before = path.read_bytes()
    blocks["design"]["start"] = "2017"
    second = Evaluation.of_blocks(blocks, where="test")
    with pytest.raises(ParametersError, match="registered on 2025-01-31") as refused:
        register(tmp_path, second, frozen(second))
    assert "deviates" in refused.value.remedy
    with pytest.raises(ParametersError) as again:
        register(tmp_path, first, frozen(first))
    assert "nothing has to be done" in again.value.remedy
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["example.json"]


def test_a_registration_edited_by_hand_is_refused(tmp_path: Path, evaluation: Evaluation) -> None:
    path = register(tmp_path, evaluation, frozen(evaluation))
    record = json.loads(path.read_text())
    record["protocol"]["design"]["start"] = "1999"
    path.write_text(json.dumps(record))
    with pytest.raises(ParametersError, match="changed after it was registered"):
        registration_of(tmp_path, "example")
