"""A registered protocol: its digest, its record, and what was done otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from equieval.errors import ParametersError
from equieval.protocol import Evaluation
from equieval.protocol.registration import (
    FOLDER,
    PROTOCOL_BLOCKS,
    Deviation,
    Registration,
    deviations,
    in_words,
    protocol_digest,
    protocol_of,
    registration_of,
)


@pytest.fixture
def protocol(blocks: dict[str, Any]) -> dict[str, Any]:
    return protocol_of(Evaluation.of_blocks(blocks, where="test"))


def write(root: Path, frozen: dict[str, Any], **changes: Any) -> None:
    record = {
        "evaluation": "example",
        "date": "2025-01-31",
        "kind": "self-attested",
        "data_seen": "none",
        "digest": protocol_digest(frozen),
        "protocol": frozen,
        **changes,
    }
    (root / FOLDER).mkdir(parents=True)
    (root / FOLDER / "example.json").write_text(json.dumps(record))


def test_the_protocol_is_what_has_to_be_fixed_beforehand(
    blocks: dict[str, Any], protocol: dict[str, Any]
) -> None:
    blocks["robustness"] = {}
    whole = protocol_of(Evaluation.of_blocks(blocks, where="test"))
    assert tuple(whole) == PROTOCOL_BLOCKS
    blocks["identity"]["title"] = "Another title"
    blocks["data"]["sources"][0]["path"] = "data/other.csv"
    same = protocol_of(Evaluation.of_blocks(blocks, where="test"))
    assert protocol_digest(same) == protocol_digest(whole)


def test_the_digest_changes_with_the_protocol(
    blocks: dict[str, Any], protocol: dict[str, Any]
) -> None:
    blocks["design"]["start"] = "2017"
    other = protocol_of(Evaluation.of_blocks(blocks, where="test"))
    assert protocol_digest(other) != protocol_digest(protocol)


def test_an_evaluation_without_a_record_is_not_registered(tmp_path: Path) -> None:
    found = registration_of(tmp_path, "example")
    assert found is None
    assert in_words(found) == "not registered"


def test_a_record_says_what_its_date_is_worth(tmp_path: Path, protocol: dict[str, Any]) -> None:
    write(tmp_path, protocol)
    found = registration_of(tmp_path, "example")
    assert isinstance(found, Registration)
    assert in_words(found) == (
        "registered on 2025-01-31 (self-attested: nobody else vouches for the date)"
    )
    assert deviations(found.protocol, protocol) == ()


def test_a_public_record_names_its_identifier(tmp_path: Path, protocol: dict[str, Any]) -> None:
    write(tmp_path, protocol, kind="public-identifier", reference="ISRCTN00000000")
    found = registration_of(tmp_path, "example")
    assert found is not None
    assert in_words(found).endswith("(in a public register: ISRCTN00000000)")


@pytest.mark.parametrize("kind", ["timestamped", "public-identifier"])
def test_a_date_that_others_hold_names_where(
    tmp_path: Path, protocol: dict[str, Any], kind: str
) -> None:
    write(tmp_path, protocol, kind=kind)
    with pytest.raises(ParametersError, match="needs a reference"):
        registration_of(tmp_path, "example")


def test_every_deviation_is_named_with_both_values(
    blocks: dict[str, Any], protocol: dict[str, Any]
) -> None:
    blocks["design"]["start"] = "2017"
    blocks["equity"]["measures"] = ["sii", "rii"]
    blocks["intervention"]["co_interventions"] = [{"period": "2018", "name": "Another"}]
    run = protocol_of(Evaluation.of_blocks(blocks, where="test"))
    found = {deviation.path: deviation for deviation in deviations(protocol, run)}
    assert found["design.start"] == Deviation("design.start", "2016", "2017")
    assert found["equity.measures"].run == ["sii", "rii"]
    assert found["intervention.co_interventions[0].name"].registered is None
    assert "intervention.name" not in found


def test_a_protocol_changed_after_registration_is_found_out(
    tmp_path: Path, protocol: dict[str, Any]
) -> None:
    changed = {**protocol, "design": {**protocol["design"], "start": "2014"}}
    write(tmp_path, protocol, protocol=changed)
    with pytest.raises(ParametersError, match="changed after it was registered"):
        registration_of(tmp_path, "example")


def test_a_record_of_another_evaluation_is_refused(
    tmp_path: Path, protocol: dict[str, Any]
) -> None:
    write(tmp_path, protocol, evaluation="other")
    with pytest.raises(ParametersError, match="belongs to 'other'"):
        registration_of(tmp_path, "example")


@pytest.mark.parametrize(
    ("content", "key"), [("{", ""), ('{"evaluation": "example"}', "date"), ("[]", "")]
)
def test_a_damaged_record_is_refused(tmp_path: Path, content: str, key: str) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "example.json").write_text(content)
    with pytest.raises(ParametersError, match="the registration cannot be read") as caught:
        registration_of(tmp_path, "example")
    assert caught.value.where.startswith("params/registrations/example.json")
    assert key in caught.value.where
