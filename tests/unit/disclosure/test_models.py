"""What estimates may rest on: the cells behind them and the freedom of their model.

The least residual degrees of freedom (10) and the dominance rules are the defaults of the ACRO
project's output checking: safe_dof_threshold 10, safe_nk_n 2, safe_nk_k 0.9, safe_pratio_p 0.1.
"""

import numpy as np
import pandas as pd
import pytest

from equieval.disclosure.dominance import Dominance, summed
from equieval.disclosure.models import CELL_COLUMNS, check_models, no_cells
from equieval.disclosure.profiles import PROFILES, profile
from equieval.errors import InputError

EXACT = profile("ons-births")


def estimates(*ids, value=1.5, n_events=400):
    return pd.DataFrame(
        [{"id": id, "page": "effect", "estimate": value, "n_events": n_events} for id in ids]
    )


def cells(*rows):
    return pd.DataFrame(
        [dict(zip(CELL_COLUMNS, ("a", *row), strict=True)) for row in rows], columns=CELL_COLUMNS
    )


def messages(table, behind, rules=EXACT):
    return [finding.message for finding in check_models(table, behind, rules)]


def test_an_estimate_of_large_cells_and_enough_freedom_passes():
    assert messages(estimates("a"), cells(("period", "2019", 2900, 44, 55.0))) == []


@pytest.mark.parametrize("kind", ["period", "group", "event-time", "cohort-time", "indicator"])
def test_under_exact_counts_no_estimate_rests_on_fewer_than_three_events(kind):
    rows = [(kind, "2019, 5", 300, 2, 55.0), (kind, "2019, 4", 300, 3, 55.0)]
    (message,) = messages(estimates("a"), cells(*rows))
    assert message == f"it rests on a cell of fewer than 3 events ({kind} 2019, 5)"


def test_a_model_with_hardly_more_observations_than_terms_is_refused():
    behind = cells(("period", "2019", 2900, 44, 9.0))
    (message,) = messages(estimates("a"), behind)
    assert "fewer than 10 residual degrees of freedom" in message
    measure = cells(("group", "2019, 5", 2900, 44, np.nan))
    assert messages(estimates("a"), measure) == []  # a measure has no model


def test_an_estimate_of_too_few_events_in_all_is_refused_whatever_its_cells():
    behind = cells(("period", "2019", 2900, 44, 55.0))
    assert messages(estimates("a", n_events=2), behind) == ["fewer than 3 events are behind it"]


def test_where_nothing_says_what_an_estimate_rests_on_it_is_refused():
    assert len(messages(estimates("a", "b"), cells(("period", "2019", 2900, 44, 55.0)))) == 1
    assert messages(estimates("a", value=np.nan), no_cells()) == []  # it shows nothing


def test_a_cell_whose_events_are_not_known_is_taken_for_a_small_one():
    assert messages(estimates("a"), cells(("period", "2019", 2900, np.nan, 55.0)))


@pytest.mark.parametrize("rules", PROFILES.values(), ids=lambda rules: rules.id)
def test_residuals_of_single_units_are_never_shown(rules):
    found = messages(estimates("a"), cells(("residual", "RA1", 600, 30, 55.0)), rules)
    assert ("it is a residual of one unit" in found) == (not rules.published_already)


def test_under_protected_counts_estimates_pass_without_cells():
    assert messages(estimates("a", "b"), no_cells(), profile("nhs-hes")) == []


@pytest.mark.parametrize("column", ["cohort", "event_time"])
def test_a_coefficient_with_a_cell_of_its_own_is_refused_where_nobody_says_which(column):
    table = estimates("a").assign(**{column: "3"})
    (message,) = messages(table, no_cells(), profile("nhs-msds"))
    assert "nothing says which cells are behind it" in message
    assert messages(table, no_cells(), profile("nhs-hes")) == []  # no rule for rates of few events


@pytest.mark.parametrize(("people", "events"), [(605, 27), (603, 25)])
def test_a_count_that_the_profile_cannot_show_proves_that_a_model_saw_exact_ones(people, events):
    behind = cells(("period", "2019", people, events, 55.0))
    found = messages(estimates("a"), behind, profile("nhs-hes"))
    assert found == ["it rests on counts that were not protected"]
    protected = cells(("period", "2019", 605, 25, 55.0))
    assert messages(estimates("a"), protected, profile("nhs-hes")) == []


def test_a_coefficient_that_is_a_rate_follows_the_rule_for_rates():
    """NHS MSDS shows no rate per 1,000 of fewer than 8 events; 5 stands for 1 to 7."""
    mean, smooth = (cells((kind, "2", 605, 5, 55.0)) for kind in ("event-time", "period"))
    found = messages(estimates("a"), mean, profile("nhs-msds"))
    assert found == ["it rests on a cell of fewer than 8 events (event-time 2)"]
    assert messages(estimates("a"), smooth, profile("nhs-msds")) == []


def test_a_kind_of_cell_that_no_rule_judges_is_refused():
    with pytest.raises(InputError, match="'century' is no kind of cell"):
        check_models(estimates("a"), cells(("century", "20", 1, 1, 1.0)), EXACT)
    with pytest.raises(InputError, match="no column 'events'"):
        check_models(estimates("a"), no_cells().drop(columns="events"), EXACT)


AMOUNTS = pd.DataFrame(
    [
        ("North", unit, amount)
        for unit, amount in {"RA1": 80.0, "RA2": 15.0, "RA3": 3.0, "RA4": 2.0}.items()
    ]
    + [("South", f"RB{n}", 25.0) for n in range(4)],
    columns=["region", "unit", "bed_days"],
)


def test_an_amount_that_two_units_make_up_is_dominated():
    found = summed(AMOUNTS, ["region"], "bed_days").set_index("region")
    assert found.loc["North"].tolist() == [100.0, 80.0, 15.0]
    dominated = Dominance().dominated(found["sum"], found["largest"], found["second"])
    assert dominated.tolist() == [True, False]  # 95 of 100; 50 of 100


def test_the_second_largest_could_estimate_the_largest_where_the_others_are_few():
    """100 = 60 + 35 + 5: 5 is under a tenth of 60; 100 = 60 + 29 + 11 is not."""
    rule = Dominance(share=2.0)
    of = [pd.Series(v) for v in ([100.0, 100.0], [60.0, 60.0], [35.0, 29.0])]
    assert rule.dominated(*of).tolist() == [True, False]


@pytest.mark.parametrize("profile_id", [name for name in PROFILES if name != "open-data"])
def test_dominated_amounts_are_withheld_and_contributions_never_shown(profile_id):
    frame = summed(AMOUNTS, ["region"], "bed_days")
    shown = profile(profile_id).accept(frame, where="page x, artefact 'y'")
    assert list(shown.data.columns) == ["region", "sum", "mark"]
    assert shown.data["sum"].isna().tolist() == [True, False]
    assert shown.withheld[["row", "mark"]].to_numpy().tolist() == [[0, "*"]]
    alone = profile(profile_id).accept(frame[["region", "sum"]], where="page x, artefact 'y'")
    assert alone.data["sum"].isna().all()  # nobody says who makes it up
