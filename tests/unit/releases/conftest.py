"""A small project with a draft of two pages, and a renderer that makes pages from notebooks."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import nbformat
import pytest
import yaml

from equieval.data.digests import file_digest
from equieval.disclosure import bundle_digest
from equieval.methods.estimates import estimates_table
from equieval.protocol import Evaluation, load_evaluation
from equieval.releases.gate import inspect_draft
from equieval.releases.record import DisclosureRecord
from equieval.releases.renderer import ReleaseDraft
from equieval.releases.store import Outcome, release
from equieval.releases.subject import Subject, SubjectPage
from equieval.releases.surroundings import Surroundings
from equieval.runs.fingerprint import package_digests
from equieval.runs.notebooks import read_notebook, source_digest
from equieval.runs.plan import Plan
from equieval.study.pages import PageSpec

REPOSITORY = Path(__file__).parents[3]
EVALUATION = "fixture"
DAY = "2026-02-03"
SPECS = (
    PageSpec("summary", "notebooks/summary.ipynb", "index", "Summary", ("identity",)),
    PageSpec("effect", "notebooks/effect-its.ipynb", "effect", "Effect", ("design",)),
)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><path d="M 0 0"/></svg>\n'


def png(*extra: tuple[bytes, bytes]) -> bytes:
    """Return a one-pixel PNG with further chunks before its end."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    picture = chunk(b"IDAT", zlib.compress(b"\0\0"))
    middle = b"".join(chunk(*each) for each in extra)
    return b"\x89PNG\r\n\x1a\n" + header + middle + picture + chunk(b"IEND", b"")


@dataclass
class TinyRenderer:
    """Writes one HTML file per notebook, from the markdown of its outputs."""

    name: str = "tiny"
    version: str = "1"
    seen: list[ReleaseDraft] = field(default_factory=list)
    before_render: Callable[[Path], None] = lambda project: None

    def prepare(self, project: Path, release: ReleaseDraft) -> None:
        self.seen.append(release)
        (project / "_quarto.yml").write_text("project: {type: website}\n", encoding="utf-8")

    def render(self, project: Path) -> None:
        self.before_render(project)
        (project / "html").mkdir()
        for path in sorted(project.glob("*.ipynb")):
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            outputs = [output for cell in cells for output in cell.get("outputs", ())]
            body = "\n".join("".join(o["data"]["text/markdown"]) for o in outputs)
            page = project / "html" / f"{path.stem}.html"
            page.write_text(f"<html><body>{body}</body></html>\n", encoding="utf-8")


def artefact_output(page: str, artefact: str, words: str) -> dict[str, Any]:
    """Return a declared output as ``page.show`` displays it."""
    data = {"text/markdown": words, "text/html": f"<b>{words}</b>", "text/plain": words}
    declared = {"artefact": artefact, "page": page, "sha256": bundle_digest(data)}
    return {"output_type": "display_data", "data": data, "metadata": {"equieval": declared}}


def code_cell(source: str, *outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an executed code cell."""
    return {
        "cell_type": "code",
        "id": "abcd1234",
        "execution_count": 7,
        "metadata": {"tags": list(tags), "papermill": {"duration": 0.4, "status": "completed"}},
        "source": source,
        "outputs": list(outputs),
    }


class Project:
    """A project's folder with a draft; its parts can be spoilt before they are judged."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.draft = root / "reports" / EVALUATION / "draft"
        self.renderer = TinyRenderer()
        self.parameters = yaml.safe_load(
            (REPOSITORY / "params" / "stillbirth-care-bundle-england.yaml").read_bytes()
        )
        self.parameters["identity"] |= {"id": EVALUATION, "title": "A fixture"}
        self.parameters["data"]["sources"][0]["path"] = "data/births.csv"
        self.write("_quarto.yml", "project: {type: website}\n")
        self.write("data/births.csv", "year,births\n2015,10\n")
        self.write("requirements.lock", "pandas==3.1.1\n")
        for spec in SPECS:
            self.write_source(spec.notebook)
            self.write_page(spec.slug)
        self.record_headline("Cannot say.")
        self.write_estimates("effect", level=0.25, slope=-0.125)
        self.save()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def write_source(self, name: str) -> None:
        cell = {
            "cell_type": "code",
            "id": "open-page",
            "execution_count": None,
            "metadata": {},
            "source": "page = 1",
            "outputs": [],
        }
        self.write(name, notebook_text([cell]))

    def write_page(self, slug: str, words: str = "**0.25** more", svg: bytes = SVG) -> None:
        """Write an executed page with one declared figure and its files."""
        files = {"series.svg": svg, "series.png": png(), "series.csv": b"year,rate\n2015,4.5\n"}
        output = artefact_output(slug, "series", words)
        entry = {
            "id": "series",
            "kind": "figure",
            "title": words,
            "sha256": output["metadata"]["equieval"]["sha256"],
            "files": [self._file(slug, name, content) for name, content in files.items()],
            "withheld": 0,
            "estimates": [],
        }
        self.write_index(slug, [entry])
        front = "---\ntitle: A fixture\n---"
        raw = {"cell_type": "raw", "id": "front", "metadata": {}, "source": front}
        self.write_cells(
            slug,
            [
                raw,
                code_cell("design = {}", tags=("injected-parameters",)),
                code_cell('page.show("series", figures.series, frame)', output),
            ],
        )

    def _file(self, slug: str, name: str, content: bytes) -> dict[str, Any]:
        (self.draft / "pages" / slug).mkdir(parents=True, exist_ok=True)
        (self.draft / "pages" / slug / name).write_bytes(content)
        return {"path": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    def write_index(self, slug: str, entries: list[dict[str, Any]]) -> None:
        index = json.dumps({"page": slug, "artefacts": entries})
        (self.draft / "pages" / slug / "artefacts.json").write_text(index, encoding="utf-8")

    def index(self, slug: str) -> list[dict[str, Any]]:
        path = self.draft / "pages" / slug / "artefacts.json"
        return list(json.loads(path.read_text(encoding="utf-8"))["artefacts"])

    def cells(self, slug: str) -> list[dict[str, Any]]:
        path = self.draft / "pages" / f"{slug}.ipynb"
        return list(json.loads(path.read_text(encoding="utf-8"))["cells"])

    def write_cells(self, slug: str, cells: list[dict[str, Any]]) -> None:
        metadata = {"papermill": {"input_path": str(self.root / "notebooks" / "x.ipynb")}}
        path = self.draft / "pages" / f"{slug}.ipynb"
        path.write_text(notebook_text(cells, metadata), encoding="utf-8")

    def add_output(self, slug: str, output: dict[str, Any], source: str = "frame.head()") -> None:
        self.write_cells(slug, [*self.cells(slug), code_cell(f"\n{source}\n", output)])

    def write_estimates(self, slug: str, **values: float) -> None:
        rows = [
            {
                "id": f"{slug}.{name}",
                "page": slug,
                "role": "primary",
                "estimate": value,
                "std_error": 0.5,
                "ci_low": value - 1,
                "ci_high": value + 1,
                "inference": "REML, Satterthwaite",
                "n_obs": 14,
            }
            for name, value in values.items()
        ]
        estimates_table(rows).to_parquet(self.draft / "pages" / slug / "estimates.parquet")

    def record_headline(self, answer: str) -> None:
        path = self.draft / "pages" / "index" / "headline.json"
        path.write_text(json.dumps({"answer": answer}), encoding="utf-8")

    def save(self, *, seconds: float = 1.5, digest: str = "", numpy: str = "2.4") -> None:
        """Write parameters and run record as a run would; data with a digest are not here."""
        text = yaml.safe_dump(self.parameters, sort_keys=False, allow_unicode=True)
        self.write(f"params/{EVALUATION}.yaml", text)
        (self.draft / "params.yaml").write_text(text, encoding="utf-8")
        source = self.parameters["data"]["sources"][0]["id"]
        births = self.root / "data" / "births.csv"
        package = package_digests()
        pages = [
            {
                "id": spec.id,
                "slug": spec.slug,
                "title": spec.title,
                "notebook": spec.notebook,
                "source": source_digest(read_notebook(self.root / spec.notebook)),
                "reads": list(spec.reads),
                "needs": {},
                "seconds": seconds,
            }
            for spec in SPECS
        ]
        run = {
            "schema": 1,
            "evaluation": EVALUATION,
            "parameters": {"sha256": hashlib.sha256(text.encode()).hexdigest()},
            "data": {source: digest or file_digest(births, open_data=True, root=self.root)},
            "package": {"files": package},
            "environment": {"numpy": numpy},
            "seeds": {},
            "pages": pages,
        }
        (self.draft / "run.json").write_text(json.dumps(run), encoding="utf-8")

    @property
    def evaluation(self) -> Evaluation:
        return load_evaluation(self.root / "params" / f"{EVALUATION}.yaml")

    @property
    def reports(self) -> Path:
        return self.draft.parent

    def inspect(self, here: Surroundings | None = None) -> DisclosureRecord:
        pages = [SubjectPage(spec.slug, spec.title, spec.notebook) for spec in SPECS]
        here = here or Surroundings.of(self.root)
        return inspect_draft(self.draft, Subject.of(self.evaluation), pages, here)[1]

    def findings(self, here: Surroundings | None = None) -> list[str]:
        """Return what the gate would refuse, one line per finding, with its rule."""
        return [
            f"{check.rule}: {finding}"
            for check in self.inspect(here).checks
            if check.verdict == "fail"
            for finding in check.findings
        ]

    def release(self, **words: Any) -> Outcome:
        arguments = {"plan": planned(), "renderer": self.renderer, "date": DAY} | words
        return release(self.root, self.evaluation, **arguments)


def notebook_text(cells: list[dict[str, Any]], metadata: dict[str, Any] | None = None) -> str:
    node = nbformat.from_dict(
        {"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}
    )
    for number, cell in enumerate(node["cells"]):
        cell["id"] = f"{cell['id']}-{number}"
    return str(nbformat.writes(node))


def planned(*stale: str, current: bool = True) -> Plan:
    """Return the answer of ``runs.plan`` with the named pages stale."""
    pages = tuple(
        SimpleNamespace(spec=spec, stale=spec.slug in stale, reasons=("the notebook changed",))
        for spec in SPECS
    )
    return Plan(cast(Any, None), cast(Any, pages), current)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def another_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture
def renderer() -> TinyRenderer:
    return TinyRenderer()


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    return planned


@pytest.fixture
def make_png() -> Callable[..., bytes]:
    return png
