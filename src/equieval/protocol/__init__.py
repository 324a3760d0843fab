"""What is evaluated: the parameters of an evaluation, the taxonomy, the indicators."""

from __future__ import annotations

from equieval.protocol.editor_schema import json_schema
from equieval.protocol.evaluation import Evaluation, InvalidParametersError, load_evaluation
from equieval.protocol.indicators import INDICATORS, indicator
from equieval.protocol.root import project_root

__all__ = [
    "INDICATORS",
    "Evaluation",
    "InvalidParametersError",
    "indicator",
    "json_schema",
    "load_evaluation",
    "project_root",
]
