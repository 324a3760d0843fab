"""Every field of a parameters file that bears on a comparison changes something or is refused.

The same table as `test_series` has for a single series, for the designs that compare units.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from comparisons import write_comparison
from evaluations import Blocks, read

from equieval.errors import DesignError
from equieval.protocol.design import (
    ControlledInterruptedTimeSeries,
    DifferenceInDifferences,
    Robustness,
    StaggeredDifferenceInDifferences,
    SyntheticDifferenceInDifferences,
)
from equieval.protocol.outcomes import Primary
from equieval.study.designs import study_of

Change = Callable[[Blocks], object]
INEQUALITY, ROBUSTNESS, EFFECT = "inequality-effect", "robustness", "effect"
DID, STAGGERED, SYNTHETIC, CONTROLLED = "did", "staggered-did", "synthetic-did", "controlled-its"


def setting(*pairs: tuple[str, Any]) -> Change:
    """Set keys, by their dotted paths."""

    def change(blocks: Blocks) -> None:
        for path, value in pairs:
            *above, key = path.split(".")
            inner = blocks
            for name in above:
                inner = inner[name]
            inner[key] = value

    return change


def one(path: str, value: Any) -> Change:
    return setting((path, value))


def left_out(side: str) -> Change:
    """Leave the last unit of a side out, with a reason."""

    def change(blocks: Blocks) -> None:
        units = blocks["design"][side]
        unit = units.popitem()[0] if isinstance(units, dict) else units.pop()
        blocks["design"]["exclusions"] = [
            {"unit": unit, "reason": "It lies next to a treated one."}
        ]

    return change


def without_a(side: str) -> Change:
    return lambda blocks: blocks["design"][side].pop()


def joining_later(blocks: Blocks) -> None:
    unit = next(iter(blocks["design"]["adoption"]))
    blocks["design"]["adoption"][unit] = "2022-Q4"


BOOKING = "booking-by-10-weeks"


def with_booking(blocks: Blocks) -> None:
    """Let the source give a second indicator: the smokers' columns, which serve as well."""
    blocks["data"]["sources"][0]["indicators"][BOOKING] = {
        "numerator": ["smokers"], "denominator": ["women_status_known"],
    }  # fmt: skip


def adjusting(*covariates: str) -> Change:
    def change(blocks: Blocks) -> None:
        with_booking(blocks)
        blocks["design"]["covariates"] = list(covariates)

    return change


def unranked(blocks: Blocks) -> None:
    """Take the fifths for groups without a rank; the third is the one that others meet."""
    blocks["equity"] = {
        "dimension": "ethnic-group", "levels": ["1", "2", "3", "4", "5"], "ordered": False,
        "measures": ["gap"],
    }  # fmt: skip
    blocks["data"]["sources"][0]["dimensions"] = {"ethnic-group": "imd_quintile"}
    blocks["outcomes"]["primary"] |= {"measure": "gap", "reference_group": "3"}


def with_control_outcome(blocks: Blocks) -> None:
    """Take the same counts for an outcome that the intervention cannot move."""
    indicators = blocks["data"]["sources"][0]["indicators"]
    indicators["smoking-at-booking"] = dict(indicators["smoking-at-delivery"])
    blocks["robustness"]["control_outcomes"] = [
        {"indicator": "smoking-at-booking", "because": "It is over before the pathway begins."}
    ]


SUSTAINED = setting(("robustness.sustained_at", [6, 12]), ("robustness.retention_margin", 0.5))
Changed = dict[str, tuple[str, Change]]
SHARED: Changed = {
    "design.first_period": (INEQUALITY, one("design.first_period", "2020-Q3")),
    "design.last_period": (INEQUALITY, one("design.last_period", "2023-Q3")),
    "design.exclude_periods": (INEQUALITY, one("design.exclude_periods", ["2022-Q3"])),
    "design.anticipation": (INEQUALITY, one("design.anticipation", 1)),
    "design.exclusions": (INEQUALITY, left_out("controls")),
}  # fmt: skip
CHANGES: dict[str, Changed] = {
    DID: SHARED | {
        "outcomes.primary.measure": (INEQUALITY, one("outcomes.primary.measure", "gap")),
        "outcomes.primary.horizon": (INEQUALITY, one("outcomes.primary.horizon", "2022-Q4")),
        "outcomes.primary.weighting": (INEQUALITY, one("outcomes.primary.weighting", "equal")),
        "outcomes.primary.reference_group": (INEQUALITY, unranked),
        "design.start": (INEQUALITY, one("design.start", "2021-Q4")),
        "design.treated": (INEQUALITY, left_out("treated")),
        "robustness.placebo_starts": (ROBUSTNESS, one("robustness.placebo_starts", ["2021-Q2"])),
        "robustness.alternative_starts": (
            ROBUSTNESS, one("robustness.alternative_starts", ["2022-Q2"]),
        ),
        "robustness.control_outcomes": (ROBUSTNESS, with_control_outcome),
        "robustness.placebo_groups": (
            ROBUSTNESS,
            one(
                "robustness.placebo_groups",
                [{"name": "Spared", "levels": ["5"], "because": "Nobody served them."}],
            ),
        ),
        "robustness.leave_one_out": (ROBUSTNESS, one("robustness.leave_one_out", True)),
        "robustness.exclude_periods": (
            ROBUSTNESS, one("robustness.exclude_periods", [["2022-Q1", "2022-Q2"]]),
        ),
        "robustness.sustained_at, retention_margin": (INEQUALITY, SUSTAINED),
    },
    STAGGERED: SHARED | {
        "design.adoption": (INEQUALITY, joining_later),
        "design.control_group": (INEQUALITY, one("design.control_group", "never-treated")),
        "outcomes.primary.weighting": (
            INEQUALITY, one("outcomes.primary.weighting", "fixed-shares"),
        ),
    },
    SYNTHETIC: SHARED | {"design.start": (INEQUALITY, one("design.start", "2022-Q2"))},
    CONTROLLED: {
        "design.controls": (INEQUALITY, left_out("controls")),
        "design.treated": (INEQUALITY, left_out("treated")),
        "design.exclusions": (INEQUALITY, left_out("controls")),
        "design.start": (INEQUALITY, one("design.start", "2021-Q4")),
        "robustness.newey_west_lag": (EFFECT, one("robustness.newey_west_lag", 5)),
    },
}  # fmt: skip
Refusals = dict[str, list[tuple[str, Change, str]]]
EVERYWHERE: list[tuple[str, Change, str]] = [
    ("design.cluster", one("design.cluster", "region"), "which LMNS is in which 'region'"),
    ("design.covariates", adjusting("neonatal-mortality"), "no indicator 'neonatal-mortality'"),
    ("design.covariates", adjusting(BOOKING, BOOKING), f"'{BOOKING}' is named twice"),
    ("design.covariates", adjusting("smoking-at-delivery"), "regression to the mean"),
    ("design.covariates", adjusting(BOOKING), "carry none"),
    (
        "robustness.newey_west_lag", one("robustness.newey_west_lag", 2),
        "has no Newey–West row",
    ),
    (
        "outcomes.primary.reference_group", one("outcomes.primary.reference_group", "5"),
        "reference_group '5' is not used",
    ),
    (
        "outcomes.primary.horizon", one("outcomes.primary.horizon", "2024-Q3"),
        "2024-Q3 lies outside the data (2020-Q1 to 2023-Q4)",
    ),
    ("design.first_period", one("design.first_period", "2018-Q1"), "2018-Q1 lies outside"),
    ("design.last_period", one("design.last_period", "2026-Q1"), "2026-Q1 lies outside"),
    ("design.exclude_periods", one("design.exclude_periods", ["2019-Q1"]), "2019-Q1 lies outside"),
    (
        "robustness.placebo_starts", one("robustness.placebo_starts", ["2020-Q1"]),
        "nothing comes before 2020-Q1",
    ),
    (
        "robustness.exclude_periods", one("robustness.exclude_periods", [["2030-Q1"]]),
        "2030-Q1 lies outside",
    ),
]  # fmt: skip
REFUSED: Refusals = {
    DID: [
        *EVERYWHERE,
        (
            "outcomes.primary.weighting", one("outcomes.primary.weighting", "denominator"),
            "keep the shares that they had before the start",
        ),
        (
            "outcomes.primary.measure",
            setting(("outcomes.primary.measure", "rii"), ("outcomes.primary.scale", "relative")),
            "'rii' has no interval",
        ),
        ("design.start",
            setting(("design.start", "2020-Q1"), ("robustness.placebo_starts", [])),
            "treated from the first period on",),
        (
            "robustness.alternative_starts", one("robustness.alternative_starts", ["2023-Q3"]),
            "comes after the horizon (2023-Q2)",
        ),
    ],
    STAGGERED: [
        (
            "outcomes.primary.weighting", one("outcomes.primary.weighting", "denominator"),
            "could move with the intervention",
        ),
        ("design.covariates", adjusting(BOOKING), "carry none"),
        (
            "robustness.alternative_starts", one("robustness.alternative_starts", ["2022-Q3"]),
            "no one other start",
        ),
    ],
    SYNTHETIC: [
        (
            "outcomes.primary.weighting", one("outcomes.primary.weighting", "denominator"),
            "could move with the intervention",
        ),
        ("design.covariates", adjusting(BOOKING), "already follow the course of the treated"),
    ],
    CONTROLLED: [
        ("design.controls", without_a("controls"), "units that the design does not name"),
        (
            "outcomes.primary.weighting", one("outcomes.primary.weighting", "fixed-shares"),
            "'fixed-shares' is not fitted",
        ),
    ],
}  # fmt: skip
# Said in the report, without bearing on a number; and a scale that follows from the measure.
IN_WORDS = {"design.type", "design.unit", "design.selection", "outcomes.primary.scale",
            "outcomes.primary.indicator"}  # fmt: skip
# The protocol refuses missing_plausibility where nobody's group is missing; the sensitivity
# analysis takes `honest` (below). A controlled series has the other fields of a single one
# (`test_series`), and its units are named on both sides.
ELSEWHERE = {"robustness.missing_plausibility", "robustness.honest"}
LIKE_A_SERIES = {
    "design.first_period", "design.last_period", "design.exclude_periods", "design.impact",
    "design.lag", "design.phase_in", "design.other_interruptions", "design.seasonality",
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("comparisons")


def estimates_of(root: Path, kind: str, page: str, change: Change | None = None) -> pd.DataFrame:
    path, _ = write_comparison(root, "changed", change, kind=kind)
    evaluation, observations = read(root, path)
    found = study_of(kind).analysts[page](evaluation, observations).estimates
    return found.drop(columns=["page"])


@pytest.fixture(scope="module")
def unchanged(root: Path) -> Callable[[str, str], pd.DataFrame]:
    known: dict[tuple[str, str], pd.DataFrame] = {}

    def estimates(kind: str, page: str) -> pd.DataFrame:
        if (kind, page) not in known:
            known[kind, page] = estimates_of(root, kind, page)
        return known[kind, page]

    return estimates


@pytest.mark.parametrize(
    ("kind", "key"), [(kind, key) for kind, changes in CHANGES.items() for key in changes]
)
def test_a_field_that_is_accepted_changes_the_estimates(
    root: Path, unchanged: Callable[[str, str], pd.DataFrame], kind: str, key: str
) -> None:
    page, change = CHANGES[kind][key]
    changed = estimates_of(root, kind, page, change)
    assert not changed.equals(unchanged(kind, page))


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [(kind, refusal) for kind, refusals in REFUSED.items() for refusal in refusals],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_value_that_cannot_be_honoured_is_refused_by_the_name_of_its_key(
    root: Path, kind: str, refusal: tuple[str, Change, str]
) -> None:
    key, change, told = refusal
    path, _ = write_comparison(root, "refused", change, kind=kind)
    evaluation, observations = read(root, path)
    with pytest.raises(DesignError) as found:
        study_of(kind).analysts[INEQUALITY](evaluation, observations)
    assert told in found.value.what
    assert found.value.where == key
    assert found.value.remedy


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        (DID, DifferenceInDifferences),
        (STAGGERED, StaggeredDifferenceInDifferences),
        (SYNTHETIC, SyntheticDifferenceInDifferences),
        (CONTROLLED, ControlledInterruptedTimeSeries),
    ],
)
def test_no_field_of_the_schema_is_left_without_a_test_here(kind: str, model: Any) -> None:
    fields = {f"design.{name}" for name in model.model_fields}
    covered = {*CHANGES[kind], *(key for key, _, _ in REFUSED[kind]), *IN_WORDS}
    if kind == CONTROLLED:
        covered |= LIKE_A_SERIES
    else:
        # Leaving a control out is done by naming it among the exclusions: both lists change.
        covered |= {key for key, _, _ in EVERYWHERE} | {"design.controls"}
    if kind == SYNTHETIC:
        covered |= {"design.treated"}  # of the same field as in a comparison with one start
    assert fields - covered == set()
    if kind == DID:
        blocks = {"outcomes.primary": Primary, "robustness": Robustness}
        rest = {f"{name}.{field}" for name, block in blocks.items() for field in block.model_fields}
        covered |= {"robustness.sustained_at", "robustness.retention_margin", *ELSEWHERE}
        assert rest - covered == set()


def test_the_bounds_that_the_protocol_names_are_those_of_the_sensitivity_analysis(
    root: Path,
) -> None:
    change = one("robustness.honest", {"relative_magnitudes": [0.25, 0.75]})
    path, _ = write_comparison(root, "honest", change)
    evaluation, observations = read(root, path)
    found = study_of(DID).analysts[ROBUSTNESS](evaluation, observations)
    assert found.frame("relative-magnitudes")["bound"].tolist() == [0.0, 0.25, 0.75]


def test_a_month_at_which_no_block_of_the_event_study_ends_is_refused(root: Path) -> None:
    """Sixteen quarters of sixteen units are joined to half-years: none ends at 9 months."""
    months = setting(("robustness.sustained_at", [6, 9]), ("robustness.retention_margin", 0.5))
    path, _ = write_comparison(root, "months", months)
    with pytest.raises(DesignError, match="9 months after the start no half-year") as found:
        study_of(DID).analysts[INEQUALITY](*read(root, path))
    assert found.value.where == "robustness.sustained_at"
