"""The page of a report that traces every number: to its estimate, cell, parameters, data, command.

Made from the frozen files of the version alone (`equieval.releases.origins`). Every figure, table
and sentence of the other pages links to its entry here. Like every page of a version it is a
notebook, of words only, so that either renderer makes it as it makes the others.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import yaml

from equieval.present.numbers import MINUS
from equieval.present.origins import PLACES, artefact_anchor, estimate_anchor
from equieval.protocol import indicator
from equieval.releases.layout import (
    ESTIMATES_CSV,
    PARAMETERS,
    PROVENANCE_PAGE,
    REPORTS,
    RUN_RECORD,
)
from equieval.releases.notebooks import notebook_bytes
from equieval.releases.origins import Artefact, Cell, DataOrigin, Origins, PageOrigin, read_origins
from equieval.releases.renderer import ReleaseDraft, ReleasePage

PAGE = ReleasePage(PROVENANCE_PAGE, "Where the numbers come from")
MOST_ROWS = 1000
"""With more estimates than this, only those that the pages show are listed: a page stays light."""
_NEITHER = "words and numbers that follow from the parameters, the data and the code named here"
_FIXED = (
    "rules fixed before any estimate was made, and what the parameters and the data of this "
    "version have of what they ask for. The thresholds, with the reason of each, stand on the "
    "site’s page on methods (“What a design can carry”); decisions 4 and 10 of the project say why "
    "they are fixed (<code>docs/decisions/0004-verdicts-by-rules-fixed-beforehand.md</code>, "
    "<code>docs/decisions/0010-what-a-design-carries-is-known-beforehand.md</code>)"
)
_AGREED = "tolerances that the parameters fix, before the sources are compared"
_RULES = {
    "adequacy": _FIXED,
    "thresholds": _FIXED,
    "tolerances": _AGREED,
    "rules": f"rules fixed in the code named here, with the {_AGREED}",
}
"""What artefacts say that show rules, by their ids: neither an estimate nor an observed figure."""
_MOST_IN_VIEW = 8
_SHORT_HASH = 12
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_HEADS = ("Estimate", "Value", "95% interval", "Cell", "Parameters", "Data", "Rerun")
_NUMERIC = ("Value", "95% interval")


def with_provenance_page(folder: Path, draft: ReleaseDraft) -> ReleaseDraft:
    """Write the page's notebook into a version's folder and list it among the pages.

    Parameters
    ----------
    folder : with notebooks, lists of artefacts, estimates, parameters and run record.
    draft : the version; its pages so far are those that the run made.

    Raises
    ------
    ReleaseError : an artefact shows an estimate that no page recorded.
    """
    markdown = provenance_markdown(read_origins(folder, draft.pages), draft)
    matter = yaml.safe_dump({"title": PAGE.title, "toc-depth": 2}, sort_keys=False)
    cells = [
        {"cell_type": "raw", "id": "front-matter", "metadata": {}, "source": f"---\n{matter}---"},
        {"cell_type": "markdown", "id": "origins", "metadata": {}, "source": markdown},
    ]
    notebook = notebook_bytes(cells, {"kernelspec": _KERNEL})
    (folder / f"{PAGE.slug}.ipynb").write_bytes(notebook)
    return replace(draft, pages=(*draft.pages, PAGE))


def provenance_markdown(origins: Origins, draft: ReleaseDraft) -> str:
    """Return the words of the page as Pandoc Markdown with blocks of HTML."""
    shown = {key for page in origins.pages for a in page.artefacts for key in a.estimates}
    parts = [
        "Each figure, table and sentence of this version, with the estimates that it shows, the "
        "cell that made it, the parameters and data behind it, and the command that makes it "
        "again. Links called *Where this comes from* and *source*, and numbers in tables of "
        "estimates, lead here.",
        "## Data, parameters and code",
        _html(_data_table(origins)),
        "## Rerun it",
        f"All commands run in a copy of the project. The first judges every number of this "
        f"version ({draft.id} v{draft.version}) with the code that is frozen in it:",
        f"```sh\nequieval verify {draft.id} --version v{draft.version}\n"
        f"equieval run {draft.id}\n```",
        "The second runs the pages of your copy, with your parameters and your code. The command "
        "of a single page stands with the page below; it writes its figures to "
        f"`{REPORTS}/{draft.id}/scratch/`.",
    ]
    for page in origins.pages:
        parts += [
            f"## {page.title} {{#page-{page.slug}}}",
            _html(_page(page, origins, draft)),
        ]
    parts += ["## Every estimate {#every-estimate}", _every_estimate(origins, shown)]
    for page in origins.pages:
        rows = _listed(page.estimates, shown, origins)
        if len(rows):
            parts += [f"### {page.title} {{#estimates-{page.slug}}}"]
            parts += [_html(_estimates_table(page, rows, origins.data))]
    return "\n\n".join(parts) + "\n"


def command(page: PageOrigin, draft: ReleaseDraft) -> str:
    """Return the command that runs one page again with the parameters of the version."""
    folder = f"{REPORTS}/{draft.id}/v{draft.version}"
    return f"papermill {folder}/{page.notebook} out.ipynb -f {folder}/{PARAMETERS}"


def _data_table(origins: Origins) -> str:
    rows = [
        (_escaped(f"Data: {source.title}"), _file(source.file), _hash(source.fingerprint))
        for source in origins.data
    ]
    rows.append(("Parameters", _file(PARAMETERS), _hash(f"sha256:{origins.parameters}")))
    rows.append(("Code of the package", _file(RUN_RECORD), _hash(f"sha256:{origins.package}")))
    body = "\n".join(
        f'<tr><th scope="row">{what}</th><td>{file}</td><td>{digest}</td></tr>'
        for what, file, digest in rows
    )
    head = _head(("What", "File in this version", "Fingerprint"))
    return _table("What this version was made from", "made-from", head, body)


def _page(page: PageOrigin, origins: Origins, draft: ReleaseDraft) -> str:
    blocks = ", ".join(f"<code>{_escaped(name)}</code>" for name in page.blocks)
    facts = [("Parameters", f"{_file(PARAMETERS)}{f', blocks {blocks}' if blocks else ''}")]
    facts += [("Data", "<br>".join(_fingerprint(source) for source in origins.data))]
    if page.notebook:
        made = f"{_file(page.notebook)}, run as {_file(f'{page.slug}.ipynb')}"
        facts.insert(0, ("Notebook", made))
        facts.append(("Rerun", f"<code>{_escaped(command(page, draft))}</code>"))
    if page.analysis and len(page.estimates):
        facts.append(("Estimates made in", _cell(page.analysis, page)))
    lines = [f'<dl class="origin-facts" id="made-{page.slug}">', *_facts(facts), "</dl>"]
    for artefact in page.artefacts:
        lines += _artefact(artefact, page, origins.data, draft)
    return "\n".join(lines)


def _artefact(
    artefact: Artefact, page: PageOrigin, data: Sequence[DataOrigin], draft: ReleaseDraft
) -> Iterator[str]:
    anchor = artefact_anchor(page.slug, artefact.id)
    where = f"{page.slug}.html#{PLACES[artefact.kind]}-{artefact.id}"
    name = artefact.label or "Sentence"
    mark = "“{}”" if artefact.kind == "statement" else "{}"
    yield f'<section class="origin-entry" id="{anchor}">'
    yield (
        f'<h3><a href="{where}">{_escaped(name)}</a>: {mark.format(_escaped(artefact.title))}</h3>'
    )
    facts = [("Cell", _cell(artefact.cell, page))]
    if artefact.estimates:
        facts.append(("Estimates", _estimate_links(artefact.estimates)))
    if artefact.indicators:
        facts.append(("Observed", "<br>".join(_observed(artefact.indicators, data))))
    if not artefact.estimates and not artefact.indicators:
        facts.append(("Shows", _RULES.get(artefact.id, _NEITHER)))
    facts.append(
        ("Files", "<br>".join(f"{_file(p)} {_hash(h)}" for p, h in artefact.files.items()))
    )
    facts.append(("Parameters", _file(PARAMETERS)))
    facts.append(("Data", " ".join(_short(source) for source in data)))
    if page.notebook:
        facts.append(("Rerun", f"<code>{_escaped(command(page, draft))}</code>"))
    yield f'<details class="origin-more"><summary>{_in_brief(artefact)}</summary>'
    yield from ('<dl class="origin-facts">', *_facts(facts), "</dl>", "</details>", "</section>")


def _in_brief(artefact: Artefact) -> str:
    """Return what stands in view of an entry: the cell, and what kind of numbers it shows."""
    parts = [f"cell {artefact.cell.number}"]
    if artefact.estimates:
        number = len(artefact.estimates)
        parts.append(f"{number} estimate{'s' if number > 1 else ''}")
    if artefact.indicators:
        parts.append("observed figures")
    return f"Where it comes from: {', '.join(parts)}"


def _cell(cell: Cell, page: PageOrigin) -> str:
    summary = f"Cell {cell.number} of {page.slug}.ipynb"
    return (
        f'<details class="origin-code"><summary>{summary}</summary>'
        f"<pre><code>{_escaped(cell.source.strip())}</code></pre></details>"
    )


def _observed(indicators: Sequence[str], data: Sequence[DataOrigin]) -> Iterator[str]:
    """Yield what each indicator is counted from: source, columns, file and fingerprint."""
    for id in indicators:
        for source in data:
            if id in source.columns:
                yield (
                    f"{_escaped(indicator(id).name)}: <code>{_escaped(source.columns[id])}</code> "
                    f"of {_escaped(source.title)}, {_file(source.file)} "
                    f"{_hash(source.fingerprint)}"
                )


def _estimate_links(keys: Sequence[str]) -> str:
    links = [f'<a href="#{quote(estimate_anchor(key))}">{_escaped(key)}</a>' for key in keys]
    listed = "<br>".join(links)
    if len(links) <= _MOST_IN_VIEW:
        return listed
    return f"<details><summary>{len(links)} estimates</summary>{listed}</details>"


def _every_estimate(origins: Origins, shown: set[str]) -> str:
    total = sum(len(page.estimates) for page in origins.pages)
    words = f"The file [{ESTIMATES_CSV}]({ESTIMATES_CSV}) has every column of all {total} rows."
    if total > MOST_ROWS:
        return f"The {len(shown)} estimates that pages of this report show are listed. {words}"
    return f"The rows of the estimates table, by the page that makes them. {words}"


def _listed(rows: pd.DataFrame, shown: set[str], origins: Origins) -> pd.DataFrame:
    total = sum(len(page.estimates) for page in origins.pages)
    return rows[rows["id"].isin(shown)] if total > MOST_ROWS else rows


def _estimates_table(page: PageOrigin, rows: pd.DataFrame, data: Sequence[DataOrigin]) -> str:
    where = f"{page.slug}.ipynb"
    if page.analysis:
        where = f"cell {page.analysis.number} of {where}"
    same = (
        f'<td><a href="#made-{page.slug}">{where}</a></td><td>{_file(PARAMETERS)}</td>'
        f"<td>{' '.join(_short(source) for source in data)}</td>"
        f'<td><a href="#made-{page.slug}">command</a></td></tr>'
    )
    body = "\n".join(f"{_row(row)}{same}" for row in rows.to_dict("records"))
    caption = f"Estimates of the page “{page.title}”"
    table = _table(caption, f"rows-{page.slug}", _head(_HEADS), body)
    counted = f"{len(rows)} row{'s' if len(rows) > 1 else ''}"
    return (
        f'<details class="long-table full"><summary>{_escaped(caption)} ({counted})</summary>\n'
        f"{table}\n</details>"
    )


def _row(row: Mapping[Hashable, Any]) -> str:
    key = str(row["id"])
    return (
        f'<tr id="{escape(estimate_anchor(key))}">'
        f'<th scope="row"><code>{_escaped(key)}</code></th>'
        f'<td class="numeric">{_number(row["estimate"])}</td>'
        f'<td class="numeric">{_interval(row["ci_low"], row["ci_high"])}</td>'
    )


def _table(caption: str, name: str, head: str, body: str) -> str:
    return (
        f'<div class="table-scroll full" role="region" tabindex="0" '
        f'aria-labelledby="{name}-caption" data-pagefind-ignore>\n'
        f'<table class="artefact origins" data-quarto-disable-processing="true">\n'
        f'<caption id="{name}-caption">{_escaped(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _head(names: Iterable[str]) -> str:
    return "".join(f'<th scope="col"{_kind(name)}>{name}</th>' for name in names)


def _kind(name: str) -> str:
    return ' class="numeric"' if name in _NUMERIC else ""


def _facts(facts: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, words in facts:
        yield f"<div><dt>{name}</dt><dd>{words}</dd></div>"


def _file(path: str) -> str:
    if not path:
        return "not in the version: the data are not open, or too large"
    return f'<a href="{escape(quote(path))}">{_escaped(path)}</a>'


def _fingerprint(source: DataOrigin) -> str:
    return f"{_escaped(source.title)} {_hash(source.fingerprint)}"


def _hash(digest: str) -> str:
    return f'<code class="digest">{_escaped(digest)}</code>'


def _short(source: DataOrigin) -> str:
    """Return the beginning of a fingerprint, as a link to the whole."""
    digest = source.fingerprint.rpartition(":")[2][:_SHORT_HASH]
    return f'<a href="#made-from-caption"><code>{_escaped(digest)}</code></a>'


def _number(value: float) -> str:
    """Return a number with six significant digits."""
    if not math.isfinite(value):
        return '<abbr title="not available">[x]</abbr>'
    return f"{value:.6g}".replace("-", MINUS)


def _interval(low: float, high: float) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return '<abbr title="not available">[x]</abbr>'
    return f"{_number(low)} to {_number(high)}"


def _html(block: str) -> str:
    return f"```{{=html}}\n{block}\n```"


def _escaped(words: object) -> str:
    """Escape for HTML in a block: braces too, which Quarto would read as a shortcode."""
    return escape(str(words), quote=False).replace("{{", "&#123;&#123;").replace("```", "&#96;``")
