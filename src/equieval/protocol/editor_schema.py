"""The parameter schema as JSON Schema, for editors that complete and check while one types."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ConfigDict, Field, create_model

from equieval.protocol.blocks import BLOCKS, NOT_FOR_AUDITS, WITH_DEFAULTS
from equieval.protocol.validation import SCHEMA_KEY, SCHEMA_VERSION

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_FILE = "params/evaluation.schema.json"
#: First line of a parameters file: where YAML editors look the schema up.
EDITOR_LINE = "# yaml-language-server: $schema=evaluation.schema.json"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a parameters file.

    It knows keys, types, choices and the controlled vocabularies. Rules between keys are
    beyond it: ``equieval check`` holds those.
    """
    optional = {*WITH_DEFAULTS, *NOT_FOR_AUDITS}
    fields: dict[str, Any] = {
        name: (annotation, Field(default=None) if name in optional else Field())
        for name, annotation in BLOCKS.items()
    }
    whole = create_model("Evaluation", __config__=ConfigDict(extra="forbid"), **fields)
    generated = whole.model_json_schema(mode="validation")
    properties = generated["properties"]
    for name in optional:
        properties[name].pop("default", None)
    version = {
        "title": "Schema version",
        "description": "Version of this schema that the file follows.",
        "const": SCHEMA_VERSION,
    }
    return {
        "$schema": DIALECT,
        "title": "Evaluation",
        "description": "Parameters of one evaluation: what is evaluated, on which data, how.",
        "type": "object",
        "additionalProperties": False,
        "required": [SCHEMA_KEY, *generated["required"]],
        "properties": {SCHEMA_KEY: version, **properties},
        "allOf": [_intervention_unless_audit()],
        "$defs": generated["$defs"],
    }


def schema_text() -> str:
    """Return the content of ``params/evaluation.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _intervention_unless_audit() -> dict[str, Any]:
    audit = {"properties": {"design": {"properties": {"type": {"const": "audit"}}}}}
    return {"if": audit, "else": {"required": list(NOT_FOR_AUDITS)}}
