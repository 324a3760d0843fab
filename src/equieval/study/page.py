"""A page's context: what a notebook opens in its second cell and works with.

page = study.open_page("effect", identity=identity, data=data, ...)
analysis = study.analyse(page)
page.show("series", figures.counterfactual_series, analysis.frames["series"])
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import display

from equieval.data import Observations, load_observations
from equieval.disclosure.profiles import profile
from equieval.errors import ParametersError
from equieval.methods.estimates import estimates_table
from equieval.protocol import Evaluation
from equieval.protocol.blocks import WITH_DEFAULTS
from equieval.protocol.loading import UnreadableFileError, parse, read
from equieval.protocol.root import project_root
from equieval.study.pages import PageSpec, page_spec
from equieval.study.registry import Maker, Registry
from equieval.study.safeguard import Safeguarded, safeguard
from equieval.study.words import page_words

PAGE_FOLDER_VARIABLE = "EQUIEVAL_PAGE_DIR"
ESTIMATES = "estimates.parquet"
CELLS = "cells.parquet"
HEADLINE = "headline.json"


@dataclass
class Page:
    """One page of one evaluation while its notebook runs.

    Attributes
    ----------
    spec : the page's entry in the page graph.
    evaluation : the validated blocks that the page reads.
    root : the project's folder; all paths of the parameters resolve from it.
    folder : where the page writes its artefacts and estimates.
    registry : the artefacts declared so far.
    """

    spec: PageSpec
    evaluation: Evaluation
    root: Path
    folder: Path
    registry: Registry = field(repr=False)

    @cached_property
    def safeguarded(self) -> Safeguarded:
        """The observations as they may be published, loaded and protected on first use."""
        exact = load_observations(self.evaluation, self.root)
        return safeguard(self.evaluation, exact, self.root)

    @property
    def recorded(self) -> Observations:
        """The observations by the groups that the sources record, as they may be published."""
        return self.safeguarded.observations

    @cached_property
    def observations(self) -> Observations:
        """The observations in the groups that the evaluation asks for."""
        return self.safeguarded.grouped(self.evaluation.equity.grouping)

    def withheld(self) -> pd.DataFrame | None:
        """Return what share of the counts is withheld: ``reason, share``; None without such rules.

        Shares in words ("about 12% of counts"), so that no count follows from them.
        """
        return self.safeguarded.withheld_shares()

    @cached_property
    def words(self) -> dict[str, Any]:
        """What things are called on this page."""
        return page_words(self.spec, self.evaluation)

    def show(self, artefact_id: str, maker: Maker, data: pd.DataFrame, **words: Any) -> None:
        """Declare an artefact made from ``data`` and display it.

        The frame passes through the disclosure profile before the maker sees it; see
        `equieval.study.registry.Registry.declare`. Words that the maker asks for and that are
        not given here come from the evaluation (`equieval.study.words`).
        """
        asked = inspect.signature(maker).parameters
        known = {name: value for name, value in self.words.items() if name in asked}
        declared = self.registry.declare(artefact_id, maker, data, **{**known, **words})
        display(declared.bundle, raw=True, metadata=declared.metadata)  # type: ignore[no-untyped-call]

    def record(self, estimates: pd.DataFrame, cells: pd.DataFrame | None = None) -> None:
        """Save the page's estimates (Estimates table) beside its artefacts.

        ``cells`` are those behind the estimates (`equieval.disclosure.models`): the release gate
        judges by them, and they are never published.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = ({str(k): v for k, v in row.items()} for row in estimates.to_dict("records"))
        table = estimates_table(rows)
        table.to_parquet(self.folder / ESTIMATES, index=False)
        if cells is not None:
            cells.to_parquet(self.folder / CELLS, index=False)

    def record_headline(self, headline: Mapping[str, Any]) -> None:
        """Save the answer in brief, which the portfolio shows on its card."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(headline), indent=1, ensure_ascii=False, sort_keys=True)
        (self.folder / HEADLINE).write_text(text, encoding="utf-8")

    def estimates_beside(self, slug: str) -> pd.DataFrame | None:
        """Return the estimates that a page of the same run has recorded, if it has."""
        path = self.folder.parent / slug / ESTIMATES
        return pd.read_parquet(path) if path.is_file() else None


def open_page(page_id: str, **blocks: Any) -> Page:
    """Validate the blocks that a page was given and open its context.

    Parameters
    ----------
    page_id : the page, as `equieval.study.pages` names it.
    blocks : the top-level blocks of the parameters file that the page reads.

    Raises
    ------
    ParametersError : a block that the page reads is missing, or a value is not valid.
    DesignError : the design has no such page.
    """
    where = f"page {page_id}"
    root = project_root()
    evaluation = Evaluation.of_blocks(_without_the_examples(blocks, root), where=where)
    spec = page_spec(evaluation.design.type, page_id)
    absent = [name for name in spec.reads if name not in blocks]
    if absent:
        raise ParametersError(
            f"the page does not pass on the block '{absent[0]}'",
            where=where,
            remedy=f"open it with all of: {', '.join(spec.reads)}",
        )
    folder = _page_folder(root, evaluation.identity.id, spec)
    registry = Registry(spec.slug, folder, profile(evaluation.disclosure.profile))
    return Page(spec, evaluation, root, folder, registry)


def _without_the_examples(blocks: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return the blocks, those empty that the evaluation's own file leaves out.

    Papermill replaces only what the file has: of what it leaves out, the notebook keeps the
    block of its example, which is another evaluation's.
    """
    identity = blocks.get("identity")
    name = identity.get("id") if isinstance(identity, Mapping) else None
    for path in (root / "params" / f"{name}.yaml", root / "params.yaml"):
        if path.is_file():
            try:
                filed = parse(read(path)).values
            except UnreadableFileError:
                break
            absent = {block for block in WITH_DEFAULTS if block in blocks and block not in filed}
            return {**blocks, **{block: {} for block in absent}}
    return dict(blocks)


def _page_folder(root: Path, evaluation_id: str, spec: PageSpec) -> Path:
    """A run says where its pages write; by hand they write to a scratch folder."""
    given = os.environ.get(PAGE_FOLDER_VARIABLE)
    if given:
        return Path(given)
    return root / "reports" / evaluation_id / "scratch" / spec.slug
