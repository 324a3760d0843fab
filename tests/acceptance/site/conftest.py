"""A project with published versions, made quickly: executed notebooks in the shape of real ones.

The pages are frozen by the real renderers; only the running of notebooks is left out, because
what is tested here begins where a run ends.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from equieval.releases.renderer import Download, ReleaseDraft, ReleasePage
from equieval.releases.status import Status
from equieval.site.pandoc import PandocRenderer
from equieval.site.quarto import QuartoRenderer

ROOT = Path(__file__).resolve().parents[3]
PAGES = (
    ReleasePage("index", "Summary"),
    ReleasePage("data-audit", "Data audit"),
    ReleasePage("effect", "Effect on the outcome"),
)
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 692 360">'
    '<path d="M40 300 L340 160 L660 90" fill="none" stroke="#12436D" stroke-width="4"/></svg>'
)
FIGURE = """```{{=html}}
<figure id="fig-series" class="artefact" tabindex="0">
<figcaption><span class="artefact-number">Figure 1.</span>
<span class="artefact-title">The rate fell by {fall} per 1,000</span>
<span class="artefact-subtitle">Stillbirths per 1,000 births</span></figcaption>
<img src="{slug}/series.svg" alt="Line chart: the rate fell by {fall}." width="692" height="360">
<p class="downloads">Download <a href="{slug}/series.csv" download>data (CSV)
<span class="visually-hidden"> of figure 1</span></a></p>
</figure>
```"""
TABLE = """```{=html}
<div class="table-scroll" role="region" tabindex="0" aria-labelledby="tbl-effects-caption">
<table id="tbl-effects" class="artefact" data-quarto-disable-processing="true">
<caption id="tbl-effects-caption"><span class="artefact-number">Table 1.</span> Effects</caption>
<thead><tr><th scope="col">Estimator</th><th scope="col" class="numeric">Effect</th></tr></thead>
<tbody><tr><th scope="row">REML</th><td class="numeric">−0.8</td></tr></tbody>
</table>
</div>
```"""

PARAMETERS = {
    "programme": {
        "id": "perinatal",
        "title": "Perinatal health equity",
        "summary": "Closing gaps around birth.",
        "gap_domains": ["access-to-care"],
        "population_groups": ["deprived-area", "coastal"],
        "workstreams": ["systems-and-processes"],
        "clinical_priorities": ["maternity"],
        "pledges": ["pledge-4"],
        "guidance_priorities": ["priority-4"],
    },
    "intervention": {
        "name": "Smokefree pathway",
        "summary": "Help to stop smoking in pregnancy.",
        "reach": {"status": "measured", "words": "Two in three women.", "by_group": "Evenly."},
        "engagement": {"status": "took-part", "words": "Eight women shaped the pathway."},
        "transferability": "Needs advisers.",
    },
    "outcomes": {
        "primary": {"indicator": "smoking-at-delivery", "measure": "sii", "scale": "absolute"}
    },
}


@dataclass(frozen=True)
class Published:
    """A project folder and how to add a version to it."""

    root: Path
    freeze: Callable[..., Path]


def executed_notebook(page: ReleasePage, title: str, fall: float) -> dict[str, Any]:
    """Return an executed page as a run leaves it."""
    front = [f"---\ntitle: '{title if page.slug == 'index' else page.title}'\n---"]
    cells: list[dict[str, Any]] = [
        {"cell_type": "raw", "id": "front", "metadata": {}, "source": front},
        _markdown("words", f"# {page.title}\n\n## What was found\n\nSee @fig-series, and $x^2$."),
        _code("parameters", "identity = {}", tags=["parameters", "remove-cell"]),
        _code("figure", 'page.show("series", ...)', [FIGURE.format(slug=page.slug, fall=fall)]),
        _markdown("more", "## Other estimators\n\nBack to [the summary](index.ipynb)."),
        _code("table", "page.show(...)", [TABLE], tags=["hide-code"]),
    ]
    return {"cells": cells, "metadata": _KERNEL, "nbformat": 4, "nbformat_minor": 5}


_KERNEL = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


def _markdown(cell_id: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": [text]}


def _code(
    cell_id: str, source: str, shown: list[str] | None = None, tags: list[str] | None = None
) -> dict[str, Any]:
    outputs = [
        {
            "output_type": "display_data",
            "metadata": {"equieval": {"artefact": cell_id}},
            "data": {"text/markdown": [text], "text/plain": [""]},
        }
        for text in shown or ()
    ]
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {"tags": tags} if tags else {},
        "source": [source],
        "outputs": outputs,
        "execution_count": 1,
    }


def freeze_version(
    root: Path,
    version: int = 1,
    *,
    evaluation: str = "smokefree-north",
    title: str = "Smokefree pathway in the north",
    status: Status = Status.FINAL,
    date: str = "2025-03-09",
    synthetic: bool = False,
    pages: tuple[ReleasePage, ...] = PAGES,
    renderer: Any = None,
    label: str = "",
    fall: float = 0.8,
    parameters: dict[str, Any] | None = None,
) -> Path:
    """Freeze one version as `equieval release` does and return its folder."""
    folder = root / "reports" / evaluation / f"v{version}"
    folder.mkdir(parents=True)
    for page in pages:
        notebook = executed_notebook(page, title, fall)
        (folder / f"{page.slug}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        (folder / page.slug).mkdir()
        (folder / page.slug / "series.svg").write_text(PICTURE, encoding="utf-8")
        (folder / page.slug / "series.csv").write_text(f"period,rate\n2016,{fall}\n")
    (folder / "estimates.csv").write_text("id,estimate\nprimary,-0.8\n")
    (folder / "params.yaml").write_text(yaml.safe_dump(parameters or PARAMETERS))
    headline = {
        "question": "Did the gap narrow?",
        "answer": "These data cannot say whether the gap narrowed.",
        "design": "Interrupted time series",
        "population": "Births in one region",
        "effect_on_outcome": "0.8 fewer per 1,000 (95% interval 2.1 fewer to 0.5 more)",
        "effect_on_gap": "0.3 narrower per 1,000 (95% interval 1.9 narrower to 1.3 wider)",
        "certainty": "Very low",
    }
    draft = ReleaseDraft(
        id=evaluation,
        version=version,
        title=title,
        label=label,
        status=status,
        date=date,
        pages=pages,
        synthetic=synthetic,
        headline=headline,
        downloads=(Download("estimates.csv", "All estimates (CSV)", 28),),
        previous=version - 1 or None,
        authors=("A. Author",),
        contact="author@example.org",
    )
    chosen = renderer or PandocRenderer(root)
    chosen.prepare(folder, draft)
    chosen.render(folder)
    record = {
        "schema": 1,
        "id": evaluation,
        "version": version,
        "title": title,
        "label": label,
        "status": status.value,
        "date": date,
        "approvers": [],
        "renderer": {"name": chosen.name, "version": chosen.version},
        "content_digest": f"digest-{version}",
        "previous": draft.previous,
        "headline": headline,
        "pages": [{"slug": page.slug, "title": page.title} for page in pages],
        "synthetic": synthetic,
    }
    (folder / "release.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """A copy of the project's own site pages, with nothing published yet."""
    return make_project(tmp_path / "project")


def make_project(root: Path) -> Published:
    """Copy the site's pages and description to ``root``."""
    root.mkdir()
    shutil.copy(ROOT / "_quarto.yml", root)
    for page in ROOT.glob("*.qmd"):
        shutil.copy(page, root)
    for folder in ("guide", "theme"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))

    def freeze(version: int = 1, **words: Any) -> Path:
        return freeze_version(root, version, **words)

    return Published(root, freeze)


@pytest.fixture(scope="session")
def published_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built site: a report with three versions, one of them withdrawn, and a synthetic one.

    Where Quarto is installed, one more report that it rendered.
    """
    from equieval.site import build

    project = make_project(tmp_path_factory.mktemp("site") / "project")
    pages = (*PAGES, ReleasePage("robustness", "Robustness"))
    project.freeze(1, status=Status.PROVISIONAL, label="2022 data", date="2024-02-01", pages=pages)
    project.freeze(2, label="2023 data", date="2025-03-09")
    project.freeze(3, status=Status.WITHDRAWN, label="wrong file", date="2025-04-01")
    culture = {**PARAMETERS["programme"], "id": "staff", "title": "Race equality for staff"}
    culture |= {"gap_domains": ["quality-of-care"], "workstreams": ["culture"]}
    project.freeze(
        1,
        evaluation="made-up",
        title="A made-up programme",
        synthetic=True,
        parameters={**PARAMETERS, "programme": culture},
    )
    if shutil.which("quarto"):
        quarto = QuartoRenderer(project.root)
        project.freeze(1, evaluation="by-quarto", title="Rendered by Quarto", renderer=quarto)
    return build(project.root, renderer="pandoc").path
