"""Parameters files are read exactly as Papermill reads them, and hostile ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from papermill.iorw import NoDatesSafeLoader, read_yaml_file

from equieval.errors import ParametersError
from equieval.protocol import InvalidParametersError, load_evaluation
from equieval.protocol.loading import MAX_BYTES, NoDatesLoader, parse

PROJECT = Path(__file__).parents[3]


def test_a_file_holds_the_same_values_for_us_and_for_papermill(
    valid_text: str, tmp_path: Path
) -> None:
    text = valid_text + "more:\n  day: 2016-03-01\n  yes: no\n  base: 1:30\n  none: ~\n  n: 0o17\n"
    path = tmp_path / "example.yaml"
    path.write_text(text)
    ours = parse(text).values
    assert ours == read_yaml_file(str(path))
    assert ours["more"]["day"] == "2016-03-01"  # type: ignore[index]


def test_the_loader_resolves_the_same_words_as_papermills() -> None:
    assert NoDatesLoader.yaml_implicit_resolvers == NoDatesSafeLoader.yaml_implicit_resolvers


@pytest.mark.parametrize("path", sorted((PROJECT / "params").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_file_is_valid(path: Path) -> None:
    evaluation = load_evaluation(path)
    assert evaluation.identity.id == path.stem
    assert path.read_text().startswith(
        "# yaml-language-server: $schema=evaluation.schema.json\nschema: 1\n"
    )


def test_periods_may_be_written_with_or_without_quotes(load: Any, valid_text: str) -> None:
    unquoted = valid_text.replace('"', "")
    assert "start: 2016" in unquoted
    assert load(unquoted) == load(valid_text)


HOSTILE = {
    "empty": (b"", "the file is empty"),
    "only comments": (b"# nothing\n", "the file is empty"),
    "a list": (b"- a\n- b\n", "no keys with values at its top"),
    "a word": (b"hello", "no keys with values at its top"),
    "tab": (b"identity:\n\tid: a\n", "a tab cannot indent YAML"),
    "not UTF-8": (b"schema: 1\nidentity:\n  title: caf\xe9\n", "not UTF-8"),
    "NUL": (b"schema: 1\nidentity: \x00\n", "character that YAML does not allow"),
    "open bracket": (b"schema: [1\nidentity: a\n", "this is not YAML"),
    "two documents": (b"schema: 1\n---\nschema: 1\n", "several documents"),
    "python object": (b"schema: !!python/object/apply:os.system [ls]\n", "this is not YAML"),
    "a list as key": (b"? [a, b]\n: 1\n", "a key has to be text"),
    "self reference": (b"schema: &a [*a]\n", "an alias refers to itself"),
    "unknown alias": (b"schema: *nowhere\n", "this is not YAML"),
    "huge number": (b"schema: " + b"9" * 5000 + b"\n", "a number cannot be read"),
    "deep nesting": (b"schema: " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
    "huge file": (b"#" * (MAX_BYTES + 1), "at most 250,000"),
}


@pytest.mark.parametrize(("content", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_with_a_reason_and_a_remedy(
    load: Any, content: bytes, said: str
) -> None:
    with pytest.raises(ParametersError) as caught:
        load(content)
    assert said in str(caught.value)
    assert caught.value.where.startswith("params/example.yaml")
    assert caught.value.remedy
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 600


def test_an_alias_bomb_is_refused_before_it_unfolds(load: Any) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(InvalidParametersError, match="unfolds to more than"):
        load("\n".join(lines))


def test_an_ordinary_alias_is_fine(load: Any, valid_text: str) -> None:
    text = valid_text.replace("denominator: [live_births, stillbirths]", "denominator: *both")
    text = text.replace("numerator: [stillbirths]", "numerator: &both [stillbirths, live_births]")
    source = load(text).data.sources[0]
    assert source.indicators["stillbirth"].denominator == ("stillbirths", "live_births")


def test_a_key_given_twice_is_refused_with_both_lines(load: Any, valid_text: str) -> None:
    line = valid_text[: valid_text.index("  start:")].count("\n") + 1
    text = valid_text.replace('  start: "2016"\n', '  start: "2016"\n  start: "2017"\n')
    with pytest.raises(InvalidParametersError) as caught:
        load(text)
    assert f"the key 'start' is given twice (lines {line} and {line + 1})" in str(caught.value)


def test_the_line_of_a_syntax_error_is_named(load: Any) -> None:
    with pytest.raises(InvalidParametersError) as caught:
        load("schema: 1\nidentity:\n  title: a: b\n")
    assert caught.value.where == "params/example.yaml:3"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParametersError, match="no such file") as caught:
        load_evaluation(tmp_path / "nothing.yaml")
    assert "nothing.yaml" in caught.value.where


def test_a_folder_is_no_parameters_file(tmp_path: Path) -> None:
    with pytest.raises(ParametersError, match="this is a folder"):
        load_evaluation(tmp_path)


def test_a_message_never_shows_where_the_home_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "bad.yaml").write_text("schema: 2\n")
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(ParametersError) as caught:
        load_evaluation(tmp_path / "bad.yaml")
    assert str(tmp_path) not in str(caught.value)


def test_merge_keys_are_read_as_papermill_reads_them(tmp_path: Path) -> None:
    text = "base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3\n"
    assert parse(text).values == yaml.safe_load(text)
