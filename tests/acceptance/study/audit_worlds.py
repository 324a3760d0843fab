"""Audits to test: the portfolio's own with other draws behind it, and small ones written by hand.

Not a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from equieval.data import Observations, load_observations
from equieval.data.synthetic import Synthetic, write_synthetic
from equieval.protocol import Evaluation, load_evaluation

PROJECT = Path(__file__).parents[3]
AUDIT = "maternity-equity-audit-ashmere"
FILES = "maternity-equity-audit"
Blocks = dict[str, Any]

GROUPS = ("Black", "White", "Not known")
HEADER = "quarter,who,group,early,all"


def drawn_audit(
    root: Path, drawn: Synthetic, edit: Callable[[Blocks], object] | None = None
) -> tuple[Evaluation, Observations]:
    """Return the portfolio's audit with another draw in the place of its data."""
    write_synthetic(root / "data" / "synthetic", FILES, drawn)
    blocks: Blocks = yaml.safe_load((PROJECT / "params" / f"{AUDIT}.yaml").read_text("utf-8"))
    if edit is not None:
        edit(blocks)
    path = root / "params" / f"{AUDIT}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(blocks, sort_keys=False), encoding="utf-8")
    evaluation = load_evaluation(path)
    return evaluation, load_observations(evaluation, root)


def written_audit(
    root: Path,
    tables: Mapping[str, tuple[str, ...]],
    *,
    groups: tuple[str, ...] = GROUPS,
    samples: tuple[str, ...] = (),
    audited: Mapping[str, Mapping[str, Any]] | None = None,
    **design: Any,
) -> tuple[Evaluation, Observations]:
    """Return an audit of early booking whose rows (`HEADER`) a test writes.

    Parameters
    ----------
    tables : source (its kind, too): its rows; the first is the reference source.
    samples : sources that are samples.
    audited : source: further keys of its entry in the design.
    """
    (root / "data").mkdir(exist_ok=True)
    for name, rows in tables.items():
        (root / "data" / f"{name}.csv").write_text("\n".join((HEADER, *rows)) + "\n")
    about = {"publisher": "Registry", "edition": "first", "licence": "OGL", "status": "final"}
    sources = [
        {
            **about,
            "id": name,
            "title": name.capitalize(),
            "open": True,
            "path": f"data/{name}.csv",
            "columns": {"period": "quarter", "unit": "who"},
            "dimensions": {"ethnic-group": "group"},
            "indicators": {"booking-by-10-weeks": {"numerator": "early", "denominator": ["all"]}},
        }
        for name in tables
    ]
    blocks = {
        "data": {"frequency": "quarter", "sources": sources},
        "outcomes": {
            "primary": {
                "indicator": "booking-by-10-weeks",
                "measure": "gap",
                "scale": "absolute",
                "horizon": "2023-Q4",
                "reference_group": "White",
            }
        },
        "equity": {
            "dimension": "ethnic-group",
            "levels": [group for group in groups if group != "Not known"],
            "ordered": False,
            "missing_levels": [group for group in groups if group == "Not known"],
        },
        "design": {
            "type": "audit",
            "unit": "Trust",
            "place": "Ashmere",
            "reference_source": next(iter(tables)),
            "sources": [
                {
                    "source": name,
                    "kind": name,
                    "counts": "sample" if name in samples else "everyone",
                    **(audited or {}).get(name, {}),
                }
                for name in tables
            ],
            **design,
        },
    }
    evaluation = Evaluation.of_blocks(blocks, where="test")
    return evaluation, load_observations(evaluation, root)
