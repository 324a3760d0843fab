"""From every number of the report, one click leads to its row, cell, parameters, data, command."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from commands import Said
from evaluations import ENGLAND

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PLACES = """() => Object.fromEntries(
  Array.from(document.querySelectorAll("section.origin-entry, table.origins tr[id]")).map(
    found => [found.id, {
      cells: Array.from(found.children).map(one => one.textContent),
      links: Array.from(found.querySelectorAll("a")).map(one => one.getAttribute("href")),
      code: Array.from(found.querySelectorAll("pre")).map(one => one.textContent),
      text: found.textContent,
    }]))"""
UNFOLD = """link => {
  for (let one = link.closest("details"); one; one = one.parentElement.closest("details"))
    one.open = true;
}"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH"),
]


@pytest.fixture(scope="module")
def version(demonstrated: tuple[Path, Said]) -> Path:
    return demonstrated[0] / "_site" / "reports" / ENGLAND / "v1"


@pytest.fixture(scope="module")
def tab() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser.new_page(reduced_motion="reduce")
        browser.close()


def run_pages(version: Path) -> list[str]:
    return [page["slug"] for page in json.loads((version / "run.json").read_text())["pages"]]


@pytest.fixture(scope="module")
def places(tab, version: Path) -> dict:
    """What stands at each place that a link can lead to."""
    tab.goto(f"file://{version}/provenance.html")
    return tab.evaluate(PLACES)


def followed(tab, version: Path, slug: str, selector: str, known: set[str]) -> list[list[str]]:
    """Click each link of a page that leads to a place not known yet; return words and addresses.

    Every click is checked to lead to the place that the address names.
    """
    here = f"file://{version}/{slug}.html"
    tab.goto(here)
    links = tab.locator(selector).evaluate_all(
        "all => all.map(one => [one.textContent, decodeURIComponent(one.getAttribute('href'))])"
    )
    for number, (_, href) in enumerate(links):
        place = href.removeprefix("provenance.html#")
        assert place != href
        if place not in known:
            known.add(place)
            tab.goto(here)
            tab.locator(selector).nth(number).click()
            tab.wait_for_url(re.compile(r".*/provenance\.html#.*"))
            assert tab.evaluate("document.querySelector(':target').id") == place
    return [[words, href.partition("#")[2]] for words, href in links]


def cell_of(version: Path, slug: str, number: int) -> tuple[str, list[str]]:
    """Return the code of a cell and the ids of the artefacts that it shows."""
    cell = json.loads((version / f"{slug}.ipynb").read_text())["cells"][number - 1]
    shown = [output["metadata"]["equieval"]["artefact"] for output in cell.get("outputs", ())]
    return "".join(cell["source"]), shown


def data_digests(version: Path) -> list[str]:
    """Return the fingerprints of the run's data, each held against the file in the version."""
    recorded = json.loads((version / "run.json").read_text())["data"]
    files = [path for path in (version / "inputs").rglob("*") if path.is_file()]
    held = {f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files}
    assert set(recorded.values()) == held
    return [digest.removeprefix("sha256:") for digest in recorded.values()]


def test_each_number_of_a_table_leads_to_its_row_cell_and_data(
    tab, version: Path, places: dict
) -> None:
    rows = rows_of(version)
    digests = data_digests(version)
    clicked: set[str] = set()
    seen = set()
    for slug in run_pages(version):
        # The methods page repeats the table of estimates: its links are read, not clicked.
        known = set(places) if slug == "methods" else clicked
        for words, place in followed(tab, version, slug, "a.origin-number", known):
            found = places[place]
            key, value, interval, cell, *_ = found["cells"]
            assert place == f"est-{key}"
            row = rows[key]
            if row["estimate"]:
                exact = float(row["estimate"])
                assert float(value.replace("−", "-")) == pytest.approx(exact, rel=1e-5)
                assert shows(words, exact), (key, words)
                low = interval.partition(" to ")[0].replace("−", "-")
                assert float(low) == pytest.approx(float(row["ci_low"]), rel=1e-5)
            number, made_on = re.fullmatch(r"cell (\d+) of ([\w-]+)\.ipynb", cell).groups()
            assert made_on == row["page"]
            assert "study.analyse(page)" in cell_of(version, made_on, int(number))[0]
            assert all(digest[:12] in found["text"] for digest in digests)
            assert {"params.yaml", f"#made-{made_on}"} <= set(found["links"])
            seen.add(key)
    assert {row["id"] for row in rows.values() if row["role"] == "primary"} <= seen
    assert len(clicked) > 20
    assert len(seen) > 100


def shows(words: str, exact: float) -> bool:
    """Return whether rounded words stand for a number."""
    text = words.replace("−", "-").replace("+", "").replace(",", "")
    decimals = len(text.partition(".")[2])
    return abs(float(text) - exact) <= 0.5 * 10**-decimals + 1e-9


def rows_of(version: Path) -> dict[str, dict[str, str]]:
    with (version / "estimates.csv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def keyed(frame: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield each key of an estimate in a frame with the number beside it."""
    for row in frame:
        for name, key in row.items():
            number = "estimate" if name == "id" else name.removesuffix("_id")
            if key and number != name and row.get(number):
                yield key, row[number]


def test_each_figure_and_table_leads_to_the_rows_or_to_the_counts_that_it_shows(
    tab, version: Path, places: dict
) -> None:
    rows = rows_of(version)
    sources = yaml.safe_load((version / "params.yaml").read_text())["data"]["sources"]
    estimated, counted = set(), set()
    for slug in run_pages(version):
        index = json.loads((version / slug / "artefacts.json").read_text())["artefacts"]
        for artefact in index:
            found = places[f"{slug}.{artefact['id']}"]
            path = version / slug / artefact["files"][-1]["path"]
            if path.suffix == ".csv":
                with path.open(newline="") as file:
                    frame = list(csv.DictReader(file))
                pairs = list(keyed(frame)) if artefact["estimates"] else []
                assert {key for key, _ in pairs} <= set(artefact["estimates"])
                for key, number in pairs:
                    assert float(number) == pytest.approx(float(rows[key]["estimate"]), rel=1e-9)
                    estimated.add(artefact["id"])
            for name in artefact["indicators"]:
                source = next(source for source in sources if name in source["indicators"])
                held = version / "inputs" / source["path"]
                assert f"inputs/{source['path']}" in found["links"]
                assert hashlib.sha256(held.read_bytes()).hexdigest() in found["text"]
                header = held.open().readline().strip().split(",")
                for part, columns in source["indicators"][name].items():
                    assert set(columns) <= set(header)
                    assert f"{part} {' + '.join(columns)}" in found["text"]
                counted.add(artefact["id"])
            if artefact["kind"] == "figure":
                assert artefact["estimates"] or artefact["indicators"], artefact["id"]
    assert {"series", "slope", "sii", "estimators", "measures-before"} <= estimated
    assert {"rates", "equiplot", "by-group", "by-indicator", "series"} <= counted
    # From a figure to one of its rows is one more click, on the page of origins itself.
    here = f"file://{version}/provenance.html"
    for slug, name in (("effect", "series"), ("baseline-inequality", "slope")):
        tab.goto(here)
        link = tab.locator(f'[id="{slug}.{name}"] a[href^="#est-"]').first
        link.evaluate(UNFOLD)
        place = link.get_attribute("href").removeprefix("#")
        link.click()
        assert tab.evaluate("document.querySelector(':target').id") == place
        assert places[place]["cells"][0] in rows


def test_each_figure_table_and_sentence_leads_to_what_made_it(
    tab, version: Path, places: dict
) -> None:
    digests = data_digests(version)
    for slug in run_pages(version):
        index = json.loads((version / slug / "artefacts.json").read_text())["artefacts"]
        known = {f"{slug}.{artefact['id']}": artefact for artefact in index}
        # Every figure and table is clicked; of the sentences one, the others are made alike.
        spoken = [place for place, one in known.items() if one["kind"] == "statement"]
        links = followed(tab, version, slug, "a.origin", set(spoken[1:]))
        assert sorted(place for _, place in links) == sorted(known)
        for place, artefact in known.items():
            found = places[place]
            number = int(re.search(rf"Cell (\d+) of {slug}\.ipynb", found["text"])[1])
            source, shown = cell_of(version, slug, number)
            assert found["code"] == [source.strip()]
            assert artefact["id"] in shown
            for file in artefact["files"]:
                content = (version / slug / file["path"]).read_bytes()
                assert hashlib.sha256(content).hexdigest() in found["text"]
                assert f"{slug}/{file['path']}" in found["links"]
            assert {f"#est-{key}" for key in artefact["estimates"]} <= set(found["links"])
            assert all(digest[:12] in found["text"] for digest in digests)
            assert "params.yaml" in found["links"]
            assert f"papermill reports/{ENGLAND}/v1/notebooks/" in found["text"]


def test_the_page_of_origins_is_light_and_accessible(tab, version: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = version / "provenance.html"
    assert page.stat().st_size < 1_000_000
    tab.goto(f"file://{page}")
    tab.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
    found = Axe().run(tab).response["violations"]
    assert [(fault["id"], fault["nodes"][0]["html"][:120]) for fault in found] == []
