"""Attacks on everything around the counts: estimates, pictures, files, metadata, code.

Each attack first reads the secret from what would leave with the gate off. With it on, what
leaves does not hold it, or the gate names the file that does.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

from equieval.data.digests import file_digest
from equieval.disclosure.profiles import profile
from equieval.errors import DisclosureRefused
from equieval.methods.inequality import measures
from equieval.present import figures, tables
from equieval.present.artefact import Picture
from equieval.releases.draft import DraftPage
from equieval.releases.freeze import frozen_notebook
from equieval.releases.leaks import leaks_in, source_leaks
from equieval.releases.subject import SubjectPage
from equieval.study.registry import Registry

PLACE = ["unit", "period", "stratum"]
ISLE = ("Isle", pd.Period("2015", "Y"))


def isle(observations):
    """Return one small trust in one year, from most to least deprived."""
    cells = observations.strata("stillbirth").set_index(["unit", "period"]).sort_index()
    return cells.loc[[ISLE]].reset_index(drop=True)


def small_rows(cells):
    return np.flatnonzero((cells["numerator"] > 0) & (cells["numerator"] <= 7))


def by_cell_means(cells):
    """Fit a saturated model: one coefficient per group, weighted by births."""
    dummies = np.eye(len(cells))
    weights = np.sqrt(cells["denominator"].to_numpy())
    rates = (cells["numerator"] / cells["denominator"]).to_numpy()
    return np.linalg.lstsq(dummies * weights[:, None], rates * weights, rcond=None)[0]


def test_saturated_coefficients_are_cell_means_only_with_the_gate_off(partner):
    exact, safe = isle(partner.exact), isle(partner.safe)
    few = small_rows(exact)
    found = by_cell_means(exact) * exact["denominator"]
    assert np.allclose(found[few], exact["numerator"][few])  # off: every small count
    # On: the cells are not there to fit, and what is there are protected counts.
    assert safe["numerator"][few].isna().all()
    shown = safe.dropna()
    if len(shown):
        again = by_cell_means(shown) * shown["denominator"]
        assert profile("nhs-hes").counting.can_show(again.round(9)).all()


def pairs_behind(gap, sizes):
    """Return every pair of small counts whose rates are this far apart, to 12 digits."""
    first, last = sizes
    return [
        (x, y)
        for x in range(1, 31)
        for y in range(1, 31)
        if abs(1000 * (x / first - y / last) - gap) < 1e-9
    ]


def gap_of(cells):
    levels = tuple(cells["stratum"])
    counts = cells[["stratum", "numerator", "denominator"]]
    return float(measures(counts, levels, per=1000, which=("gap",))["estimate"].iloc[0])


def test_a_gap_at_full_precision_gives_both_counts_only_with_the_gate_off(partner):
    cells = partner.exact.strata("stillbirth")
    exact = cells[(cells["unit"] == "South") & (cells["period"] == ISLE[1])]
    truth = (exact["numerator"].iloc[0], exact["numerator"].iloc[-1])
    sizes = (exact["denominator"].iloc[0], exact["denominator"].iloc[-1])
    assert pairs_behind(gap_of(exact), sizes) == [truth]  # off
    partner.profile = "nhs-msds"
    partner.save()
    cells = partner.safe.strata("stillbirth")
    safe = cells[(cells["unit"] == "South") & (cells["period"] == ISLE[1])]
    assert truth not in pairs_behind(gap_of(safe), sizes)  # on: it is a gap of shown counts


def test_a_plain_hash_of_a_small_table_is_inverted_and_a_keyed_one_is_not(partner):
    def table(count):
        return f"group,events\nIsle,{count}\n".encode()

    path = partner.root / "data" / "table.csv"
    path.write_bytes(table(3))

    def inverted(digest):
        value = digest.partition(":")[2]
        guesses = {hashlib.sha256(table(n)).hexdigest(): n for n in range(100)}
        return guesses.get(value)

    assert inverted(file_digest(path, open_data=True, root=partner.root)) == 3  # off
    assert inverted(file_digest(path, open_data=False, root=partner.root)) is None
    assert all(source.digest.startswith("hmac-sha256:") for source in partner.safe.sources)


def test_ledger_ids_say_nothing_without_the_key(partner):
    counts = partner.private.counts.cells
    places = counts[["quantity", "unit", "period", "stratum"]].astype(str).agg(list, axis=1)
    plain = {
        hashlib.sha256(json.dumps(["imd-quintile", *place]).encode()).hexdigest()[:32]
        for place in places
    }
    assert not plain & set(counts["id"])


def dots(data, **words):
    """Draw rates as a line; the maker sees nothing but the frame it is handed."""
    del words
    figure = Figure()
    axes = figure.subplots()
    axes.plot(range(len(data)), data["rate"].to_numpy(dtype=float))
    return Picture("Rates", "", "Rates by group.", data[["stratum", "rate"]], figure)


def heights(svg):
    """Return the heights of the longest line in an SVG, in its own units."""
    paths = re.findall(r'd="(M [^"]*)"', svg)
    longest = max(paths, key=lambda path: path.count("L"))
    return np.array([-float(y) for _, y in re.findall(r"[ML] ([\d.-]+) ([\d.-]+)", longest)])


def read_off(svg, known):
    """Return all rates of a drawn line, given two of them by place."""
    drawn = heights(svg)
    (one, rate_one), (two, rate_two) = known.items()
    slope = (rate_two - rate_one) / (drawn[two] - drawn[one])
    return rate_one + slope * (drawn - drawn[one])


def test_svg_paths_give_exact_rates_only_with_the_gate_off(partner, tmp_path):
    exact = isle(partner.exact)
    rates = exact["rate"]
    ends = {int(rates.argmin()): rates.min(), int(rates.argmax()): rates.max()}
    svg = figures.svg_bytes(dots(exact).figure).decode()
    counts = read_off(svg, ends) * exact["denominator"] / 1000
    assert np.allclose(counts, exact["numerator"], atol=0.02)  # off: every count, from the path
    partner.profile = "nhs-msds"
    partner.save()
    safe = isle(partner.safe)
    registry = Registry("effect", tmp_path / "page", profile("nhs-msds"))
    registry.declare("rates", dots, safe)
    drawn = (tmp_path / "page" / "rates.svg").read_text()
    points = re.findall(r'd="(M [^"]*L[^"]*)"', drawn)
    # On: rates of fewer than 8 events are not drawn at all, so no line joins the groups.
    assert all(path.count("L") < 2 for path in points if path.count("L") >= len(exact) - 1)
    assert pd.read_csv(tmp_path / "page" / "rates.csv")["rate"].isna().any()


def test_the_data_behind_a_figure_are_refused_by_page_artefact_and_row(partner, tmp_path):
    exact = isle(partner.exact)

    def drawn(data, **words):
        del words
        return Picture("Rates", "", "Rates.", data, Figure())

    off = Registry("effect", tmp_path / "off", profile("open-data"))
    off.declare("rates", drawn, exact)
    saved = pd.read_csv(tmp_path / "off" / "rates.csv")
    assert saved["numerator"].tolist() == exact["numerator"].tolist()
    on = Registry("effect", tmp_path / "on", profile("nhs-hes"))
    with pytest.raises(DisclosureRefused, match="'numerator' holds a count") as refused:
        on.declare("rates", drawn, exact)
    assert refused.value.where == "page effect, artefact 'rates', row 1"
    assert refused.value.exit_code == 3
    assert not (tmp_path / "on").exists()


def messages(name, content, partner):
    return list(leaks_in(name, content, partner.private))


def test_exact_counts_in_a_download_are_found(partner):
    exact, safe = isle(partner.exact), isle(partner.safe)
    leaked = tables.frame_to_csv(exact).encode()
    assert any("was not protected" in m for m in messages("effect/rates.csv", leaked, partner))
    kept = tables.frame_to_csv(safe[["stratum", "numerator", "denominator"]]).encode()
    assert messages("effect/rates.csv", kept, partner) == []


@pytest.mark.parametrize("name", ["html/index.html", "search/index.json", "effect/words.json"])
def test_an_exact_rate_is_found_wherever_it_is_written(partner, name):
    """The search index holds the text of pages: an exact rate in it is a count in it."""
    cells = partner.exact.strata("stillbirth")
    told = cells[
        (cells["numerator"].between(1, 7))
        & (np.gcd(cells["numerator"].astype(int), cells["denominator"].astype(int)) == 1)
    ].iloc[0]
    text = json.dumps({"text": f"The rate was {told['rate']!r} per 1,000."}).replace(
        "np.float64", ""
    )
    assert any("only exact counts give" in m for m in messages(name, text.encode(), partner))
    rounded = json.dumps({"text": f"The rate was {told['rate']:.1f} per 1,000."})
    assert messages(name, rounded.encode(), partner) == []


def parquet(frame, *, pandas_metadata):
    stream = io.BytesIO()
    if pandas_metadata:
        frame.to_parquet(stream)
    else:
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(table, stream)
    return stream.getvalue()


def test_parquet_metadata_hold_a_count_only_with_the_gate_off(partner):
    frame = pd.DataFrame({"n_events": [10.0, 25.0]})
    frame.attrs["exact"] = [9, 27]
    leaked = parquet(frame, pandas_metadata=True)
    assert b'"exact": [9, 27]' in leaked
    assert messages("estimates.parquet", leaked, partner) == [
        "its metadata holds more than names and types"
    ]
    assert messages("estimates.parquet", parquet(frame, pandas_metadata=False), partner) == []


def test_parquet_statistics_of_other_values_are_found(partner):
    """Statistics say 9 where the values say 10: what was written before protection shows."""
    honest = parquet(pd.DataFrame({"n_events": [10.0, 25.0]}), pandas_metadata=False)
    ten, nine = struct.pack("<d", 10.0), struct.pack("<d", 9.0)
    footer = len(honest) - 8 - int.from_bytes(honest[-8:-4], "little")
    forged = honest[:footer] + honest[footer:].replace(ten, nine)
    found = pq.ParquetFile(io.BytesIO(forged)).metadata.row_group(0).column(0).statistics
    assert found.min == 9.0  # off: anyone can read it
    assert messages("estimates.parquet", forged, partner) == [
        "the statistics of 'n_events' are not those of its values"
    ]


def notebook(source, **metadata):
    cell = {
        "cell_type": "code",
        "id": "a",
        "execution_count": 1,
        "metadata": metadata,
        "source": source,
        "outputs": [],
    }
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def test_notebook_metadata_leave_only_with_the_gate_off(partner):
    told = notebook("page = 1", secret="Isle 2015: 3 stillbirths")
    assert "3 stillbirths" in json.dumps(told)
    page = DraftPage(SubjectPage("effect", "Effect", "effect.ipynb"), told, {}, {})
    frozen = frozen_notebook(page)
    assert b"3 stillbirths" not in frozen
    assert messages("effect.ipynb", frozen, partner) == []
    assert messages("effect.ipynb", json.dumps(told).encode(), partner) == [
        "the metadata of a cell hold “secret”"
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("html/index.html", "<p>x</p><!-- Isle 2015: 3 of 61 -->", "a comment holds numbers"),
        ("html/index.html", "<pre>Traceback (most recent call last)</pre>", "a traceback"),
        ("html/index.html", '<a href="data:text/csv;base64,SXNsZSwz">x</a>', "embeds another"),
        ("effect/a.svg", "<svg><metadata>3 of 61</metadata></svg>", "metadata holds numbers"),
        ("effect/records.duckdb", "x", "cannot be checked"),
    ],
)
def test_what_sits_beside_the_page_is_found(partner, name, content, words):
    assert any(words in message for message in messages(name, content.encode(), partner))


@pytest.mark.parametrize(
    "source",
    [
        "from equieval.data import load_observations",
        "import pandas as pd\npd.read_csv('data/births.csv')",
        "open('data/births.csv').read()",
        "page.safeguarded.counts.cells",
        "!cat data/births.csv",
        "disclosure = {}",
        "disclosure['profile'] = name",
        "disclosure.update(profile=name)",
        "page = study.open_page('effect', disclosure={'profile': 'open-data', 'reason': 'x'})",
        "().__class__.__base__.__subclasses__()",
    ],
)
def test_code_of_a_page_that_could_reach_exact_counts_is_refused(source):
    assert list(source_leaks(notebook(source)))


def test_a_parameters_cell_that_runs_code_is_refused():
    told = notebook("disclosure = choose()", tags=["injected-parameters"])
    assert list(source_leaks(told)) == [(1, "its parameters cell does more than name values")]
    plain = notebook("disclosure = {'profile': 'nhs-hes'}", tags=["injected-parameters"])
    assert list(source_leaks(plain)) == []


def test_code_of_the_notebooks_that_ship_passes():
    from pathlib import Path

    for path in sorted(Path(__file__).parents[3].glob("notebooks/*.ipynb")):
        assert list(source_leaks(json.loads(path.read_text(encoding="utf-8")))) == [], path.name
