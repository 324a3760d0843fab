"""A small project folder whose one source each test writes as it needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from equieval.protocol import Evaluation

DESIGN = {"type": "its", "unit": "England", "start": "2016"}
DECILES = {
    "dimension": "imd-decile",
    "levels": [str(number) for number in range(1, 11)],
    "direction": "1-is-most-deprived",
    "edition": "IMD 2019",
}
HALVES = {"dimension": "local-half", "levels": ["poorer", "richer"], "missing_levels": ["missing"]}
STILLBIRTH = {
    "stillbirth": {"numerator": "stillbirths", "denominator": ["live_births", "stillbirths"]}
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def evaluation() -> Callable[..., Evaluation]:
    """Make an evaluation of one source by two halves; keywords change the source."""

    def make(
        *more_sources: dict[str, Any],
        equity: dict[str, Any] | None = None,
        design: dict[str, Any] | None = None,
        frequency: str = "year",
        **source: Any,
    ) -> Evaluation:
        common = {
            "id": "births",
            "title": "Births",
            "publisher": "Registry",
            "edition": "first",
            "licence": "Open Government Licence v3.0",
            "status": "final",
            "open": True,
            "path": "data/births.csv",
            "columns": {"period": "year"},
            "dimensions": {"local-half": "half"},
            "total": "all",
            "indicators": STILLBIRTH,
        }
        if source.get("level") == "record":
            common["total"] = []
        sources = [common | source, *(common | source | more for more in more_sources)]
        blocks = {
            "data": {"frequency": frequency, "sources": sources},
            "equity": equity or HALVES,
            "design": design or DESIGN | {"start": {"month": "2016-01"}.get(frequency, "2016")},
        }
        if frequency == "financial-year":
            blocks["design"] = DESIGN | {"start": "2016/17"}
        return Evaluation.of_blocks(blocks, where="test")

    return make


@pytest.fixture
def write(root: Path) -> Callable[..., Path]:
    """Write the rows of ``data/births.csv`` under its usual header."""

    def to_file(
        *rows: str, header: str = "year,half,live_births,stillbirths", name: str = "births.csv"
    ) -> Path:
        path = root / "data" / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return to_file
