"""Bounds, hierarchies and complementary suppression, against tables solved by hand.

The 3×3 table is the textbook case of secondary suppression (Willenborg & de Waal 2001,
Elements of Statistical Disclosure Control, ch. 5): one hidden cell follows from its row.
"""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from equieval.disclosure.bounds import Interval, Margins, Relation
from equieval.disclosure.complementary import Cells, complementary
from equieval.disclosure.hierarchy import Hierarchy, relations

FREE = np.inf


def crossed(inner):
    """Return the cells of a table with all its margins, and the sums between them."""
    rows, columns = inner.shape
    values = np.append(inner, inner.sum(0, keepdims=True), axis=0)
    values = np.append(values, values.sum(1, keepdims=True), axis=1)
    place = np.arange(values.size).reshape(values.shape)
    sums = [Relation(place[r, columns], tuple(place[r, :columns])) for r in range(rows + 1)]
    sums += [Relation(place[rows, c], tuple(place[:rows, c])) for c in range(columns + 1)]
    return values.ravel().astype(float), sums


def cells_of(values, threshold=7):
    small = (values > 0) & (values <= threshold)
    shown = Interval(np.where(small, 1.0, values), np.where(small, FREE, values))
    return Cells(
        known=shown,
        unknown=Interval(np.ones(len(values)), np.full(len(values), FREE)),
        required=np.where(small, float(threshold), 0.0),
        may_withhold=~small & (values > 0),
        cost=1 + np.log1p(values),
    )


def test_one_hidden_cell_follows_from_its_row():
    values, sums = crossed(np.array([[3, 20], [30, 40]]))
    cells = cells_of(values)
    found = Margins(values, sums).feasible(cells.known, [0])
    assert (found.low[0], found.high[0]) == (3, 3)


def test_four_hidden_corners_keep_each_other_safe():
    """20+x, y; z, w with fixed margins: x may fall to 1 and rise until a neighbour is used up."""
    values, sums = crossed(np.array([[3, 20], [30, 40]]))
    cells = cells_of(values)
    hidden = np.isin(np.arange(len(values)), [0, 1, 3, 4])
    known = Interval(np.where(hidden, 1.0, values), np.where(hidden, FREE, values))
    found = Margins(values, sums).feasible(known, [0])
    assert (found.low[0], found.high[0]) == (1, 22)  # row total 23, the neighbour at least 1
    suppression = complementary(Margins(values, sums), cells)
    assert suppression.withheld.sum() == 3  # the least that protects one cell of a crossed table


@settings(deadline=None, max_examples=25)
@given(
    inner=st.lists(
        st.lists(st.integers(0, 40), min_size=4, max_size=4), min_size=3, max_size=5
    ).map(np.array)
)
def test_after_suppression_every_small_count_keeps_its_interval(inner):
    values, sums = crossed(inner)
    margins, cells = Margins(values, sums), cells_of(values)
    suppression = complementary(margins, cells)
    targets = np.setdiff1d(np.flatnonzero(cells.required > 0), suppression.exposed)
    width = margins.feasible(suppression.known, targets).width
    assert (width >= 7 - 1e-6).all()
    assert not suppression.withheld[~cells.may_withhold].any()


def test_no_cell_is_withheld_that_is_not_needed():
    values, sums = crossed(np.array([[3, 20, 31], [30, 40, 25], [12, 50, 44]]))
    margins, cells = Margins(values, sums), cells_of(values)
    suppression = complementary(margins, cells)
    for cell in np.flatnonzero(suppression.withheld):
        low, high = suppression.known.low.copy(), suppression.known.high.copy()
        low[cell] = high[cell] = values[cell]
        assert margins.feasible(Interval(low, high), [0]).width[0] < 7


def test_a_count_that_nothing_can_protect_is_named():
    values, sums = crossed(np.array([[3, 20], [30, 40]]))
    cells = cells_of(values)
    fixed = Cells(
        cells.known, cells.unknown, cells.required, np.zeros(len(values), dtype=bool), cells.cost
    )
    assert complementary(Margins(values, sums), fixed).exposed.tolist() == [0]


def test_rounded_neighbours_leave_the_width_of_their_rounding():
    """A total of 20 (18–22) less a part of 15 (13–17): the hidden part is 1 to 9."""
    values = np.array([5.0, 15.0, 20.0])
    known = Interval(np.array([1.0, 13.0, 18.0]), np.array([FREE, 17.0, 22.0]))
    found = Margins(values, [Relation(2, (0, 1))]).feasible(known, [0])
    assert (found.low[0], found.high[0]) == (1, 9)


def test_months_add_up_to_years_and_trusts_to_their_system():
    months = list(pd.period_range("2020-01", "2020-12", freq="M"))
    time = Hierarchy.of_periods("period", [*months, pd.Period("2020", "Y")])
    trusts = Hierarchy.of_groups("unit", {"RA1": "North", "RA2": "North"})
    cells = pd.MultiIndex.from_product(
        [["RA1", "RA2", "North"], [*map(str, months), "2020"]], names=["unit", "period"]
    ).to_frame(index=False)
    found = list(relations(cells, [time, trusts]))
    assert len(found) == 3 + 13  # a year for each of three units, a sum for each of 13 periods
    assert sorted(len(r.parts) for r in found) == [2] * 13 + [12] * 3


def test_a_year_of_which_a_month_is_missing_is_no_sum():
    months = list(pd.period_range("2020-01", "2020-11", freq="M"))
    assert Hierarchy.of_periods("period", [*months, pd.Period("2020", "Y")]).sums == {}


def test_tenths_and_fifths_together_give_a_withheld_tenth_away():
    """Fifth 1 is tenths 1 and 2: with the fifth and tenth 2 shown, tenth 1 follows."""
    grouping = Hierarchy("stratum", {"f1": [("1", "2")], "all": [("1", "2", "3"), ("f1", "3")]})
    cells = pd.DataFrame({"stratum": ["1", "2", "3", "f1", "all"]})
    values = np.array([4.0, 30.0, 50.0, 34.0, 84.0])
    margins = Margins(values, list(relations(cells, [grouping])))
    assert margins.feasible(cells_of(values).known, [0]).high[0] == 4
    suppression = complementary(margins, cells_of(values))
    assert suppression.withheld.any()
    assert margins.feasible(suppression.known, [0]).width[0] >= 7
