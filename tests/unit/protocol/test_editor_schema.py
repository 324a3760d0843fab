"""The JSON Schema that editors use agrees with the code and with the shipped files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from equieval.protocol import INDICATORS, json_schema
from equieval.protocol.blocks import BLOCKS
from equieval.protocol.editor_schema import SCHEMA_FILE, schema_text
from equieval.protocol.loading import parse

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_shipped_schema_file_is_what_the_code_writes() -> None:
    assert (PROJECT / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text(), (
        "write it anew: equieval schema"
    )


@pytest.mark.parametrize("path", sorted((PROJECT / "params").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_file_satisfies_the_schema(validator: Any, path: Path) -> None:
    validator.validate(parse(path.read_text(encoding="utf-8")).values)


def test_the_schema_accepts_short_and_unquoted_forms(validator: Any, valid_text: str) -> None:
    given = yaml.safe_load(valid_text.replace('"', ""))
    given["data"]["sources"][0]["indicators"]["stillbirth"]["numerator"] = "stillbirths"
    validator.validate(given)


@pytest.mark.parametrize(
    ("block", "key", "value"),
    [
        ("design", "strat", "2016"),
        ("identity", "status", "done"),
        ("equity", "levels", "1"),
        ("programme", "gap_domains", ["nowhere"]),
        ("design", "type", "its2"),
    ],
)
def test_the_schema_refuses_what_it_can_know_to_be_wrong(
    validator: Any, blocks: dict[str, Any], block: str, key: str, value: object
) -> None:
    blocks[block][key] = value
    assert not validator.is_valid(blocks)


def test_the_schema_knows_that_only_audits_go_without_an_intervention(
    validator: Any, blocks: dict[str, Any]
) -> None:
    del blocks["intervention"]
    assert not validator.is_valid(blocks)
    blocks["design"] = {
        "type": "audit",
        "unit": "Trust",
        "place": "Somewhere",
        "reference_source": "births",
        "sources": [{"source": "births", "kind": "national"}],
    }
    validator.validate(blocks)


def test_every_key_is_described_for_the_person_who_writes_it() -> None:
    schema = json_schema()
    assert list(schema["properties"]) == ["schema", *BLOCKS]
    for name, definition in schema["$defs"].items():
        assert definition["description"], name
        for key, field in definition["properties"].items():
            assert field.get("description") or "$ref" in field, f"{name}.{key}"


def test_editors_are_offered_every_indicator() -> None:
    text = json.dumps(json_schema()["$defs"]["Primary"]["properties"]["indicator"])
    for id in INDICATORS:
        assert f'"{id}"' in text
