"""What all tests share: on a machine that has everything, a skipped test is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where ``EQUIEVAL_SKIPS_FAIL`` is set, but for Quarto's."""
    report = yield
    strict = os.environ.get("EQUIEVAL_SKIPS_FAIL") == "1"
    xfail = hasattr(report, "wasxfail")
    if strict and report.skipped and not xfail and item.get_closest_marker("quarto") is None:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {reason}"
    return report
