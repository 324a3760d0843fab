"""The names of files and folders in drafts and versions.

The names of a draft are those of `equieval.runs.draft`; they are repeated here because reading
releases must not load what running pages needs.
"""

from __future__ import annotations

REPORTS = "reports"

PAGES = "pages"
RUN_RECORD = "run.json"
PARAMETERS = "params.yaml"
PAGE_ESTIMATES = "estimates.parquet"
HEADLINE = "headline.json"

RELEASE_RECORD = "release.json"
MANIFEST = "manifest.json"
DISCLOSURE_RECORD = "disclosure.json"
CHANGES = "changes.json"
CHANGE_PAGE = "changes"  # the slug of the page made from it
PROVENANCE_PAGE = "provenance"
RELEASE_PAGES = (CHANGE_PAGE, PROVENANCE_PAGE)  # made by the release, not by the run
REGISTRATION = "registration.json"
CITATION = "CITATION.cff"
ESTIMATES_CSV = "estimates.csv"
ESTIMATES_PARQUET = "estimates.parquet"
DATA_PACKAGE = "datapackage.json"
INPUTS = "inputs"
NOTEBOOKS = "notebooks"
CODE = "code"
LOCK_FILE = "requirements.lock"
