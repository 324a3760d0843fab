"""What Quarto is known to do (guide: docs/decisions), held where Quarto is not installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]


def description(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "_quarto.yml").read_text())
    return found


def test_the_site_never_runs_a_notebook_and_leaves_reports_out() -> None:
    root = description(ROOT)

    assert root["execute"] == {"enabled": False}
    assert not any("reports" in page or "*.ipynb" in page for page in root["project"]["render"])


def test_pages_ask_no_other_host_and_carry_no_inline_script(published) -> None:
    for folder in (ROOT, published.freeze(1)):
        html = description(folder)["format"]["html"]
        assert html["html-math-method"] == "mathml"
        assert html["theme"] == "none"
        assert html["minimal"] is True
        assert "axe" not in html


def test_a_versions_project_names_its_pages_and_has_assets_of_its_own(published) -> None:
    folder = published.freeze(1)
    version = description(folder)

    assert version["project"]["render"] == ["index.ipynb", "data-audit.ipynb", "effect.ipynb"]
    assert version["project"]["output-dir"] == "html"
    assert version["execute"] == {"enabled": False}
    assert version["website"]["search"] is False
    assert (folder / version["format"]["html"]["template"]).is_file()
    assert (folder / version["format"]["html"]["filters"][0]["path"]).is_file()
    assert {path.name for path in (folder / "html" / "assets").iterdir()} >= {"site.css"}


def test_quarto_runs_the_same_steps_before_and_after_as_the_build() -> None:
    project = description(ROOT)["project"]

    for key in ("pre-render", "post-render"):
        assert (ROOT / project[key]).is_file()


def test_the_template_begins_as_quarto_needs_it(published) -> None:
    """Quarto keeps a doctype only in capitals and a charset only on a line of its own."""
    template = (published.freeze(1) / "_theme" / "page.html").read_text()

    assert template.startswith("<!DOCTYPE html>\n")
    assert '\n\n<meta charset="utf-8">\n' in template
    assert 'class="quarto-title-block"' in template
