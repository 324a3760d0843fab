"""A verification as a page and as a badge, each a file of its own that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from equieval.present.theme import css_tokens
from equieval.releases.verification import Outcome, Verification
from equieval.releases.verify import Reproduction

_COLOURS = {
    Outcome.REPRODUCED: "#005a30",
    Outcome.NOT_REPRODUCED: "#942514",
    Outcome.ALTERED: "#942514",
    Outcome.NOT_RERUN: "#4c6272",
}
_CHARACTER = 6.6  # width of a character of the badge's type, in px: wide enough for any font
_PADDING = 10
_MEANING = {
    Outcome.REPRODUCED: "Every published number came out again.",
    Outcome.NOT_REPRODUCED: "At least one published number did not come out again.",
    Outcome.ALTERED: "Files of the version are not those that were released.",
    Outcome.NOT_RERUN: "Nothing was rerun, so nothing is known about its numbers.",
}
_STYLE = """
body { margin: 0 auto; max-width: 66rem; padding: var(--space-6) var(--space-4);
  font: 1.1875rem/1.5 var(--font-body); color: var(--colour-text);
  background: var(--colour-background); }
h1 { font-size: 2rem; line-height: 1.2; } h2 { margin-top: var(--space-6); }
.verdict { border-left: 6px solid currentColor; padding: var(--space-2) var(--space-4); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 1rem; }
caption { text-align: left; font-weight: 700; padding-bottom: var(--space-2); }
th, td { text-align: left; padding: var(--space-2) var(--space-3) var(--space-2) 0;
  border-bottom: 1px solid var(--colour-border); vertical-align: top; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
"""
_HEADINGS = (
    ("id", "Estimate", ""), ("verdict", "Verdict", ""), ("field", "Number", ""),
    ("published", "Published", "number"), ("rerun", "Rerun", "number"),
    ("difference", "Difference", "number"), ("tolerance", "Allowed", "number"),
    ("suspected", "Suspected", ""),
)  # fmt: skip


def verification_page(found: Verification) -> str:
    """Return a verification as an HTML page: the verdict first, every estimate below."""
    title = f"{found.release.title}, version {found.release.version}: {found.outcome}"
    counts = found.counts()
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="verdict"><strong>{escape(found.outcome.capitalize())}.</strong> '
        f"{escape(_MEANING[found.outcome])}</p>",
        f"<p>{escape(_how(found))}</p>",
    ]
    if found.verdict is not None:
        tally = (f"{number} {kind}" for kind, number in counts.items())
        body.append(f"<p>{sum(counts.values())} published estimates: {', '.join(tally)}.</p>")
    body += _section("What was altered", [str(a) for a in found.alterations])
    body += _section("Why it was not rerun", found.blocked)
    body += _section("Data that are missing", [str(m) for m in found.missing])
    body += _section("Pages that failed", [f"{f.where}: {f.message}" for f in found.failures])
    body += _section("What is suspected", [str(s) for s in found.suspects])
    body += _section("Other versions of packages than recorded", found.environment)
    tolerances = [f"{kind}: {words}" for kind, words in found.tolerances.to_json().items()]
    body += _section("What was allowed to differ", tolerances)
    if found.verdict is not None:
        body.append(_table(found.estimates()))
    content = "\n".join(body)
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{css_tokens()}{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{content}\n</main>\n</body>\n</html>\n"
    )


def verification_badge(found: Verification) -> str:
    """Return a verification as an SVG badge, with its words as text alternative."""
    left, right = f"{found.release.name} rerun", found.outcome.value
    one, two = (round(len(words) * _CHARACTER + 2 * _PADDING) for words in (left, right))
    words = escape(f"{found.release.id} {left}: {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{one + two}" height="24" role="img" '
        f'aria-label="{words}">\n<title>{words}</title>\n'
        f'<rect width="{one}" height="24" fill="#212b32"/>\n'
        f'<rect x="{one}" width="{two}" height="24" fill="{_COLOURS[found.outcome]}"/>\n'
        '<g fill="#ffffff" font-family="Verdana, Arial, sans-serif" font-size="11" '
        'text-anchor="middle">\n'
        f'<text x="{one / 2:g}" y="16">{escape(left)}</text>\n'
        f'<text x="{one + two / 2:g}" y="16">{escape(right)}</text>\n</g>\n</svg>\n'
    )


def _how(found: Verification) -> str:
    code = {
        "frozen": "the package frozen in the version",
        "current": "the package installed where it was verified",
    }[found.code]
    if found.verdict is None:
        return f"Content digest of the version: {found.release.content_digest}."
    return (
        f"All pages were run again in fresh processes with {code}. "
        f"Content digest of the version: {found.release.content_digest}."
    )


def _section(heading: str, lines: Iterable[str]) -> list[str]:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return [f"<h2>{escape(heading)}</h2>\n<ul>{items}</ul>"] if items else []


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return every estimate, those that were not reproduced first."""
    order = list(reversed([kind.value for kind in Reproduction]))
    worst_first = sorted(rows, key=lambda row: order.index(row["verdict"]))
    head = "".join(
        f'<th scope="col"{_class(kind)}>{escape(heading)}</th>' for _, heading, kind in _HEADINGS
    )
    body = "\n".join(f"<tr>{''.join(_cells(row))}</tr>" for row in worst_first)
    return (
        '<h2 id="estimates">Every estimate</h2>\n'
        '<div class="scroll" role="region" tabindex="0" aria-labelledby="estimates">\n'
        f"<table>\n<caption>Published against rerun</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _cells(row: Mapping[str, Any]) -> Iterable[str]:
    for key, _, kind in _HEADINGS:
        value = row[key]
        if isinstance(value, float):
            text = f"{value:.10g}"
        elif isinstance(value, list):
            text = ", ".join(value)
        else:
            text = "" if value is None else str(value)
        if key == "id":
            yield f'<th scope="row">{escape(text)}</th>'
        else:
            yield f"<td{_class(kind)}>{escape(text)}</td>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
