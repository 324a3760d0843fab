"""Which pages an evaluation has: one table from design to pages.

A page is one notebook. It names the blocks of the parameters file that it reads
(its Papermill parameters, and part of its cache key) and the pages whose estimates it
needs. Run alone, a page computes those estimates itself through `equieval.study.analyse`.
"""

from __future__ import annotations

from dataclasses import dataclass

from equieval.errors import DesignError, did_you_mean

ANALYSIS_BLOCKS = ("identity", "data", "outcomes", "equity", "design", "disclosure")
EVERY_BLOCK = (
    "identity",
    "programme",
    "intervention",
    "population",
    "data",
    "outcomes",
    "equity",
    "design",
    "robustness",
    "disclosure",
    "release",
)


@dataclass(frozen=True)
class PageSpec:
    """One page of a report.

    Attributes
    ----------
    id : the page's name in estimates and artefacts, e.g. ``"effect"``.
    notebook : path of the notebook from the project root.
    slug : file name of the page in the report, without suffix.
    title : heading of the page and its entry in the report's navigation.
    reads : top-level blocks of the parameters file, as the parameters cell names them.
    needs : ids of the pages whose estimates it uses.
    """

    id: str
    notebook: str
    slug: str
    title: str
    reads: tuple[str, ...]
    needs: tuple[str, ...] = ()


_SUMMARY = PageSpec(
    id="summary",
    notebook="notebooks/summary.ipynb",
    slug="index",
    title="Summary",
    reads=EVERY_BLOCK,
    needs=("baseline-inequality", "effect", "inequality-effect", "robustness"),
)
_DATA_AUDIT = PageSpec(
    id="data-audit",
    notebook="notebooks/data-audit.ipynb",
    slug="data-audit",
    title="Data audit",
    reads=ANALYSIS_BLOCKS,
)
_BASELINE = PageSpec(
    id="baseline-inequality",
    notebook="notebooks/baseline-inequality.ipynb",
    slug="baseline-inequality",
    title="Baseline inequality",
    reads=(*ANALYSIS_BLOCKS, "robustness"),
)
_METHODS = PageSpec(
    id="methods",
    notebook="notebooks/methods-and-provenance.ipynb",
    slug="methods",
    title="Methods and provenance",
    reads=EVERY_BLOCK,
    needs=("baseline-inequality", "effect", "inequality-effect", "robustness"),
)


def _audit_pages() -> tuple[PageSpec, ...]:
    """Return the pages of an audit, which has no intervention to read about."""
    every = (*ANALYSIS_BLOCKS, "programme", "population", "release")
    analysed = ("source-agreement", "inequality")
    return (
        PageSpec("summary", "notebooks/audit-summary.ipynb", "index", "Summary", every, analysed),
        _DATA_AUDIT,
        PageSpec(
            "source-agreement",
            "notebooks/audit-sources.ipynb",
            "source-agreement",
            "Where sources agree and differ",
            ANALYSIS_BLOCKS,
        ),
        PageSpec(
            "inequality",
            "notebooks/audit-inequality.ipynb",
            "inequality",
            "Inequality by group",
            ANALYSIS_BLOCKS,
        ),
        PageSpec(
            "action-plan",
            "notebooks/audit-actions.ipynb",
            "action-plan",
            "Action plan (stage 2)",
            ANALYSIS_BLOCKS,
            analysed,
        ),
        PageSpec(
            "methods",
            "notebooks/audit-methods.ipynb",
            "methods",
            "Methods and provenance",
            every,
            analysed,
        ),
    )


def _effect_pages(notebooks: str) -> tuple[PageSpec, ...]:
    """Return the pages that answer the question, from the notebooks of one kind of design."""
    reads = (*ANALYSIS_BLOCKS, "intervention", "population", "robustness")
    return (
        PageSpec(
            id="effect",
            notebook=f"notebooks/effect-{notebooks}.ipynb",
            slug="effect",
            title="Effect on the outcome",
            reads=reads,
        ),
        PageSpec(
            id="inequality-effect",
            notebook=f"notebooks/inequality-effect-{notebooks}.ipynb",
            slug="inequality-effect",
            title="Effect on inequality",
            reads=reads,
            needs=("baseline-inequality",),
        ),
        PageSpec(
            id="robustness",
            notebook=f"notebooks/robustness-{notebooks}.ipynb",
            slug="robustness",
            title="Robustness",
            reads=reads,
            needs=("effect", "inequality-effect"),
        ),
    )


_PAGES: dict[str, tuple[PageSpec, ...]] = {
    "audit": _audit_pages(),
    "its": (_SUMMARY, _DATA_AUDIT, _BASELINE, *_effect_pages("its"), _METHODS),
    "controlled-its": (_SUMMARY, _DATA_AUDIT, _BASELINE, *_effect_pages("its"), _METHODS),
    "did": (_SUMMARY, _DATA_AUDIT, _BASELINE, *_effect_pages("did"), _METHODS),
    "staggered-did": (_SUMMARY, _DATA_AUDIT, _BASELINE, *_effect_pages("did"), _METHODS),
    "synthetic-did": (_SUMMARY, _DATA_AUDIT, _BASELINE, *_effect_pages("did"), _METHODS),
}


def designs() -> tuple[str, ...]:
    """Return the designs that this version can report on."""
    return tuple(_PAGES)


def pages_for(design: str) -> tuple[PageSpec, ...]:
    """Return the pages of a report with this design, in reading order.

    Raises
    ------
    DesignError : no pages exist for the design in this version.
    """
    try:
        return _PAGES[design]
    except KeyError:
        raise DesignError(
            f"design '{design}' has no report pages in this version",
            where="design.type",
            remedy=did_you_mean(design, _PAGES),
        ) from None


def page_spec(design: str, page_id: str) -> PageSpec:
    """Return one page of a design by its id."""
    specs = {spec.id: spec for spec in pages_for(design)}
    try:
        return specs[page_id]
    except KeyError:
        raise DesignError(
            f"design '{design}' has no page '{page_id}'",
            where="study.open_page",
            remedy=did_you_mean(page_id, specs),
        ) from None
