"""The reporting checklist: each item of STROBE, RECORD and STROBE-Equity, and where it is.

Items by STROBE for observational studies (von Elm et al. 2007, PLoS Med 4:e296) and its extension
RECORD for routinely collected data (Benchimol et al. 2015, PLoS Med 12:e1001885), numbered as
there; what STROBE-Equity asks besides is named by its subject. The intervention is described by
TIDieR, and a series judged by EPOC's criteria, in tables of their own.
"""

from __future__ import annotations

import pandas as pd

SUMMARY, AUDIT, BASELINE = "Summary", "Data audit", "Baseline inequality"
OUTCOME, INEQUALITY = "Effect on the outcome", "Effect on inequality"
ROBUSTNESS, METHODS = "Robustness", "Methods and provenance"

_ITEMS: tuple[tuple[str, str, str], ...] = (
    ("STROBE 1", "Design in the title; a balanced summary", f"{SUMMARY}: title, key points"),
    ("STROBE 2", "Background and rationale", f"{METHODS}: the intervention (2 Why)"),
    ("STROBE 3", "Objectives", f"{SUMMARY}: what was evaluated"),
    ("STROBE 4", "Study design", f"{OUTCOME}: what is estimated, the model"),
    ("STROBE 5", "Setting, places and dates", f"{SUMMARY}: what was evaluated; {METHODS}: "
     "population and programme"),
    ("STROBE 6", "Participants and eligibility", f"{METHODS}: population and programme"),
    ("STROBE 7", "Variables", f"{METHODS}: protocol (parameters); the site's indicator catalogue"),
    ("STROBE 8", "Data sources and measurement", f"{AUDIT}: sources"),
    ("STROBE 9", "Bias", f"{ROBUSTNESS}: seven conditions"),
    ("STROBE 10", "Study size", f"{SUMMARY}: what these data can carry"),
    ("STROBE 11", "Groupings and why", f"{METHODS}: population and programme, protocol"),
    ("STROBE 12", "Statistical methods, missing data, sensitivity", f"{OUTCOME}: the model, other "
     f"estimators; {INEQUALITY}: by measure; {AUDIT}; {ROBUSTNESS}"),
    ("STROBE 13", "Numbers at each stage", f"{AUDIT}: is every figure there?; {BASELINE}: the "
     "figures behind it"),
    ("STROBE 14", "Descriptive data", f"{BASELINE}: the last period before the start"),
    ("STROBE 15", "Outcome data", f"{BASELINE}: over time, the figures behind it"),
    ("STROBE 16", "Main results with intervals, absolute and relative",
     f"{OUTCOME}; {INEQUALITY}"),
    ("STROBE 17", "Other analyses: groups, interactions, sensitivity",
     f"{INEQUALITY}: by group, by measure; {ROBUSTNESS}"),
    ("STROBE 18", "Key results", f"{SUMMARY}: key points"),
    ("STROBE 19", "Limitations", f"{SUMMARY}: certainty, key points; {ROBUSTNESS}: seven "
     "conditions"),
    ("STROBE 20", "Interpretation", f"{SUMMARY}: key points, what these data can carry"),
    ("STROBE 21", "Generalisability", f"{METHODS}: the intervention (transferability)"),
    ("STROBE 22", "Funding", "Not stated: the protocol has no entry for it"),
    ("RECORD 1", "Type of data, place, time and linkage up front", f"{SUMMARY}: what was "
     f"evaluated; {AUDIT}: sources"),
    ("RECORD 6", "How the population was selected from the records", f"{METHODS}: population and "
     "programme; the site's indicator catalogue"),
    ("RECORD 7", "Codes and definitions", f"{METHODS}: protocol (parameters); the site's "
     "indicator catalogue"),
    ("RECORD 12", "Access to data, cleaning, linkage", f"{AUDIT}: sources, do the parts add up?, "
     "where does the series break?"),
    ("RECORD 13", "Filtering by quality and linkage", f"{AUDIT}: is every figure there?, is "
     "everybody's group recorded?"),
    ("RECORD 19", "Limits of data not made for research", f"{AUDIT}: further work; {ROBUSTNESS}: "
     "seven conditions"),
    ("RECORD 22", "Protocol, data and code", f"{SUMMARY}: downloads; {METHODS}: protocol, "
     "rerunning this report"),
    ("STROBE-Equity: groups", "Which groups, in which order, by which edition",
     f"{METHODS}: population and programme"),
    ("STROBE-Equity: reasons", "Why the gap should narrow, and how it could widen",
     f"{METHODS}: the intervention (how it should work)"),
    ("STROBE-Equity: people concerned", "How people with lived experience took part",
     f"{METHODS}: the intervention"),
    ("STROBE-Equity: reach", "Whom the intervention reached, by group",
     f"{METHODS}: the intervention (reach, dose, fidelity)"),
    ("STROBE-Equity: unknown groups", "People whose group is not known",
     f"{AUDIT}: is everybody's group recorded?; {BASELINE}"),
    ("STROBE-Equity: measures", "Absolute and relative inequality", f"{BASELINE}; {INEQUALITY}: by "
     "measure"),
    ("STROBE-Equity: who moved", "Effects by group, and which end of the gap moved",
     f"{INEQUALITY}: by group"),
)  # fmt: skip


def checklist() -> pd.DataFrame:
    """Return the reporting items, what each asks, and where it is: ``item, asked, where``."""
    return pd.DataFrame(_ITEMS, columns=["item", "asked", "where"])
