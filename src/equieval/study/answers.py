"""From a page to its analysis: which function answers which page, for which design."""

from __future__ import annotations

import pandas as pd

from equieval.study.analysis import Analysis
from equieval.study.appraisal import (
    Answer,
    Appraisal,
    judge,
    judge_inequality,
    judge_outcome,
)
from equieval.study.designs import analyst_of, study_of
from equieval.study.page import Page
from equieval.study.pages import page_spec


def analyse(page: Page) -> Analysis:
    """Return the analysis of a page and record its estimates."""
    design, page_id = page.evaluation.design.type, page.spec.id
    analysis = analyst_of(design, page_id)(page.evaluation, page.observations)
    cells = None
    if page.observations.protection is not None:
        behind = study_of(design).behind
        cells = behind(page.evaluation, page.observations, page_id, analysis.estimates)
    page.record(analysis.estimates, cells)
    return analysis


def estimates_of(page: Page, *page_ids: str) -> pd.DataFrame:
    """Return the estimates of the pages that this one needs, one table.

    In a run they are read as those pages recorded them; run alone, a page computes them.

    Parameters
    ----------
    page_ids : pages by id; all that the page's specification names when left out.
    """
    design = page.evaluation.design.type
    tables = []
    for page_id in page_ids or page.spec.needs:
        spec = page_spec(design, page_id)
        recorded = page.estimates_beside(spec.slug)
        if recorded is None:
            recorded = analyst_of(design, page_id)(page.evaluation, page.observations).estimates
        tables.append(recorded)
    return together(*tables)


def together(*tables: pd.DataFrame) -> pd.DataFrame:
    """Return several tables of estimates as one."""
    return pd.concat(tables, ignore_index=True)


def appraise(page: Page, estimates: pd.DataFrame) -> Appraisal:
    """Judge both questions of the evaluation from its estimates."""
    return judge(page.evaluation, page.observations, estimates)


def appraise_inequality(page: Page, estimates: pd.DataFrame) -> Answer:
    """Judge the primary question alone, on the page that asks it."""
    return judge_inequality(page.evaluation, page.observations, _with_variants(page, estimates))


def appraise_outcome(page: Page, estimates: pd.DataFrame) -> Answer:
    """Judge the question about the outcome alone, on its page."""
    return judge_outcome(page.evaluation, page.observations, _with_variants(page, estimates))


def _with_variants(page: Page, estimates: pd.DataFrame) -> pd.DataFrame:
    """Add the variants that a verdict heeds, so that every page of a report gives the same one.

    They are computed here: the page that shows them needs the estimates of this one.
    """
    variants = study_of(page.evaluation.design.type).variants
    return together(estimates, variants(page.evaluation, page.observations))
