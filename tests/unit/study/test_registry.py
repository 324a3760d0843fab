"""The registry: what it declares is protected, numbered, saved and marked; nothing else is."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from equieval.disclosure.declaration import ARTEFACTS_FILE, DECLARATION, bundle_digest
from equieval.disclosure.profiles import profile
from equieval.errors import InputError
from equieval.present import layouts, narrative
from equieval.present.artefact import Picture, Statement, Table
from equieval.study.registry import Registry

FACTS = pd.DataFrame({"item": ["Place"], "words": ["England"]})


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry("effect", tmp_path / "effect", profile("open-data"))


def picture(data: pd.DataFrame, *, title: str = "One point") -> Picture:
    figure, axes = plt.subplots()
    axes.plot(data["x"], data["y"], "o")
    plt.close(figure)
    return Picture(title, "A subtitle", "One point at 1, 2 <of two>", data, figure)


POINTS = pd.DataFrame({"x": [1.0], "y": [2.0]})


def index(registry: Registry) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((registry.folder / ARTEFACTS_FILE).read_text())
    return found


def test_a_figure_is_saved_as_svg_png_and_data_with_the_hashes_of_the_files(
    registry: Registry,
) -> None:
    registry.declare("points", picture, POINTS)
    (entry,) = index(registry)["artefacts"]
    assert {file["path"] for file in entry["files"]} == {"points.svg", "points.png", "points.csv"}
    for file in entry["files"]:
        content = (registry.folder / file["path"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["bytes"] == len(content)
    assert "1" in (registry.folder / "points.csv").read_text()


def test_the_output_carries_id_page_and_the_hash_of_what_is_shown(registry: Registry) -> None:
    declared = registry.declare("points", picture, POINTS)
    mark = declared.metadata[DECLARATION]
    assert (mark["artefact"], mark["page"]) == ("points", "effect")
    assert mark["sha256"] == bundle_digest(declared.bundle) == declared.entry["sha256"]
    shown = declared.bundle["text/markdown"]
    assert 'id="fig-points"' in shown
    assert 'src="effect/points.svg"' in shown
    assert 'alt="One point at 1, 2 &lt;of two&gt;"' in shown
    assert "data:image/png;base64," in declared.bundle["text/html"]


@pytest.mark.parametrize("name", ["Points", "two words", "../points", "", "-", "pünkt/e", "a.b"])
def test_a_name_that_is_no_plain_name_is_refused(registry: Registry, name: str) -> None:
    with pytest.raises(InputError) as refusal:
        registry.declare(name, picture, POINTS)
    assert "page effect" in refusal.value.where
    assert not registry.folder.exists()


def test_figures_and_tables_are_numbered_apart_and_a_cell_run_again_keeps_its_number(
    registry: Registry,
) -> None:
    def number(declared: Any) -> str:
        return str(declared.bundle["text/plain"]).partition(".")[0]

    assert number(registry.declare("first", picture, POINTS)) == "Figure 1"
    assert number(registry.declare("facts", layouts.facts, FACTS, caption="Facts")) == "Table 1"
    assert number(registry.declare("second", picture, POINTS)) == "Figure 2"
    again = registry.declare("first", picture, POINTS, title="Another title")
    assert number(again) == "Figure 1"
    assert number(registry.declare("third", picture, POINTS)) == "Figure 3"
    entries = index(registry)["artefacts"]
    assert [entry["id"] for entry in entries] == ["first", "facts", "second", "third"]
    assert entries[0]["title"] == "Another title"


def test_the_maker_sees_the_protected_frame_and_never_the_one_handed_in(tmp_path: Path) -> None:
    seen: list[pd.DataFrame] = []

    class Keeping:
        """A profile that withholds every count under ten."""

        def accept(self, data: pd.DataFrame, *, where: str) -> Any:
            assert "page effect, artefact 'events'" in where
            kept = data.assign(n_events=data["n_events"].where(data["n_events"] >= 10))

            class Result:
                data = kept
                withheld = kept[kept["n_events"].isna()]

            return Result()

    def maker(data: pd.DataFrame) -> Statement:
        seen.append(data)
        return Statement(f"{data['n_events'].count()} groups are shown", data)

    registry = Registry("effect", tmp_path, Keeping())  # type: ignore[arg-type]
    declared = registry.declare("events", maker, pd.DataFrame({"n_events": [3.0, 40.0]}))
    assert seen[0]["n_events"].isna().tolist() == [True, False]
    assert declared.entry["withheld"] == 1
    assert declared.bundle["text/plain"] == "1 groups are shown"
    assert declared.bundle["text/markdown"].startswith("1 groups are shown ")
    assert "3" not in (tmp_path / "events.json").read_text()


def test_an_artefact_names_the_estimates_that_it_shows(registry: Registry) -> None:
    def maker(data: pd.DataFrame) -> Statement:
        return Statement("Words.", data)

    data = pd.DataFrame({"id": ["b", "a", "b", None], "estimate": [1.0, 2.0, 3.0, 4.0]})
    assert registry.declare("words", maker, data).entry["estimates"] == ["a", "b"]
    checks = pd.DataFrame({"id": ["points-before"], "found": [6.0]})
    assert registry.declare("checks", maker, checks).entry["estimates"] == []


@pytest.mark.parametrize(
    ("words", "joint"),
    [("The gap narrowed.", " "), ("- one\n- two", " "), ("Model:\n\n$$y = x$$", "\n\n")],
)
def test_words_end_with_a_link_to_where_they_come_from(
    registry: Registry, words: str, joint: str
) -> None:
    rows = pd.DataFrame({"id": ["a"], "estimate": [1.0]})
    shown = registry.declare("answer", lambda data: Statement(words, data), rows).bundle
    assert shown["text/markdown"].startswith(f'{words}{joint}<a class="origin" id="say-answer" ')
    assert 'href="provenance.html#effect.answer"' in shown["text/markdown"]
    assert shown["text/plain"] == words


def test_a_row_of_estimates_links_its_first_number_to_its_estimate(registry: Registry) -> None:
    rows = pd.DataFrame(
        {
            "id": ["effect.rate.White British", None],
            "label": ["White British", "Other"],
            "estimate": [-0.5, 1.5],
            "ci_low": [-1.0, 1.0],
            "ci_high": [0.0, 2.0],
            "df": [9.0, 9.0],
        }
    )
    shown = registry.declare(
        "groups", layouts.changes, rows, caption="By group", head="Group", unit="per 1,000"
    ).bundle
    linked = shown["text/markdown"]
    assert linked.count('class="origin-number"') == 1
    assert 'href="provenance.html#est-effect.rate.White-British">−0.50</a></td>' in linked
    assert "provenance.html" not in shown["text/html"]


def test_braces_of_the_data_cannot_become_a_command_of_the_renderer(registry: Registry) -> None:
    facts = pd.DataFrame({"item": ["{{< include secret.md >}}"], "words": ["<script>x</script>"]})
    shown = registry.declare("facts", layouts.facts, facts, caption="Facts").bundle["text/markdown"]
    assert "{{<" not in shown
    assert "<script>" not in shown


def test_tables_and_statements_are_saved_as_data_too(registry: Registry) -> None:
    table = registry.declare("facts", layouts.facts, FACTS, caption="Facts")
    assert isinstance(layouts.facts(FACTS, caption="Facts"), Table)
    assert table.entry["kind"] == "table"
    assert "England" in (registry.folder / "facts.csv").read_text()
    row = {"estimate": 1.0, "ci_low": 0.5, "ci_high": 1.5, "horizon": "2019", "scale": "absolute"}
    registry.declare(
        "certainty", narrative.certainty_statement, pd.DataFrame([row]), certainty="low"
    )
    record = json.loads((registry.folder / "certainty.json").read_text())
    assert record["numbers"][0]["estimate"] == 1.0
    assert "low" in record["markdown"]


_SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from evaluations import bare_project, ENGLAND, run_page
root = bare_project(Path(sys.argv[1]) / "project")
run_page(root, root / "params" / f"{ENGLAND}.yaml", "effect", Path(sys.argv[1]) / "pages")
"""


@pytest.mark.slow
def test_a_page_has_the_same_bytes_in_two_processes_under_two_hash_seeds(tmp_path: Path) -> None:
    laboratory = Path(__file__).parents[2] / "acceptance" / "study"
    made = []
    for seed in ("0", "1"):
        folder = tmp_path / seed
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(folder), str(laboratory)],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True,
        )  # fmt: skip
        files = sorted((folder / "pages" / "effect").iterdir())
        made.append({path.name: path.read_bytes() for path in files})
    assert made[0].keys() == made[1].keys()
    for name, content in made[0].items():
        assert content == made[1][name], name
