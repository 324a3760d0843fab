"""The disclosure record of a release: what was checked, what was found, who approved.

The words pass, review and fail are those of the SACRO/acro project's output checking.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from equieval.errors import DisclosureRefused

_FIRST_LINE = 60


class Verdict(StrEnum):
    """The outcome of a check."""

    PASS = "pass"  # noqa: S105 -- a verdict, not a password
    REVIEW = "review"
    FAIL = "fail"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that must not be published, and where it is.

    Attributes
    ----------
    message : what is wrong, in words.
    file : path inside the folder that was checked.
    cell : 1-based position of the notebook's cell; 0 where it is no cell.
    first_line : the cell's first line of source, which a reader recognises it by.
    """

    message: str
    file: str = ""
    cell: int = 0
    first_line: str = ""

    @property
    def where(self) -> str:
        """File, cell and first line, as far as they are known."""
        parts = [self.file] if self.file else []
        if self.cell:
            line = f" ({self.first_line})" if self.first_line else ""
            parts.append(f"cell {self.cell}{line}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


def first_line(source: str) -> str:
    """Return the first line of a cell's source that says something, shortened."""
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line if len(line) <= _FIRST_LINE else f"{line[: _FIRST_LINE - 1]}…"


@dataclass(frozen=True)
class Check:
    """One rule of the gate and its outcome.

    Attributes
    ----------
    rule : short name of the rule.
    words : what the rule asks, in plain words for the report.
    findings : what speaks against it.
    verdict : pass, review (a person must look) or fail (nothing is released).
    """

    rule: str
    words: str
    findings: tuple[Finding, ...] = ()
    verdict: Verdict = Verdict.PASS

    @classmethod
    def of(cls, rule: str, words: str, findings: Iterable[Finding]) -> Check:
        """Return a check that fails when there is any finding."""
        found = tuple(findings)
        return cls(rule, words, found, Verdict.FAIL if found else Verdict.PASS)


@dataclass(frozen=True)
class Approver:
    """A person who approved the release, as the parameters name them."""

    name: str
    role: str = ""


@dataclass(frozen=True)
class DisclosureRecord:
    """What the gate found, for ``disclosure.json`` and the report's methods page."""

    profile: str
    profile_words: str
    reason: str
    checks: tuple[Check, ...]
    approvers: tuple[Approver, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks."""
        verdicts = {check.verdict for check in self.checks}
        for worst in (Verdict.FAIL, Verdict.REVIEW):
            if worst in verdicts:
                return worst
        return Verdict.PASS

    def to_json(self) -> dict[str, object]:
        """Return the record as plain data. No exception to a rule can be granted yet."""
        return {
            "schema": 1,
            "profile": self.profile,
            "profile_words": self.profile_words,
            "reason": self.reason,
            "verdict": self.verdict.value,
            "checks": [
                {
                    "rule": check.rule,
                    "words": check.words,
                    "verdict": check.verdict.value,
                    "findings": [str(finding) for finding in check.findings],
                }
                for check in self.checks
            ],
            "exceptions": [],
            "approvers": [{"name": a.name, "role": a.role} for a in self.approvers],
        }

    def refuse_failures(self, *, where: str) -> None:
        """Raise if any check failed, with every finding listed.

        Raises
        ------
        DisclosureRefused : exit code 3.
        """
        failed = [check for check in self.checks if check.verdict is Verdict.FAIL]
        if not failed:
            return
        lines = [f"  [{check.rule}] {finding}" for check in failed for finding in check.findings]
        count = "1 finding" if len(lines) == 1 else f"{len(lines)} findings"
        raise DisclosureRefused(
            "\n".join([f"the disclosure gate refused the release: {count}", *lines]),
            where=where,
            remedy="correct each finding, run the evaluation again, then release",
        )
