"""Made-up interrupted series of several units that start together. Not a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from evaluations import Blocks, Edit, write_made_up

from equieval.data.synthetic import its_births

REGION = "Northmoor region"
UNITS = ("Ashby", "Bramley", "Calder", "Dunmoor", "Eskdale", "Farrow", "Gillbeck", "Holme")
MADE = {"periods": 60, "start": "2015-01", "gradient": 2.0, "noise": 0.15, "gap_noise": 0.1}


def write_units(
    root: Path,
    id: str,
    edit: Edit | None = None,
    *,
    units: tuple[str, ...] = UNITS,
    births: int = 30_000,
    together: bool = False,
    **truth: Any,
) -> Path:
    """Write an evaluation of units with known truth; the first has twice the births.

    Parameters
    ----------
    together : whether all units have the noise of one seed.
    truth : of `equieval.data.synthetic.its_births`, the same in every unit.
    """
    told = {**MADE, **truth}
    tables = [
        its_births(
            100 if together else 100 + place,
            births_per_period=births * (2 if place == 0 else 1),
            **told,
        ).table.assign(unit=name)
        for place, name in enumerate(units)
    ]

    def of_units(blocks: Blocks) -> None:
        blocks["data"]["sources"][0]["columns"]["unit"] = "unit"
        blocks["design"] |= {"unit": REGION, "units": list(units)}
        blocks["population"]["place"] = REGION
        if edit is not None:
            edit(blocks)

    path, _ = write_made_up(root, id, of_units, after=12, **told)
    pd.concat(tables, ignore_index=True).to_csv(root / f"data/{id}.csv", index=False)
    return path
