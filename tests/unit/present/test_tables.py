from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from equieval.errors import InputError
from equieval.present import layouts
from equieval.present.artefact import Column, Table
from equieval.present.tables import frame_to_csv, to_csv, to_html

UNIT = "per 1,000 births"


@pytest.fixture
def table(by_group: pd.DataFrame) -> Table:
    data = by_group.loc[by_group["period"] == "2022"].assign(df=[np.inf, 7.4, np.nan])
    data.loc[data["stratum"] == "5", ["numerator", "rate", "ci_low"]] = np.nan
    return Table(
        caption="Stillbirth <rate> by decile, England {{< 2022 >}}",
        data=data,
        columns=(
            Column("stratum", "Decile"),
            Column("period", "Year", format="period"),
            Column("numerator", "Stillbirths", format="count"),
            Column("rate", "Rate", UNIT, "rate"),
            Column("ci_low", "95% interval", UNIT, "interval", upper="ci_high"),
            Column("df", "Degrees of freedom", format="df"),
        ),
    )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_table_is_captioned_scoped_and_scrolls_by_keyboard(table: Table) -> None:
    tags = _Tags()
    tags.feed(to_html(table, "rates", 3))
    assert not tags.open
    kinds = [tag for tag, _ in tags.seen]
    assert kinds.count("caption") == 1
    assert [a["scope"] for tag, a in tags.seen if tag == "th"] == ["col"] * 6 + ["row"] * 3
    region = tags.seen[0][1]
    assert (region["role"], region["tabindex"]) == ("region", "0")
    assert region["aria-labelledby"] == dict(tags.seen)["caption"]["id"]
    assert dict(tags.seen)["table"]["data-quarto-disable-processing"] == "true"


def test_rows_of_one_thing_stand_together_under_its_name() -> None:
    data = pd.DataFrame(
        [
            ("Births", "Publisher", "ONS"),
            ("Births", "Status", "final"),
            ("Deaths", "Publisher", "A"),
        ],
        columns=["of", "item", "words"],
    )
    tags = _Tags()
    tags.feed(to_html(layouts.facts(data, caption="Sources"), "sources", 1))
    kinds = [attrs.get("scope") or tag for tag, attrs in tags.seen if tag in ("th", "tbody")]
    births, deaths = (["tbody", "rowgroup", *["row"] * rows] for rows in (2, 1))
    assert kinds == ["col", "col", *births, *deaths]
    assert not tags.open


def test_cells_show_published_numbers_with_units_in_the_heading(table: Table) -> None:
    html = to_html(table, "rates", 3)
    # ONS: 389 stillbirths among 77,118 births in the most deprived decile, 2022 = 5.04
    assert '<th scope="row">1</th><td>2022</td><td class="numeric">389</td>' in html
    assert '<td class="numeric">5.04</td>' in html
    assert f'Rate <span class="unit">{UNIT}</span>' in html
    assert "Table 3." in html


def test_missing_cells_are_marked_and_explained_not_zero(table: Table) -> None:
    html = to_html(table, "rates", 1)
    assert html.count('<abbr title="not available">[x]</abbr>') == 4
    assert "[x] not available." in html
    assert ">over 100<" in html


def test_degrees_of_freedom_go_with_an_interval(table: Table) -> None:
    """One that rests on draws or ranks has none; those of no interval are not shown."""
    html = to_html(table, "rates", 1)
    assert "7.4" not in html  # decile 5 has no interval
    assert html.count('<abbr title="not applicable">[z]</abbr>') == 1


def test_rows_with_different_units_keep_their_own_digits() -> None:
    data = pd.DataFrame(
        {"label": ["sii", "index"], "estimate": [-2.48, -0.0134], "ci_low": [-3.32, -0.0301],
         "ci_high": [-1.64, 0.0033], "df": [23.0, 23.0],
         "unit": ["percentage points", "difference of two ratios or indices"]}
    )  # fmt: skip
    html = to_html(layouts.measure_changes(data, caption="Change, by measure"), "measures", 1)
    assert "−0.013" in html
    assert "−0.030 to +0.003" in html
    assert "−3.32 to −1.64" in html
    assert "<td>difference of two ratios or indices</td>" in html


def test_words_cannot_break_the_page(table: Table) -> None:
    html = to_html(table, "rates", 1)
    assert "{{" not in html
    assert "<rate>" not in html
    assert "&lt;rate&gt;" in html


def test_suppressed_cells_say_so() -> None:
    data = pd.DataFrame({"group": ["a", "b"], "n": ["[c]", 40]})
    html = to_html(
        Table("Counts", data, (Column("group", "Group"), Column("n", "n", format="count"))), "n", 1
    )
    assert "[c] suppressed to protect confidentiality." in html


def test_text_where_a_number_belongs_is_refused() -> None:
    data = pd.DataFrame({"group": ["a"], "n": ["about forty"]})
    table = Table("Counts", data, (Column("group", "Group"), Column("n", "n", format="count")))
    with pytest.raises(InputError, match="about forty"):
        to_html(table, "n", 1)


def test_csv_keeps_every_column_full_precision_and_missing_as_empty(table: Table) -> None:
    lines = to_csv(table).splitlines()
    assert lines[0] == "stratum,period,rate,ci_low,ci_high,numerator,denominator,df"
    assert lines[1].startswith("1,2022,5.0442")
    assert re.match(r"5,2022,,,[\d.]+,,57515,7\.4", lines[2])
    assert to_csv(table) == to_csv(table)


def test_whole_counts_stay_whole_beside_missing_ones() -> None:
    assert frame_to_csv(pd.DataFrame({"n": [3.0, None]})) == 'n\n3\n""\n'


def test_financial_years_are_written_as_evaluators_write_them() -> None:
    periods = pd.PeriodIndex(["2016"], freq="Y-MAR")
    assert frame_to_csv(pd.DataFrame({"period": periods})) == "period\n2015/16\n"


def test_a_misspelt_column_is_named_with_the_one_meant(by_group: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="did you mean 'rate'"):
        Table("Rates", by_group, (Column("rat", "Rate"),))


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'percent'"):
        Column("rate", "Rate", format="percnt")
