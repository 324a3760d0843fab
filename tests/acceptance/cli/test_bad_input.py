"""Bad input gets a message with place and remedy, exit code 2, and leaves nothing behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import Equieval, run_apart, tree
from evaluations import ENGLAND, TABLE

PARAMETERS = f"params/{ENGLAND}.yaml"
Lines = list[str]


def edit_parameters(old: str, new: str) -> Callable[[Path], object]:
    """Replace some text of the parameters file; it has to be there."""

    def edit(root: Path) -> None:
        path = root / PARAMETERS
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def edit_blocks(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Change the blocks of the parameters file."""

    def edit(root: Path) -> None:
        path = root / PARAMETERS
        blocks = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(blocks)
        path.write_text(yaml.safe_dump(blocks, sort_keys=False), encoding="utf-8")

    return edit


def edit_table(change: Callable[[Lines], Lines]) -> Callable[[Path], object]:
    """Change the lines of the data file; line 0 is the header."""

    def edit(root: Path) -> None:
        path = root / TABLE
        lines = change(path.read_text(encoding="utf-8").splitlines())
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    return edit


def with_count(row: int, column: int, value: str) -> Callable[[Lines], Lines]:
    """Set one cell; ``row`` as a spreadsheet counts, the header being 1."""

    def change(lines: Lines) -> Lines:
        cells = lines[row - 1].split(",")
        cells[column] = value
        return [*lines[: row - 1], ",".join(cells), *lines[row:]]

    return change


def without_years(*years: str) -> Callable[[Lines], Lines]:
    return lambda lines: [line for line in lines if line[:4] not in years]


def swap_window(first: str, start: str, horizon: str) -> Callable[[dict[str, Any]], None]:
    def change(blocks: dict[str, Any]) -> None:
        blocks["design"] |= {"first_period": first, "start": start}
        blocks["design"].pop("last_period")
        blocks["outcomes"]["primary"]["horizon"] = horizon
        blocks["robustness"] = {}

    return change


LIVE_BIRTHS, STILLBIRTHS = 2, 3
WHOLE_LINE = rf"{re.escape(PARAMETERS)}:\d+, "

# What is wrong -> how it comes about, and what has to be said: what, where, what to do.
CASES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "a misspelt key": (
        edit_parameters("  horizon:", "  horizn:"),
        ("horizn", WHOLE_LINE + r"outcomes\.primary\.horizn", "did you mean 'horizon'"),
    ),
    "a misspelt block": (
        edit_parameters("\ndesign:", "\ndesing:"),
        ("desing", re.escape(PARAMETERS), "did you mean 'design'"),
    ),
    "an unknown indicator": (
        edit_parameters("    indicator: stillbirth", "    indicator: stilbirth"),
        ("stilbirth", WHOLE_LINE + r"outcomes\.primary\.indicator", "did you mean 'stillbirth'"),
    ),
    "a value of the wrong type": (
        edit_parameters("leave_one_out: true", "leave_one_out: perhaps"),
        (WHOLE_LINE + r"robustness\.leave_one_out", "true or false is needed, not 'perhaps'"),
    ),
    "a start outside the data": (
        edit_blocks(swap_window("2010", "2035", "2036")),
        ("starts in 2035, outside the data", WHOLE_LINE + r"design\.start", "correct the start"),
    ),
    "a horizon outside the data": (
        edit_blocks(swap_window("2010", "2016", "2031")),
        ("horizon 2031", WHOLE_LINE + r"outcomes\.primary\.horizon", "that the data cover"),
    ),
    "too few points before the start": (
        edit_blocks(swap_window("2014", "2016", "2019")),
        ("too few points", "2 before and 8 from", WHOLE_LINE + r"design\.start", "longer series"),
    ),
    "a data file that is not there": (
        lambda root: (root / TABLE).unlink(),
        (re.escape(TABLE), "what to do"),
    ),
    "a data file without a byte": (
        lambda root: (root / TABLE).write_text(""),
        ("is empty", re.escape(TABLE), "export the data again"),
    ),
    "a data file without rows": (
        edit_table(lambda lines: lines[:1]),
        ("a header and no rows", re.escape(TABLE), "what to do"),
    ),
    "a data file without a column that is named": (
        edit_table(lambda lines: [lines[0].replace("stillbirths", "still_births"), *lines[1:]]),
        ("stillbirths", re.escape(TABLE), "still_births"),
    ),
    "a count that is no number": (
        edit_table(with_count(6, LIVE_BIRTHS, "many")),
        ("row 6", "'live_births'", "'many'", re.escape(TABLE), "digits only"),
    ),
    "a negative count": (
        edit_table(with_count(6, STILLBIRTHS, "-5")),
        ("row 6", "'stillbirths'", "'-5'", "cannot be negative", "correct"),
    ),
    "a numerator over its denominator": (
        edit_table(with_count(7, 4, "999999")),
        ("row 7", "'neonatal_deaths'", "999999 of", "greater than its denominator"),
    ),
    "rows that are there twice": (
        edit_table(lambda lines: [*lines, lines[20]]),
        ("repeats", "row 21", re.escape(TABLE), "keep one of the two"),
    ),
    "a gap in the series": (
        edit_table(without_years("2013")),
        ("has gaps: 2013", re.escape(TABLE), "design.exclude_periods"),
    ),
    "a gap in one group": (
        edit_table(with_count(16, STILLBIRTHS, "")),
        (r"has gaps: 2011 \(group 3\)", re.escape(TABLE), "supply the missing periods"),
    ),
    "a parameters file that is empty": (
        lambda root: (root / PARAMETERS).write_text(""),
        ("empty", re.escape(PARAMETERS), "what to do"),
    ),
    "a parameters file that is no YAML": (
        edit_parameters("schema: 1", "schema: [1"),
        ("not YAML", re.escape(PARAMETERS) + r":\d+", "check indentation"),
    ),
    "an audit of one source": (
        edit_blocks(
            lambda blocks: blocks.__setitem__(
                "design",
                {
                    "type": "audit",
                    "unit": "England",
                    "place": "England",
                    "reference_source": "ons-births-and-deaths",
                    "sources": [{"source": "ons-births-and-deaths", "kind": "national"}],
                },
            )
            or blocks.__setitem__("robustness", {})
            or blocks.pop("intervention")
        ),
        ("only one is listed", WHOLE_LINE + r"design\.sources", "list a second source"),
    ),
    "a measure that is not fitted": (
        edit_blocks(
            lambda blocks: blocks["outcomes"]["primary"].update(measure="rii", scale="relative")
        ),
        ("'rii' is not fitted", WHOLE_LINE + r"outcomes\.primary\.measure", "what to do"),
    ),
    "a weighting that is not fitted": (
        edit_parameters("weighting: denominator", "weighting: fixed-shares"),
        ("'fixed-shares' is not fitted", WHOLE_LINE + r"outcomes\.primary\.weighting"),
    ),
    "a season in yearly data": (
        edit_parameters("seasonality: none", "seasonality: fourier-1"),
        ("season", WHOLE_LINE + r"design\.seasonality|where: .*design\.seasonality"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_bad_input_is_told_with_place_and_remedy_and_nothing_is_written(
    project: Path, equieval: Equieval, what: str
) -> None:
    spoil, told = CASES[what]
    spoil(project)
    before = tree(project)
    for command in ("check", "run"):
        said = equieval(command)
        assert said.code == 2, said
        for pattern in (*told, "where:"):
            assert re.search(pattern, said.err), (pattern, said.err)
        assert "Traceback" not in said.out + said.err
        assert str(project) not in said.err  # no folder of the user is given away
        assert tree(project) == before


@pytest.mark.parametrize("what", ["a misspelt key", "a data file that is not there"])
def test_release_plan_and_demo_refuse_it_too(project: Path, equieval: Equieval, what: str) -> None:
    spoil, told = CASES[what]
    spoil(project)
    before = tree(project)
    for command in ("plan", "release", "demo"):
        said = equieval(command)
        assert said.code == 2, (command, said)
        assert re.search(told[0], said.err), said.err
        assert {name: state for name, state in tree(project).items() if name in before} == before
        assert not (project / "reports" / ENGLAND).exists()


def test_all_mistakes_of_a_parameters_file_are_told_at_once(
    project: Path, equieval: Equieval
) -> None:
    for old, new in (("  horizon:", "  horizn:"), ("    publisher:", "    publsher:")):
        edit_parameters(old, new)(project)
    said = equieval("check")
    assert said.code == 2
    assert "'horizon'" in said.err
    assert "'publisher'" in said.err


def test_one_bad_evaluation_does_not_stop_the_others(project: Path, equieval: Equieval) -> None:
    (project / "params" / "another.yaml").write_text("schema: 1\n")
    said = equieval("check")
    assert said.code == 2
    assert f"{ENGLAND}: ready to run" in said.out
    assert "params/another.yaml" in said.err


def test_an_unknown_evaluation_is_told_with_the_nearest_name(
    project: Path, equieval: Equieval
) -> None:
    for command in ("check", "plan", "run", "release"):
        said = equieval(command, "stillbirth-care-bundle-englnd")
        assert said.code == 2
        assert f"did you mean '{ENGLAND}'?" in said.err


def test_a_parameters_file_that_is_not_there_is_told(project: Path, equieval: Equieval) -> None:
    said = equieval("check", "params/nothing.yaml")
    assert said.code == 2
    assert "there is no such file" in said.err
    assert "params/nothing.yaml" in said.err


def test_outside_a_project_every_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, equieval: Equieval
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("check", "plan", "run", "release", "site", "status", "demo"):
        said = equieval(command)
        assert said.code == 2, command
        assert "not an equieval project" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_project_without_an_evaluation_says_how_to_begin(
    project: Path, equieval: Equieval
) -> None:
    (project / PARAMETERS).unlink()
    said = equieval("check")
    assert said.code == 2
    assert "params/<id>.yaml" in said.err


@pytest.mark.parametrize(
    "arguments", [("chekc",), ("check", "--jsn"), ("run", "--jobs", "none"), ("run", "--jobs", "0")]
)
def test_a_misspelt_command_or_option_ends_with_usage_and_code_2(
    project: Path, equieval: Equieval, arguments: tuple[str, ...]
) -> None:
    said = equieval(*arguments)
    assert said.code == 2
    assert "Usage: equieval" in said.err or "Usage: root" in said.err


def test_a_process_of_its_own_tells_the_same_without_a_traceback(project: Path) -> None:
    CASES["a misspelt key"][0](project)
    said = run_apart(project, "check")
    assert said.code == 2
    assert "did you mean 'horizon'" in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.parametrize("renderer", ["quarto-please", "latex"])
def test_an_unknown_renderer_is_refused_by_name(
    project: Path, equieval: Equieval, renderer: str
) -> None:
    said = equieval("site", "--renderer", renderer)
    assert said.code == 2
    assert renderer in said.err


def test_the_schema_is_not_written_where_there_is_no_folder(
    project: Path, equieval: Equieval
) -> None:
    said = equieval("schema", "--output", "nowhere/schema.json")
    assert said.code == 2
    assert "there is no such folder" in said.err


def test_a_full_disk_is_told_in_words_and_leaves_nothing(
    project: Path, equieval: Equieval, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device", str(self))

    before = tree(project)
    monkeypatch.setattr(Path, "write_text", full)
    said = equieval("schema", "--output", "schema.json")
    assert said.code == 5
    assert "the disk is full" in said.err
    assert "schema.json" in said.err
    assert tree(project) == before
