"""Record-level births of small trusts with rare outcomes, made up from a fixed seed.

`exact` is what a page would compute from with the gate off, `safe` with it on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from equieval.data import Observations, load_observations
from equieval.protocol import Evaluation, load_evaluation
from equieval.releases.private import Private, private_counts
from equieval.study.safeguard import safeguard

REPOSITORY = Path(__file__).parents[3]
TRUSTS = ("North", "South", "Isle")
SEED = 20_240_501


@dataclass
class Partner:
    """A partner's project: its folder, its evaluation, its records."""

    root: Path
    records: pd.DataFrame
    profile: str = "nhs-hes"

    @property
    def evaluation(self) -> Evaluation:
        return load_evaluation(self.root / "params" / "small-trusts.yaml")

    def save(self) -> None:
        for name in ("exact", "safe", "private"):
            self.__dict__.pop(name, None)
        self.records.to_csv(self.root / "data" / "births.csv", index=False)
        path = REPOSITORY / "params" / "stillbirth-care-bundle-england.yaml"
        given = yaml.safe_load(path.read_bytes())
        given["identity"] |= {"id": "small-trusts", "synthetic": True}
        given["population"]["fictional"] = True
        source = given["data"]["sources"][0]
        for key in ("total", "breaks", "missing_because"):
            source.pop(key)
        source |= {
            "open": False,
            "level": "record",
            "path": "data/births.csv",
            "columns": {"period": "year", "unit": "trust"},
            "dimensions": {"imd-quintile": "quintile"},
            "indicators": {
                "stillbirth": {"numerator": "stillborn", "denominator": "all"},
                "breast-milk-first-feed": {"numerator": "breastfed", "denominator": "all"},
            },
        }
        given["outcomes"]["secondary"] = ["breast-milk-first-feed"]
        levels = [str(number) for number in range(1, 6)]
        given["equity"] |= {"dimension": "imd-quintile", "levels": levels}
        given["disclosure"] = {"profile": self.profile, "reason": "Synthetic records."}
        (self.root / "params" / "small-trusts.yaml").write_text(yaml.safe_dump(given))

    @cached_property
    def exact(self) -> Observations:
        return load_observations(self.evaluation, self.root)

    @cached_property
    def safe(self) -> Observations:
        return safeguard(self.evaluation, self.exact, self.root).observations

    @cached_property
    def private(self) -> Private:
        found = private_counts(self.root, self.evaluation)
        assert found is not None
        return found


def births(seed: int = SEED) -> pd.DataFrame:
    """Return one row per birth: three trusts, eight years, fifths of deprivation."""
    rng = np.random.default_rng(seed)
    places = [
        (trust, year, quintile, int(rng.poisson({"North": 420, "South": 180, "Isle": 55}[trust])))
        for trust in TRUSTS
        for year in range(2012, 2020)
        for quintile in range(1, 6)
    ]
    rows = pd.DataFrame(
        [place[:3] for place in places for _ in range(place[3])],
        columns=["trust", "year", "quintile"],
    )
    rows["stillborn"] = rng.binomial(1, 0.022 - 0.003 * rows["quintile"])
    rows["breastfed"] = rng.binomial(1, 0.93, len(rows)) * (1 - rows["stillborn"])
    return rows


@pytest.fixture
def partner(tmp_path: Path) -> Partner:
    for name in ("data", "params"):
        (tmp_path / name).mkdir()
    (tmp_path / "_quarto.yml").write_text("project: {type: website}\n")
    made = Partner(tmp_path, births())
    made.save()
    return made


@pytest.fixture(params=["nhs-hes", "nhs-msds", "opensafely", "opensafely-midpoint-6"])
def any_partner(partner: Partner, request: pytest.FixtureRequest) -> Partner:
    partner.profile = request.param
    partner.save()
    return partner


def small(observations: Observations, indicator: str = "stillbirth") -> pd.DataFrame:
    """Return the true cells with 1 to 7 events: what no attack may find."""
    cells = observations.strata(indicator)
    return cells[(cells["numerator"] > 0) & (cells["numerator"] <= 7)].reset_index(drop=True)
