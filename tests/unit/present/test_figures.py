"""What figures say: titles and alternative text follow from the numbers drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from equieval.errors import InputError
from equieval.present import figures
from equieval.present.artefact import Picture

from .conftest import UNIT

RATE = {"outcome": "stillbirth rate", "unit": UNIT}
START = {"start": "2016", "intervention": "Care bundle"}


def _series(data: pd.DataFrame, **words: object) -> Picture:
    return figures.counterfactual_series(data, **{**RATE, **START, **words})  # type: ignore[arg-type]


def test_the_counterfactual_is_told_at_the_horizon(series: pd.DataFrame) -> None:
    picture = _series(series, horizon="2022")
    # R, nlme::gls REML AR(1): 5.103266 - 0.146332 * 12 = 3.347; + 0.036650 + 0.090732 * 6 = 3.928
    assert "In 2022 the fitted line stands at 3.93" in picture.alt
    assert "carried forward gives 3.35 (95% interval 2.35 to 4.35)" in picture.alt
    assert "a difference of +0.58 (worse)" in picture.alt
    assert "within the range that the earlier trend would give" in picture.title
    assert "5.08 stillbirths per 1,000 births in 2010" in picture.alt


def test_the_opposite_series_gets_the_opposite_words(series: pd.DataFrame) -> None:
    tight = series.assign(
        ci_low=series["counterfactual"] - 0.1, ci_high=series["counterfactual"] + 0.1
    )
    above = _series(tight, horizon="2022")
    assert "above what the earlier trend would give: 3.93 against 3.35" in above.title
    turned = tight.assign(fitted=2 * tight["counterfactual"] - tight["fitted"])
    below = _series(turned, horizon="2022")
    assert "below what the earlier trend would give" in below.title
    assert "−0.58 (better)" in below.alt
    assert "−0.58 (worse)" in _series(turned, horizon="2022", polarity="high").alt


def test_one_changed_count_changes_picture_and_words(series: pd.DataFrame) -> None:
    changed = series.copy()
    changed.loc[13, "observed"] += 0.1
    before, after = _series(series), _series(changed)
    assert before.alt != after.alt
    assert figures.svg_bytes(before.figure) != figures.svg_bytes(after.figure)


def test_missing_points_are_gaps_and_are_named(series: pd.DataFrame) -> None:
    with_gap = series.drop(index=3)
    picture = _series(with_gap)
    assert "1 year has no observed value." in picture.alt
    drawn = [
        line.get_ydata() for line in picture.figure.axes[0].lines if len(line.get_xdata()) == 14
    ]
    assert any(np.isnan(np.asarray(y, dtype=float)[3]) for y in drawn)


def test_a_runaway_interval_does_not_flatten_the_series(series: pd.DataFrame) -> None:
    wild = series.assign(ci_low=-400.0, ci_high=400.0)
    picture = _series(wild)
    assert picture.figure.axes[0].get_ylim()[1] < 15
    assert picture.figure.axes[0].get_ylim()[0] == 0
    assert any("goes on beyond the axis" in text.get_text() for text in picture.figure.texts)


def test_rates_by_group_count_the_years_and_name_the_ends(by_group: pd.DataFrame) -> None:
    levels = ["1", "5", "10"]
    picture = figures.rates_by_group(by_group, levels=levels, **RATE)
    assert (
        "higher in the most deprived decile than in the least deprived decile in every one of "
        "4 years: 5.04 against 3.69 stillbirths per 1,000 births in 2022" in picture.title
    )
    turned = figures.rates_by_group(by_group, levels=levels[::-1], **RATE)
    assert "lower in the most deprived decile" in turned.title
    labels = [text.get_text().replace("\xa0", " ") for text in picture.figure.texts]
    assert {"Most deprived\n(decile 1)", "Least deprived\n(decile 10)"} <= set(labels)


def test_groups_absent_from_the_data_are_refused_by_name(by_group: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="at least two"):
        figures.rates_by_group(by_group, levels=["Q1", "Q5"], **RATE)


def test_the_equiplot_tells_the_published_gap(by_group: pd.DataFrame) -> None:
    picture = figures.equiplot(by_group, levels=["1", "5", "10"], **RATE)
    # published gap, decile 1 minus 10: 2.2740 in 2010 and 1.3581 in 2022
    assert "2.27 stillbirths per 1,000 births above" in picture.title
    assert "and 1.36 above in 2022" in picture.title


def test_long_series_are_thinned_and_the_reader_is_told(by_group: pd.DataFrame) -> None:
    months = pd.period_range("2019-01", periods=40, freq="M")
    long = pd.concat([by_group.iloc[[0, 2]].assign(period=month) for month in months])
    picture = figures.equiplot(long, **RATE)
    assert "every 3 months" in picture.subtitle
    assert picture.data["period"].nunique() == 14
    assert picture.data["period"].iloc[-1] == "2022-04"


def test_the_gap_series_compares_first_and_last(gaps: pd.DataFrame) -> None:
    words = {"measure": "slope index of inequality", "unit": UNIT}
    picture = figures.gap_series(gaps, **words)
    assert "was 2.80 in 2010 and 2.64 in 2023, no clear difference" in picture.title
    apart = figures.gap_series(gaps.iloc[[1, 2]], **words)
    assert "The gap was narrower in 2022 than in 2019" in apart.title
    turned = apart.data.assign(period=["2019", "2022"][::-1])
    assert "The gap was wider in 2022 than in 2019" in figures.gap_series(turned, **words).title


def test_overlapping_intervals_do_not_hide_a_difference() -> None:
    """England's neonatal mortality, 2010 and 2022 (ONS; SII on deciles): they overlap, and differ.

    The difference is 0.77; its standard error from both binomial ones is sqrt(0.225² + 0.253²).
    """
    ends = pd.DataFrame(
        {"period": ["2010", "2022"], "estimate": [2.14, 2.91], "ci_low": [1.70, 2.41],
         "ci_high": [2.58, 3.40]}
    )  # fmt: skip
    words = {"measure": "slope index of inequality", "unit": UNIT}
    assert "The gap was wider in 2022 than in 2010" in figures.gap_series(ends, **words).title
    nearer = ends.assign(estimate=[2.34, 2.91], ci_low=[1.90, 2.41], ci_high=[2.78, 3.40])
    assert figures.gap_series(nearer, **words).title.endswith("no clear difference")


def test_the_fitted_line_is_read_at_both_ends_of_the_scale() -> None:
    data = pd.DataFrame(
        {
            "stratum": ["", "1", "10", ""],
            "ridit": [0, 0.1, 0.9, 1],
            "rate": [np.nan, 5.04, 3.69, np.nan],
            "fitted": [4.88, 4.7, 3.2, 2.98],
        }
    )
    picture = figures.sii_fit(data, period="2022", **RATE)
    assert "fell from 4.88 to 2.98 in 2022" in picture.title
    assert f"slope index of inequality of 1.90 {UNIT}" in picture.alt
    turned = figures.sii_fit(data.assign(fitted=data["fitted"][::-1].to_numpy()), **RATE)
    assert "rose from 2.98 to 4.88" in turned.title


def test_groups_with_names_are_not_called_deprived_on_the_fitted_line() -> None:
    data = pd.DataFrame(
        {
            "stratum": ["", "Inclusion-health groups", "Rest", ""],
            "ridit": [0, 0.1, 0.6, 1],
            "rate": [np.nan, 36.0, 65.0, np.nan],
            "fitted": [46.0, 50.0, 65.0, 77.0],
        }
    )
    picture = figures.sii_fit(data, group="", **RATE)
    assert picture.title.startswith("From the most disadvantaged to the least disadvantaged")
    drawn = " ".join(text.get_text() for text in picture.figure.findobj(Text))
    assert "Each group" in drawn
    assert "depriv" not in " ".join([drawn, picture.title, picture.subtitle, picture.alt]).lower()


@pytest.fixture
def estimators() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["REML with AR(1) errors", "Ordinary least squares", "Newey–West"],
            "estimate": [0.037, -0.100, -0.1],
            "ci_low": [-0.45, -0.47, -0.4],
            "ci_high": [0.52, 0.27, 0.2],
            "df": [7.4, 10.0, np.inf],
            "primary": [True, False, False],
        }
    )


FOREST = {"quantity": "level change in 2016", "unit": UNIT, "rows": "estimators"}


def test_estimators_that_disagree_are_said_to(estimators: pd.DataFrame) -> None:
    picture = figures.forest(estimators, **FOREST)
    assert "None of the 3 estimators shows a clear level change in 2016" in picture.title
    assert "they differ in direction" in picture.title
    assert "REML with AR(1) errors: 0.04, −0.45 to 0.52; df 7.4." in picture.alt


def test_estimators_that_agree_are_said_to(estimators: pd.DataFrame) -> None:
    clear = estimators.assign(estimate=-0.5, ci_low=-0.9, ci_high=-0.1)
    words = {**FOREST, "below": "a lower rate", "above": "a higher rate"}
    assert figures.forest(clear, **words).title.startswith("All 3 estimators show a lower rate")
    turned = clear.assign(estimate=0.5, ci_low=0.1, ci_high=0.9)
    assert figures.forest(turned, **words).title.startswith("All 3 estimators show a higher rate")
    mixed = pd.concat([clear.iloc[:1], turned.iloc[:2]])
    assert "contradict each other: 2 of 3 show a higher" in figures.forest(mixed, **words).title


def test_the_note_says_what_the_lines_are(estimators: pd.DataFrame) -> None:
    rows = estimators.drop(columns="df")
    assert figures.forest(rows, **FOREST).note == "Lines are 95% intervals."
    alone = figures.forest(rows.assign(bounds=True), **FOREST)
    assert alone.note.startswith("Dashed lines are bounds.")
    assert "interval" not in alone.note
    mixed = figures.forest(rows.assign(bounds=[False, True, True]), **FOREST)
    assert mixed.note.startswith("Solid lines are 95% intervals, dashed lines bounds.")
    assert "have an interval, or bounds, that leave out no difference" in mixed.alt
    styles = [lines.get_linestyle()[0][1] for lines in mixed.figure.axes[0].collections]
    drawn = [len(lines.get_segments()) for lines in mixed.figure.axes[0].collections]
    assert dict(zip([style is None for style in styles], drawn, strict=True)) == {True: 1, False: 2}
    blank = rows.assign(ci_low=np.nan, ci_high=np.nan)
    assert figures.forest(blank, **FOREST).note == "No row has an interval."


def test_rows_without_an_estimate_are_counted_in_the_title(estimators: pd.DataFrame) -> None:
    words = {**FOREST, "below": "a lower rate", "above": "a higher rate"}
    clear = estimators.assign(estimate=-0.5, ci_low=-0.9, ci_high=-0.1)
    clear.loc[2, ["estimate", "ci_low", "ci_high"]] = np.nan
    title = figures.forest(clear, **words).title
    assert title == "2 of 3 estimators show a lower rate; 1 gives no estimate"
    clear.loc[1, "ci_high"] = 0.1
    title = figures.forest(clear, **words).title
    assert title == "1 of 3 estimators shows a lower rate; 1 is unclear; 1 gives no estimate"
    clear.loc[0, "ci_high"] = 0.1
    picture = figures.forest(clear, **words)
    assert picture.title == (
        "None of the 3 estimators shows a clear level change in 2016; 1 gives no estimate"
    )
    assert "1 of 3 estimators gives no estimate" in picture.alt


def test_a_row_without_estimate_or_interval_says_so(estimators: pd.DataFrame) -> None:
    holes = estimators.copy()
    holes.loc[1, "estimate"] = np.nan
    holes.loc[2, "ci_low"] = np.nan
    alt = figures.forest(holes, **FOREST).alt
    assert "Ordinary least squares: not available." in alt
    assert "Newey–West: −0.10, no interval" in alt


def test_a_runaway_interval_is_cut_and_marked(estimators: pd.DataFrame) -> None:
    wild = estimators.copy()
    wild.loc[0, ["ci_low", "ci_high"]] = [-300.0, 300.0]
    picture = figures.forest(wild, **FOREST)
    assert picture.figure.axes[0].get_xlim()[1] < 5
    assert any("An arrow marks an interval" in text.get_text() for text in picture.figure.texts)
    assert "−300.00 to 300.00" in picture.alt


def test_several_starts_are_marked_from_the_first_to_the_last(by_group: pd.DataFrame) -> None:
    years = sorted(by_group["period"].unique())
    words = {"levels": ["1", "5", "10"], **RATE, "start": str(years[1])}

    def marked(picture: Picture) -> tuple[list[float], list[str]]:
        ax = picture.figure.axes[0]
        ends = [line.get_xdata()[0] for line in ax.lines if list(line.get_ydata()) == [0, 1]]
        return sorted({float(end) for end in ends}), [t.get_text() for t in picture.figure.texts]

    one, texts = marked(figures.rates_by_group(by_group, **words))
    assert len(one) == 1
    assert f"From {years[1]}" in texts
    both, texts = marked(figures.rates_by_group(by_group, **words, last_start=str(years[-1])))
    assert both == [one[0], pd.Period(str(years[-1]), "Y").ordinal - 0.5]
    assert f"Starts from {years[1]} to {years[-1]}" in texts


def test_completeness_is_told_by_hatch_as_well_as_colour() -> None:
    data = pd.DataFrame(
        [(d, y, int(y != "2023")) for d in ("1", "2") for y in ("2021", "2022", "2023")],
        columns=["stratum", "period", "recorded"],
    )
    picture = figures.completeness_heatmap(data, item="neonatal mortality rate")
    assert "recorded for every decile except in 2023, where it is missing" in picture.title
    hatched = [patch for patch in picture.figure.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == 2
    full = figures.completeness_heatmap(data.assign(recorded=1), item="stillbirth rate")
    assert full.title == "The stillbirth rate is recorded for every decile in every year"
    with pytest.raises(InputError, match="two rows describe 1 in 2021"):
        figures.completeness_heatmap(pd.concat([data, data]), item="stillbirth rate")


def test_a_period_without_rows_counts_as_missing() -> None:
    data = pd.DataFrame({"stratum": "1", "period": ["2020", "2022"], "recorded": 1})
    title = figures.completeness_heatmap(data, item="stillbirth rate").title
    assert "except in 2021" in title


def test_autocorrelation_names_the_lags_beyond_chance() -> None:
    data = pd.DataFrame({"lag": [0, 1, 2], "acf": [1.0, 0.62, 0.1], "bound": 0.52})
    assert "beyond chance at lag 1 (0.62)" in figures.autocorrelation(data).title
    calm = figures.autocorrelation(data.assign(acf=[1.0, 0.2, 0.1]))
    assert calm.title.startswith("No autocorrelation of the residuals")


@pytest.fixture
def ends() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stratum": ["1", "10"],
            "counterfactual": [4.6, 2.9],
            "fitted": [4.1, 3.0],
            "estimate": [-0.5, 0.1],
            "ci_low": [-0.9, -0.3],
            "ci_high": [-0.1, 0.5],
        }
    )


def test_levelling_names_who_moved(ends: pd.DataFrame) -> None:
    up = figures.levelling(ends, horizon="2022", **RATE)
    assert "In 2022 the most deprived decile improved" in up.title
    assert "no clear change in the least deprived decile" in up.title
    turned = ends.assign(estimate=[0.5, 0.1], ci_low=[0.1, -0.3], ci_high=[0.9, 0.5])
    assert figures.levelling(turned, **RATE).title.startswith("The most deprived decile worsened")


HEADLINE = {**RATE, "measure": "slope index of inequality", "measure_unit": UNIT, "horizon": "2022"}


@pytest.fixture
def panels() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "panel": ["group", "group", "gap"],
            "label": ["All births", "Most deprived fifth", "Change in the slope index"],
            "estimate": [0.5, 0.7, -0.98],
            "ci_low": [0.1, 0.2, -1.6],
            "ci_high": [0.9, 1.2, -0.36],
            "df": [7.4, 6.1, 9.0],
            "primary": [1, 0, 1],
        }
    )


def test_the_headline_answers_for_outcome_and_gap(panels: pd.DataFrame) -> None:
    picture = figures.headline(panels, **HEADLINE)
    assert picture.title == (
        "In 2022 the stillbirth rate was worse than expected; the gap was narrower than expected"
    )
    turned = panels.assign(
        estimate=-panels["estimate"], ci_low=-panels["ci_high"], ci_high=-panels["ci_low"]
    )
    assert figures.headline(turned, **HEADLINE).title == (
        "In 2022 the stillbirth rate was better than expected; the gap was wider than expected"
    )
    unsure = figures.headline(panels, cannot_say=True, **HEADLINE)
    assert unsure.title == "These data cannot say whether the gap changed by 2022"


def test_a_frame_without_its_columns_is_refused_by_name(series: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="no column 'fitted'"):
        _series(series.drop(columns="fitted"))
    with pytest.raises(InputError, match="no rows"):
        _series(series.iloc[:0])


def test_the_frame_handed_in_is_left_as_it_was(series: pd.DataFrame) -> None:
    before = series.copy(deep=True)
    _series(series)
    pd.testing.assert_frame_equal(series, before)
