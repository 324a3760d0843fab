"""Attacks under `ons-births`, which shows counts: what rests on fewer than 3 events is not there.

Each attack first finds such a rate, measure or estimate with the gate off, and none with it on.
"""

from __future__ import annotations

import gzip
import subprocess

import numpy as np
import pytest

from equieval.disclosure.models import check_models
from equieval.disclosure.profiles import profile
from equieval.errors import DesignError
from equieval.releases.leaks import leaks_in, site_leaks
from equieval.study.baseline import baseline, group_rates
from equieval.study.behind import series_cells
from equieval.study.series import series_design

FEWEST = 3
RULES = profile("ons-births")


@pytest.fixture
def south(partner):
    """Return one trust in which some fifths have fewer than 3 stillbirths in a year."""
    partner.records = partner.records[partner.records["trust"] == "South"]
    partner.profile = "ons-births"
    partner.save()
    return partner


def years_with_few(observations):
    cells = observations.strata("stillbirth")
    few = cells[cells["numerator"] < FEWEST]
    return {str(period) for period in few["period"]}


def test_measures_of_groups_with_few_events_are_there_only_with_the_gate_off(south):
    few = years_with_few(south.exact)
    off = baseline(south.evaluation, south.exact).estimates
    on = baseline(south.evaluation, south.safe).estimates
    assert len(few) >= 3
    assert few <= set(off["time"])
    assert not few & set(on["time"])
    assert set(off["time"]) - few == set(on["time"])


def test_the_gate_finds_estimates_of_few_events_whoever_computed_them(south):
    few = years_with_few(south.exact)
    found = {}
    for name, observations in (("off", south.exact), ("on", south.safe)):
        table = baseline(south.evaluation, observations).estimates
        cells = series_cells(south.evaluation, observations, "baseline-inequality", table)
        found[name] = {finding.id for finding in check_models(table, cells, RULES)}
    assert {name.rpartition(".")[2] for name in found["off"]} == few
    assert found["on"] == set()


def test_counts_are_shown_and_rates_of_few_events_are_marked(south):
    exact, shown = (group_rates(o, "stillbirth") for o in (south.exact, south.safe))
    assert shown["numerator"].tolist() == exact["numerator"].tolist()
    few, some = exact["numerator"] < FEWEST, exact["numerator"].between(FEWEST, 19)
    assert few.sum() > 5
    assert shown.loc[few, ["rate", "ci_low", "ci_high"]].isna().all(axis=None)
    assert shown.loc[~few, "rate"].tolist() == exact.loc[~few, "rate"].tolist()
    assert set(shown.loc[few, "mark"]) == {"[x]"}
    assert set(shown.loc[some, "mark"]) == {"[u]"}


def test_a_series_that_rests_on_few_events_says_withheld_and_what_would_help(south):
    given = south.evaluation
    with pytest.raises(
        DesignError, match="withheld under the disclosure profile 'ons-births'"
    ) as e:
        series_design(given, _of_unit(south.safe, given))
    assert "fewer groups" in e.value.remedy
    assert "longer periods" in e.value.remedy


def _of_unit(observations, evaluation):
    table = observations.table.assign(unit=evaluation.design.unit)
    return type(observations)(**{**vars(observations), "table": table})


def rate_of(partner, low, high):
    cells = partner.exact.strata("stillbirth")
    chosen = cells[cells["numerator"].between(low, high)]
    lowest = np.gcd(chosen["numerator"].astype(int), chosen["denominator"].astype(int)) == 1
    return float(chosen[lowest]["rate"].iloc[0])


def test_a_rate_of_few_events_is_found_wherever_it_is_written(south):
    withheld, shown = rate_of(south, 1, 2), rate_of(south, 3, 19)
    for rate, found in ((withheld, True), (shown, False)):
        page = f"<p>The rate was {rate!r} per 1,000.</p>".encode()
        told = list(leaks_in("html/index.html", page, south.private))
        assert any("only exact counts give" in message for message in told) is found


def search_index(folder, html):
    from pagefind.service import get_executable

    site, index = folder / "site", folder / "index"
    site.mkdir()
    (site / "index.html").write_text(html)
    program = str(get_executable())
    arguments = [program, f"--site={site}", f"--output-path={index}", "--force-language=en"]
    subprocess.run(arguments, check=True, capture_output=True)
    return {f"pagefind/{p.relative_to(index)}": p.read_bytes() for p in index.rglob("*.p*f*_*")}


def test_a_search_index_holds_a_rate_only_with_the_gate_off(south, tmp_path):
    """Pagefind packs its parts: the rate is in none of the bytes, and in what they unpack to."""
    rate = rate_of(south, 1, 2)
    html = "<html><body><main data-pagefind-body>The rate was {} per 1,000.</main></body></html>"
    (tmp_path / "off").mkdir()
    leaked = search_index(tmp_path / "off", html.format(rate))
    fragments = [content for name, content in leaked.items() if "fragment" in name]
    assert not any(str(rate).encode() in content for content in leaked.values())
    assert any(str(rate).encode() in gzip.decompress(content) for content in fragments)
    privates = {"small-trusts": south.private}
    found = {name for name, content in leaked.items() if [*site_leaks(name, content, privates)]}
    assert {name.rpartition(".")[2] for name in found} == {"pf_fragment", "pf_index"}
    (tmp_path / "on").mkdir()
    kept = search_index(tmp_path / "on", html.format(round(rate, 1)))
    assert not any([*site_leaks(name, content, privates)] for name, content in kept.items())


def test_a_part_of_a_search_index_that_cannot_be_read_is_not_published(south):
    privates = {"small-trusts": south.private}
    for content in (b"not packed", gzip.compress(b"of another kind")):
        (message,) = site_leaks("pagefind/en_1.pf_fragment", content, privates)
        assert "no part of a search index that can be read" in message
