"""Files say that they are synthetic, hold the truth, and load like any other source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from equieval.data import load_observations
from equieval.data.synthetic import (
    CONTINUITY,
    ETHNIC_GROUPS,
    SMOKING,
    Dropouts,
    Flaws,
    Recording,
    Synthetic,
    audit_sources,
    did_panel,
    its_births,
    single_treated_panel,
    staggered_panel,
    workforce_years,
    write_synthetic,
)
from equieval.protocol import Evaluation

SELECTION = {"rule": "other", "words": "drawn at random"}
Make = Callable[..., Evaluation]

GENERATORS: dict[str, Callable[[], Synthetic]] = {
    "did": lambda: did_panel(7),
    "staggered": lambda: staggered_panel(7, flaws=Flaws(Recording(), Dropouts(2), 2)),
    "single": lambda: single_treated_panel(7),
    "workforce": lambda: workforce_years(7),
    "audit": lambda: audit_sources(7),
    "series": lambda: its_births(7, level=-0.5),
}
DIGESTS = {
    "did": "aaa07158c8932cb0",
    "staggered": "60baebffa611bc75",
    "single": "18541d916c8ec5d9",
    "workforce": "58b0f3d7df7b8e18",
    "audit": "e5e84382cdf56677",
    "series": "8c534aa72a8c806a",
}


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_seed_means_the_same_table_on_every_machine(generator: str, tmp_path: Path) -> None:
    """Digests were taken from this package's own first draw: they pin it, and prove no more."""
    table, *_ = write_synthetic(tmp_path, generator, GENERATORS[generator]())
    assert hashlib.sha256(table.read_bytes()).hexdigest()[:16] == DIGESTS[generator]


@pytest.mark.parametrize("generator", GENERATORS)
def test_every_file_says_that_it_is_synthetic(generator: str, tmp_path: Path) -> None:
    drawn = GENERATORS[generator]()
    written = write_synthetic(tmp_path / "new" / "folder", "drawn", drawn)
    assert len(written) == len(list((tmp_path / "new" / "folder").iterdir()))
    for path in written:
        if path.suffix == ".csv":
            content = pd.read_csv(path, dtype="str")
            assert content.columns[0] == "data_label"
            assert (content["data_label"] == "synthetic").all()
            assert len(content) > 0
    record = json.loads((tmp_path / "new" / "folder" / "drawn.truth.json").read_text("utf-8"))
    assert record["label"] == "synthetic"
    assert "Synthetic data" in record["notice"]
    assert record["truth"]["seed"] == 7
    assert record["truth"] == drawn.truth


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    first = [
        path.read_bytes() for path in write_synthetic(tmp_path, "a", GENERATORS["staggered"]())
    ]
    again = [
        path.read_bytes() for path in write_synthetic(tmp_path, "a", GENERATORS["staggered"]())
    ]
    assert first == again


@pytest.mark.parametrize("name", ["../escape", "Capital", "", "a b", "a.csv"])
def test_a_name_that_is_no_file_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="small letters"):
        write_synthetic(tmp_path, name, did_panel(1))


def comparative(drawn: Synthetic, type: str, unit: str) -> dict[str, Any]:
    keys = ["adoption"] if type == "staggered-did" else ["start", "treated"]
    return {
        "type": type,
        "unit": unit,
        "selection": SELECTION,
        "controls": drawn.truth["controls"],
        **{key: drawn.truth[key] for key in keys},
    }


def test_a_did_panel_loads(root: Path, evaluation: Make) -> None:
    drawn = did_panel(7, flaws=Flaws(dropouts=Dropouts(2, 3)))
    write_synthetic(root / "data", "smoking", drawn)
    observations = load_observations(
        evaluation(
            equity={
                "dimension": drawn.truth["dimension"],
                "levels": drawn.truth["levels"],
                "direction": "1-is-most-deprived",
                "edition": "fictional",
            },
            design=comparative(drawn, "did", "LMNS"),
            frequency="month",
            path="data/smoking.csv",
            columns={"period": "month", "unit": "lmns"},
            dimensions={"imd-quintile": "imd_quintile"},
            total=[],
            indicators={
                "smoking-at-delivery": {
                    "numerator": "smokers",
                    "denominator": ["women_status_known"],
                }
            },
        ),
        root,
    )
    strata = observations.strata("smoking-at-delivery")
    assert observations.units == tuple(sorted(drawn.table["lmns"].unique()))
    assert len(strata) == len(drawn.table) == 12 * 48 * 5
    assert strata["numerator"].sum() == drawn.table["smokers"].sum()
    assert strata["numerator"].isna().sum() == 2 * 3 * 5
    assert len(observations.gaps) == sum(len(months) for months in drawn.truth["dropouts"].values())


@pytest.mark.parametrize("dimension", ["ethnic-group-by-core20", "ethnic-group"])
def test_a_staggered_panel_loads_by_its_cross_classification_or_by_a_part(
    root: Path, evaluation: Make, dimension: str
) -> None:
    drawn = staggered_panel(
        7, replace(CONTINUITY, periods=40), flaws=Flaws(recording=Recording(0.9))
    )
    write_synthetic(root / "data", "continuity", drawn)
    levels, missing = drawn.truth["levels"], drawn.truth["missing_levels"]
    dimensions = {dimension: "ethnic_group_by_core20"}
    if dimension == "ethnic-group":
        levels, missing = list(ETHNIC_GROUPS.levels), ["Not known"]
        dimensions = {dimension: "ethnic_group", "core20": "core20"}
    observations = load_observations(
        evaluation(
            equity={
                "dimension": dimension,
                "levels": levels,
                "ordered": False,
                "edition": "fictional",
                "missing_levels": missing,
            },
            design=comparative(drawn, "staggered-did", "trust"),
            frequency="month",
            path="data/continuity.csv",
            columns={"period": "month", "unit": "trust"},
            dimensions=dimensions,
            total=[],
            indicators={
                "continuity-received": {
                    "numerator": "women_with_continuity",
                    "denominator": ["women_reaching_29_weeks"],
                }
            },
        ),
        root,
    )
    strata = observations.strata("continuity-received", missing_levels=True)
    assert strata["numerator"].sum() == drawn.table["women_with_continuity"].sum()
    assert strata["stratum"].nunique() == len(levels) + len(missing)


def test_workforce_years_load_with_all_their_indicators(root: Path, evaluation: Make) -> None:
    drawn = workforce_years(7)
    write_synthetic(root / "data", "workforce", drawn)
    observations = load_observations(
        evaluation(
            equity={"dimension": "staff-ethnicity", "levels": ["BME", "White"], "ordered": False},
            design=comparative(drawn, "did", "trust"),
            path="data/workforce.csv",
            columns={"period": "year", "unit": "trust"},
            dimensions={"staff-ethnicity": "staff_ethnicity"},
            total=[],
            indicators={
                "wres-2": {"numerator": "appointed", "denominator": ["shortlisted"]},
                "wres-6": {"numerator": "abused_by_staff", "denominator": ["respondents"]},
            },
        ),
        root,
    )
    assert observations.indicators == ("wres-2", "wres-6")
    assert len(observations.strata("wres-6")) == 20 * 7 * 2


def test_the_sources_of_an_audit_load_together(root: Path, evaluation: Make) -> None:
    drawn = audit_sources(7)
    write_synthetic(root / "data", "audit", drawn)
    names = ["audit", "audit-provider", "audit-council", "audit-voluntary-sector"]
    first, *others = ({"id": name, "path": f"data/{name}.csv"} for name in names)
    coding = {
        "id": "coding",
        "path": "data/audit-ethnic-coding.csv",
        "dimensions": {},
        "indicators": {
            "valid-ethnic-category": {
                "numerator": "valid_ethnic_category",
                "denominator": ["records"],
            }
        },
    }
    observations = load_observations(
        evaluation(
            *others,
            coding,
            equity={
                "dimension": "ethnic-group",
                "levels": list(ETHNIC_GROUPS.levels),
                "ordered": False,
                "missing_levels": ["Not known"],
            },
            design={
                "type": "audit",
                "unit": "Trust",
                "place": drawn.truth["place"],
                "reference_source": "audit",
                "sources": [
                    {"source": name, "kind": kind}
                    for name, kind in zip(
                        names, ("national", "provider", "council", "voluntary-sector"), strict=True
                    )
                ],
            },
            frequency="quarter",
            columns={"period": "quarter", "unit": "reported_by"},
            dimensions={"ethnic-group": "ethnic_group"},
            total=[],
            indicators={
                "booking-by-10-weeks": {
                    "numerator": "early_bookings",
                    "denominator": ["bookings"],
                }
            },
            **first,
        ),
        root,
    )
    assert len(observations.units) == 3 + 3 + 1 + 1
    assert {gap.unit for gap in observations.gaps if "national" in gap.unit}
    completeness = observations.overall("valid-ethnic-category")["rate"].dropna()
    assert completeness.between(80, 100).all()


def test_units_are_fictional_and_told_apart() -> None:
    drawn = did_panel(1, replace(SMOKING, periods=2), units=220, treated=1, start="2020-02")
    names = drawn.expected["unit"].unique()
    assert len(names) == 220
    assert all(name.endswith(" LMNS") for name in names)
