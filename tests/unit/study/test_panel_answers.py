"""What a comparison of units answers: its numbers, the interval that may stand, its direction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from comparisons import NARROWER, write_comparison
from evaluations import Blocks, Edit, read

from equieval.data import Observations
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.few_clusters import wild_bootstrap
from equieval.methods.inference import reassignment_interval
from equieval.methods.staggered import callaway_santanna
from equieval.methods.synthetic_inequality import placebo_synthetic_did
from equieval.protocol import Evaluation
from equieval.study.appraisal import Appraisal, judge
from equieval.study.beside import TOO_FEW
from equieval.study.comparison import PER_PERSON, PER_UNIT, compare
from equieval.study.designs import study_of
from equieval.study.headline import outcome_row, primary_row
from equieval.study.panel import measure_panel, panel_design, rate_panel

Read = tuple[Evaluation, Observations]
FEW: dict[str, Any] = {"units": 8, "treated": 2}
WIDER = {group: -change for group, change in NARROWER.items()}
SMOKING = "smoking-at-delivery"
DESIGNS = ("did", "staggered-did", "synthetic-did")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("answers")


def written(root: Path, edit: Edit | None = None, **words: Any) -> Read:
    return read(root, write_comparison(root, "answered", edit, **words)[0])


def estimates_of(found: Read, *pages: str) -> pd.DataFrame:
    analysts = study_of(found[0].design.type).analysts
    tables = [analysts[page](*found).estimates for page in pages or ("inequality-effect",)]
    return pd.concat(tables, ignore_index=True)


def judged(found: Read) -> Appraisal:
    return judge(*found, estimates_of(found, "effect", "inequality-effect", "robustness"))


@pytest.fixture(scope="module")
def few(root: Path) -> Read:
    """Two of eight units are treated: the treatment is reassigned, each unit counts the same."""
    return written(root, **FEW)


@pytest.fixture(scope="module", params=DESIGNS)
def each_design(request: pytest.FixtureRequest, root: Path) -> Read:
    return written(root, kind=request.param)


def made_up(units: int, treated: int, *, events: float = 100.0) -> pd.DataFrame:
    """A panel of four periods, the last two exposed in the first units."""
    random = np.random.default_rng(1)
    rows = pd.MultiIndex.from_product(
        [[f"u{number:02d}" for number in range(units)], range(4)], names=["unit", "period"]
    ).to_frame(index=False)
    rows["treated"] = (rows["unit"] < f"u{treated:02d}").astype(float)
    rows["exposed"] = rows["treated"] * (rows["period"] >= 2)
    rows["value"] = random.normal(10, 1, len(rows)) - rows["exposed"]
    rows["weight"] = random.uniform(500, 1500, len(rows))
    return rows.assign(numerator=events)


@pytest.mark.parametrize(
    ("units", "treated", "interval", "inference", "weighting"),
    [
        (44, 20, "clustered", "clustered by unit, t on clusters − 1", PER_PERSON),
        (16, 6, "wild-bootstrap", "wild cluster bootstrap, 999 draws", PER_PERSON),
        (16, 2, "reassignment", "reassignment of the treatment over the units", PER_UNIT),
        (5, 1, "none", "no interval", PER_UNIT),
    ],
)
def test_the_number_of_units_picks_the_interval_by_the_published_rule(
    units: int, treated: int, interval: str, inference: str, weighting: str
) -> None:
    found = compare(made_up(units, treated), draws=999)
    assert (found.interval, found.weighting) == (interval, weighting)
    assert found.inference.startswith(inference)
    assert f"{treated} " in found.reason
    assert np.isnan(found.effect.ci_low) == (interval == "none")
    assert np.isfinite(found.effect.estimate)


def test_too_few_events_allow_no_interval_however_many_units_there_are() -> None:
    found = compare(made_up(44, 20), n_events=150.0)
    assert found.interval == "none"
    assert found.reason == "150 events in 20 treated clusters are under 10 each"
    assert np.isnan([found.effect.ci_low, found.effect.p_value]).all()


def test_without_an_interval_the_verdict_is_cannot_say_for_the_rules_reason(root: Path) -> None:
    found = judged(written(root, units=5, treated=1))
    assert found.inequality.cannot_say
    assert found.outcome.cannot_say
    assert "no p value under 1/20 could ever come out" in found.inequality.reasons[0]
    assert np.isfinite(found.inequality.estimate["estimate"])


def test_the_effect_is_the_difference_of_two_differences_as_computed_by_hand(few: Read) -> None:
    """From the counts: means of units before and after, treated less comparison."""
    evaluation, observations = few
    counts = observations.table
    counts = counts[counts["period"] <= pd.Period("2023Q2")]
    sums = counts.groupby(["unit", "period"])[["numerator", "denominator"]].sum()
    rate = (100 * sums["numerator"] / sums["denominator"]).unstack("period")
    after = rate.columns >= pd.Period("2022Q1")
    change = rate.loc[:, after].mean(axis=1) - rate.loc[:, ~after].mean(axis=1)
    treated = change.index.isin(evaluation.design.treated)  # type: ignore[union-attr]
    expected = change[treated].mean() - change[~treated].mean()
    row = outcome_row(estimates_of(few, "effect"), SMOKING)
    assert row["estimate"] == pytest.approx(expected, abs=1e-10)
    assert (row["n_units"], row["n_treated_units"], row["n_obs"]) == (8, 2, 8 * 14)
    assert row["n_events"] == counts["numerator"].sum()


def test_the_weighted_effect_is_that_of_statsmodels_with_a_dummy_for_every_unit_and_period(
    root: Path,
) -> None:
    found = written(root)
    evaluation, observations = found
    rows = observations.overall(SMOKING)
    rows = rows[rows["period"] <= pd.Period("2023Q2")]
    treated = rows["unit"].isin(evaluation.design.treated)  # type: ignore[union-attr]
    rows = rows.assign(
        period=rows["period"].astype(str),
        exposed=(treated & (rows["period"] >= pd.Period("2022Q1"))).astype(float),
    )
    fit = smf.wls("rate ~ C(unit) + C(period) + exposed", rows, weights=rows["denominator"]).fit()
    row = outcome_row(estimates_of(found, "effect"), SMOKING)
    assert row["estimate"] == pytest.approx(fit.params["exposed"], abs=1e-8)
    assert row["weighting"] == PER_PERSON


def test_the_headline_numbers_are_those_of_the_methods_called_directly(
    each_design: Read,
) -> None:
    evaluation, observations = each_design
    design = panel_design(evaluation, observations).to_horizon()
    panel = measure_panel(evaluation, observations, "sii", design)
    row = primary_row(estimates_of(each_design))
    shown = [float(row[name]) for name in ("estimate", "ci_low", "ci_high")]
    kind = evaluation.design.type
    if kind == "did":
        effect = wild_bootstrap(panel, outcome="value", weights="weight").effect
        expected = [effect.estimate, effect.ci_low, effect.ci_high]
    elif kind == "staggered-did":
        found = callaway_santanna(panel, outcome="value", control_group="not-yet-treated")
        expected = [found.aggregate("simple").overall.estimate, *shown[1:]]
        assert shown[0] - shown[1] == pytest.approx(shown[2] - shown[0])
    else:
        expected = [placebo_synthetic_did(panel, outcome="value").estimate, *shown[1:]]
    assert shown == pytest.approx(expected, abs=1e-10)


def test_every_number_has_an_id_of_its_own_and_the_primary_estimand_is_there_once(
    each_design: Read,
) -> None:
    pages = ("baseline-inequality", "effect", "inequality-effect", "robustness")
    estimates = estimates_of(each_design, *pages)
    assert estimates["id"].is_unique
    assert (estimates["role"] == "primary").sum() == 1
    row = primary_row(estimates)
    assert (row["page"], row["horizon"]) == ("inequality-effect", "2023-Q2")
    assert row["estimand"] == "sii: average effect up to the horizon"
    estimated = estimates[estimates["estimate"].notna() & estimates["ci_low"].notna()]
    assert (estimated["ci_low"] <= estimated["estimate"]).all()
    assert (estimated["estimate"] <= estimated["ci_high"]).all()


@pytest.mark.parametrize(
    ("effect", "inequality", "outcome"),
    [(NARROWER, "narrowed", "improved"), (WIDER, "widened", "worsened")],
)
def test_opposite_effects_give_opposite_verdicts(
    root: Path, effect: dict[str, float], inequality: str, outcome: str
) -> None:
    found = judged(written(root, effect=effect))
    assert (found.inequality.verdict, found.outcome.verdict) == (inequality, outcome)
    assert found.certainty == "not-rated"  # synthetic data are no evidence


def test_no_effect_is_not_called_one(root: Path) -> None:
    found = judged(written(root, effect=dict.fromkeys(NARROWER, 0.0)))
    assert found.inequality.verdict == "no-clear-change"


def compared(estimates: pd.DataFrame) -> pd.DataFrame:
    columns = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "n_units", "note"]
    return estimates.set_index("id")[columns].sort_index()


def test_ten_times_as_many_births_with_the_same_rates_change_no_number(
    root: Path, few: Read
) -> None:
    def tenfold(table: pd.DataFrame) -> pd.DataFrame:
        counts = ["smokers", "women_status_known"]
        return table.assign(**{name: 10 * table[name] for name in counts})

    scaled = written(root, table=tenfold, **FEW)
    pd.testing.assert_frame_equal(
        compared(estimates_of(scaled)), compared(estimates_of(few)), check_dtype=False
    )


@pytest.mark.parametrize("kind", ["did", "staggered-did", "synthetic-did"])
def test_other_names_of_units_and_another_order_of_rows_change_no_number(
    root: Path, kind: str
) -> None:
    def name(unit: str) -> str:
        return f"{unit[::-1]} area"

    def renamed(blocks: Blocks) -> None:
        design = blocks["design"]
        design["controls"] = [name(unit) for unit in reversed(design["controls"])]
        if kind == "staggered-did":
            design["adoption"] = {name(unit): at for unit, at in design["adoption"].items()}
        else:
            design["treated"] = [name(unit) for unit in design["treated"]]

    def shuffled(table: pd.DataFrame) -> pd.DataFrame:
        other = table.assign(lmns=[name(unit) for unit in table["lmns"]])
        return other.sample(frac=1, random_state=4)

    words = FEW if kind == "did" else {}
    before = compared(estimates_of(written(root, kind=kind, **words)))
    after = compared(estimates_of(written(root, renamed, kind=kind, table=shuffled, **words)))
    pd.testing.assert_frame_equal(after, before, check_dtype=False, rtol=1e-6, atol=1e-8)


def test_an_outcome_that_should_be_high_gives_the_gap_of_those_who_lack_it(
    root: Path, few: Read
) -> None:
    """Who does not smoke, called early booking: low is bad there, and the gap the same."""

    def booking(blocks: Blocks) -> None:
        blocks["outcomes"]["primary"]["indicator"] = "booking-by-10-weeks"
        indicators = blocks["data"]["sources"][0]["indicators"]
        indicators["booking-by-10-weeks"] = indicators.pop(SMOKING)

    high, observations = written(root, booking, **FEW)
    table = observations.table
    others = replace(
        observations, table=table.assign(numerator=table["denominator"] - table["numerator"])
    )
    turned, row = primary_row(estimates_of((high, others))), primary_row(estimates_of(few))
    shown = (turned["estimate"], turned["ci_low"], turned["ci_high"])
    assert shown == pytest.approx((row["estimate"], row["ci_low"], row["ci_high"]))


def test_groups_without_a_rank_are_held_against_the_one_that_the_protocol_names(
    root: Path,
) -> None:
    """The gap is that of the first level against the reference: effects of groups subtract."""

    def unranked(blocks: Blocks) -> None:
        blocks["equity"] = {
            "dimension": "ethnic-group", "levels": ["1", "2", "3", "4", "5"], "ordered": False,
            "measures": ["gap"],
        }  # fmt: skip
        blocks["data"]["sources"][0]["dimensions"] = {"ethnic-group": "imd_quintile"}
        blocks["outcomes"]["primary"] |= {"measure": "gap", "reference_group": "3"}

    found = written(root, unranked, **FEW)
    estimates = estimates_of(found)
    groups = study_of("did").analysts["inequality-effect"](*found).frame("groups")
    by_group = groups.set_index("stratum")["estimate"]
    expected = by_group["1"] - by_group["3"]
    assert primary_row(estimates)["estimate"] == pytest.approx(expected, abs=1e-10)


def test_a_secondary_way_that_is_shown_never_takes_the_place_of_the_headline(few: Read) -> None:
    """Estimates stand beside the reassignment, without the intervals that two units cannot give."""
    evaluation, observations = few
    estimates = estimates_of(few, "effect")
    row = outcome_row(estimates, SMOKING)
    panel = rate_panel(observations, SMOKING, panel_design(evaluation, observations).to_horizon())
    alone = reassignment_interval(panel, outcome="value")
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((alone.ci_low, alone.ci_high))
    beside = estimates[estimates["estimator"] == "TWFE, unweighted"]
    direct = two_way_fixed_effects(panel, outcome="value").effect
    assert beside["role"].item() == "robustness"
    assert beside["estimate"].item() == pytest.approx(direct.estimate)
    by_unit = estimates["estimator"].str.contains("TWFE|Imputation")
    assert estimates.loc[by_unit, ["ci_low", "p_value"]].isna().all(axis=None)
    assert (estimates.loc[by_unit, "inference"] == TOO_FEW).all()
