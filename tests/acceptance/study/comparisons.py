"""Made-up comparisons of units for tests: few units and quarters, whose truth is known.

Not a test. Each is the portfolio's smokefree pathway with other data and another design, so that
it stays a whole and valid evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from evaluations import PROJECT, Blocks, Edit

from equieval.data.synthetic import Synthetic, did_panel, single_treated_panel, staggered_panel
from equieval.data.synthetic.groups import QUINTILES
from equieval.data.synthetic.options import Effect, Setting, Variation

SMOKEFREE = "smokefree-pathway-smoking-at-delivery"
GRADIENT = {"1": 15.0, "2": 11.0, "3": 8.5, "4": 6.5, "5": 5.0}
NARROWER = {"1": -4.0, "2": -2.5, "3": -1.5, "4": -0.7, "5": -0.2}
STEADY = Variation(unit_spread=0.05, size_spread=0.25, shared=0.01, unit=0.01, group=0.01)
UNITS, TREATED = 16, 6


def setting(**changes: Any) -> Setting:
    """Return who is counted: sixteen LMNSs over sixteen quarters, in fifths of deprivation."""
    given = {"births": 3000, "frequency": "quarter", "first": "2020-Q1", "periods": 16, **changes}
    return Setting(
        "smoking-at-delivery", "smokers", "women_status_known", QUINTILES, GRADIENT, **given
    )


def draw(kind: str, seed: int, effect: Effect, units: int, treated: int) -> Synthetic:
    """Draw the data of one design."""
    shared: dict[str, Any] = {"units": units, "effect": effect, "variation": STEADY}
    if kind == "staggered-did":
        waves = {"2021-Q3": treated // 2, "2022-Q2": treated - treated // 2}
        return staggered_panel(seed, setting(), adoption=waves, **shared)
    if kind == "synthetic-did":
        return single_treated_panel(seed, setting(), start="2022-Q1", **shared)
    return did_panel(seed, setting(), treated=treated, start="2022-Q1", **shared)


def design_of(kind: str, made: Synthetic) -> Blocks:
    """Return the design block about the units of a draw."""
    truth = made.truth
    block: Blocks = {"type": kind, "unit": "LMNS", "controls": list(truth["controls"])}
    if kind == "staggered-did":
        block |= {"adoption": dict(truth["adoption"]), "control_group": "not-yet-treated"}
    else:
        block |= {"treated": list(truth["treated"]), "start": "2022-Q1"}
    return block | {"selection": {"rule": "place", "words": "A place was chosen."}}


def write_comparison(
    root: Path,
    id: str,
    edit: Edit | None = None,
    *,
    kind: str = "did",
    seed: int = 1,
    effect: dict[str, float] | None = None,
    units: int = UNITS,
    treated: int = TREATED,
    table: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> tuple[Path, Synthetic]:
    """Write a made-up comparison of units; ``table`` changes the data before they are written."""
    made = draw(kind, seed, Effect(NARROWER if effect is None else effect), units, treated)
    text = (PROJECT / "params" / f"{SMOKEFREE}.yaml").read_text(encoding="utf-8")
    blocks: Blocks = yaml.safe_load(text)
    blocks["identity"]["id"] = id
    blocks["intervention"]["co_interventions"] = []
    blocks["data"]["frequency"] = "quarter"
    del blocks["data"]["sources"][1:]  # That of the control outcome.
    blocks["data"]["sources"][0] |= {
        "path": f"data/{id}.csv", "columns": {"period": "quarter", "unit": "lmns"},
    }  # fmt: skip
    blocks["outcomes"]["primary"] |= {
        "horizon": "2023-Q2", "weighting": "fixed-shares" if kind == "did" else "equal",
    }  # fmt: skip
    blocks["design"] = design_of(kind, made)
    blocks["robustness"] = {"placebo_starts": ["2020-Q4"]}
    if kind == "controlled-its":
        blocks["outcomes"]["primary"]["weighting"] = "denominator"
    if edit is not None:
        edit(blocks)
    written = made.table if table is None else table(made.table)
    (root / "data").mkdir(parents=True, exist_ok=True)
    written.to_csv(root / "data" / f"{id}.csv", index=False)
    path = root / "params" / f"{id}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(blocks, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path, made
