"""A small valid evaluation, in fictional places, that each test spoils in its own way."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from equieval.protocol import Evaluation, InvalidParametersError, load_evaluation
from equieval.protocol.evaluation import LocatedProblem

VALID = """\
schema: 1
identity:
  id: example
  title: An example
  question: Did it work?
programme:
  id: perinatal
  title: Perinatal
  gap_domains: [access-to-care]
intervention:
  name: A pathway
  why: Because
  procedures: This and that
population:
  place: Somewhere
  description: Everyone
data:
  frequency: year
  sources:
    - id: births
      title: Births
      publisher: Office
      edition: first
      licence: Open Government Licence v3.0
      status: final
      open: true
      path: data/births.csv
      columns: {period: year}
      dimensions: {imd-quintile: quintile}
      total: all
      indicators:
        stillbirth:
          numerator: [stillbirths]
          denominator: [live_births, stillbirths]
outcomes:
  primary:
    indicator: stillbirth
    measure: sii
    scale: absolute
    horizon: "2018"
equity:
  dimension: imd-quintile
  levels: ["1", "2", "3", "4", "5"]
  direction: 1-is-most-deprived
  edition: IMD 2019
design:
  type: its
  unit: Somewhere
  start: "2016"
  first_period: "2010"
  last_period: "2020"
disclosure:
  profile: open-data
  reason: Published figures
"""

AUDIT = {
    "type": "audit",
    "unit": "Trust",
    "place": "Somewhere",
    "reference_source": "births",
    "sources": [
        {"source": "births", "kind": "national"},
        {"source": "register", "kind": "provider"},
    ],
}


def as_audit(blocks: dict[str, Any]) -> dict[str, Any]:
    """Turn the valid evaluation into an audit of two sources."""
    first = blocks["data"]["sources"][0]
    blocks["data"]["sources"].append({**copy.deepcopy(first), "id": "register"})
    blocks["design"] = copy.deepcopy(AUDIT)
    blocks["outcomes"]["primary"]["horizon"] = "2020"
    return blocks


@pytest.fixture
def audit_blocks(blocks: dict[str, Any]) -> dict[str, Any]:
    """Valid blocks of an audit, without an intervention."""
    del blocks["intervention"]
    return as_audit(blocks)


@pytest.fixture
def blocks() -> dict[str, Any]:
    """Valid blocks, as PyYAML reads them."""
    return copy.deepcopy(yaml.safe_load(VALID))


@pytest.fixture
def valid_text() -> str:
    return VALID


Load = Callable[[str | bytes], Evaluation]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Write a text to ``params/example.yaml`` and load it from the project's folder."""
    (tmp_path / "params").mkdir()
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "params" / "example.yaml"

    def write_and_load(text: str | bytes) -> Evaluation:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_evaluation(path)

    return write_and_load


Refusal = Callable[[dict[str, Any]], InvalidParametersError]


@pytest.fixture
def refusal(load: Load) -> Refusal:
    """Return the error that a set of blocks meets when it is loaded from a file."""

    def refused(given: dict[str, Any]) -> InvalidParametersError:
        with pytest.raises(InvalidParametersError) as caught:
            load(yaml.safe_dump(given, sort_keys=False))
        return caught.value

    return refused


@pytest.fixture
def refused_with(blocks: dict[str, Any], refusal: Refusal) -> Callable[..., list[LocatedProblem]]:
    """Return the problems at a key once some values of the valid blocks are changed.

    The word ``twice`` doubles the list that is there.
    """

    def refused(changes: dict[tuple[Any, ...], Any], key: str) -> list[LocatedProblem]:
        for path, value in changes.items():
            holder: Any = blocks
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = holder[path[-1]] * 2 if value == "twice" else value
        return [problem for problem in refusal(blocks).problems if problem.key == key]

    return refused
