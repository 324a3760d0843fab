"""Executed notebooks become pages: what is shown, what is folded, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from equieval.errors import EvaluationFailed, InputError
from equieval.site.notebook import notebook_markdown

FRONT = {"cell_type": "raw", "id": "front", "metadata": {}, "source": ["---\ntitle: T\n---"]}


def code(source: str, *outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "c1",
        "metadata": {"tags": list(tags)},
        "source": [source],
        "outputs": list(outputs),
    }


def shown(**data: str) -> dict[str, Any]:
    bundle = {key.replace("_", "/"): value for key, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": bundle}


def markdown(folder: Path, *cells: dict[str, Any]) -> str:
    path = folder / "page.ipynb"
    path.write_text(json.dumps({"cells": list(cells)}))
    return notebook_markdown(path)


def test_code_is_marked_to_be_folded_and_its_markdown_output_shown(tmp_path: Path) -> None:
    text = markdown(tmp_path, FRONT, code("x = 1", shown(text_markdown="Ten *percent*")))

    assert text.startswith("---\ntitle: T\n---")
    assert "``` {.python .cell-code}\nx = 1\n```" in text
    assert "Ten *percent*" in text


def test_markdown_is_preferred_to_html_and_text(tmp_path: Path) -> None:
    text = markdown(
        tmp_path,
        FRONT,
        code("x", shown(text_html="<b>html</b>", text_markdown="words", text_plain="plain")),
    )

    assert "words" in text
    assert "<b>html</b>" not in text
    assert "plain" not in text


@pytest.mark.parametrize(
    ("tags", "source", "code_shown", "output_shown"),
    [
        (("remove-cell",), "x = 1", False, False),
        (("hide-code",), "x = 1", False, True),
        ((), "#| echo: false\nx = 1", False, True),
        ((), "#| include: false\nx = 1", False, False),
        (("parameters",), "x = 1", True, True),
    ],
)
def test_tags_and_cell_options_hide_what_they_say(
    tmp_path: Path, tags: tuple[str, ...], source: str, code_shown: bool, output_shown: bool
) -> None:
    text = markdown(tmp_path, FRONT, code(source, shown(text_markdown="Result"), tags=tags))

    assert ("x = 1" in text) is code_shown
    assert ("Result" in text) is output_shown


def test_a_stored_error_is_refused_with_page_and_cell(tmp_path: Path) -> None:
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no data", "traceback": []}

    with pytest.raises(EvaluationFailed, match="ValueError: no data") as caught:
        markdown(tmp_path, FRONT, code("x", error))
    assert caught.value.where == "page.ipynb, cell 2"


def test_a_notebook_without_front_matter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no front matter"):
        markdown(tmp_path, code("x"))


def test_code_with_backticks_stays_inside_its_fence(tmp_path: Path) -> None:
    text = markdown(tmp_path, FRONT, code('x = """```{=html}"""'))

    assert "````" in text
