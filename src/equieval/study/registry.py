"""The registry of a page's artefacts: what is not declared here cannot be released.

An artefact is a figure, a table or a statement. The page hands over a frame and a maker;
the registry passes the frame through the page's disclosure profile *before* the maker
sees it, so that nothing is drawn or written from an unprotected number. It saves the
data beside the picture and displays one notebook output that carries the artefact's id
and the hash of what was displayed. The release gate accepts only such outputs.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from equieval.disclosure.declaration import ARTEFACTS_FILE, DECLARATION, bundle_digest
from equieval.disclosure.profiles import Profile
from equieval.errors import InputError
from equieval.present import figures, tables
from equieval.present.artefact import Picture, Statement, Table
from equieval.present.origins import PLACES, artefact_anchor, origin_address

Artefact = Picture | Table | Statement
Maker = Callable[..., Artefact]
_ENDS_A_BLOCK = ("```", "$$", ":::", "|")
_BLANK_LINE = "\n\n"


@dataclass(frozen=True)
class Declared:
    """One declared artefact: its entry in ``artefacts.json`` and what it displays."""

    entry: dict[str, Any]
    bundle: dict[str, str]
    metadata: dict[str, Any]


@dataclass
class Registry:
    """The artefacts of one page, in the order in which they are declared.

    Parameters
    ----------
    slug : the page's file name without suffix; links in the outputs are relative to it.
    folder : where data, pictures and the index are written.
    profile : the disclosure profile that every frame passes through.
    """

    slug: str
    folder: Path
    profile: Profile
    _entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def declare(self, artefact_id: str, maker: Maker, data: pd.DataFrame, **words: Any) -> Declared:
        """Protect ``data``, make the artefact from it, save it, and return what to display.

        Parameters
        ----------
        artefact_id : lower-case name, unique on the page (``"counterfactual-series"``).
        maker : a function of `equieval.present` that takes the frame first.
        data : the frame behind the artefact, one row per plotted or printed item.
        words : passed on to the maker (units, labels, source).

        Raises
        ------
        InputError : the id is not a plain lower-case name.
        DisclosureRefused : the frame holds a count that was not protected.
        """
        if not artefact_id.replace("-", "").isalnum() or artefact_id != artefact_id.lower():
            raise InputError(
                f"'{artefact_id}' cannot name an artefact",
                where=f"page {self.slug}",
                remedy="use lower-case letters, digits and hyphens",
            )
        where = f"page {self.slug}, artefact '{artefact_id}'"
        protected = self.profile.accept(data, where=where)
        artefact = maker(protected.data, **words)
        self.folder.mkdir(parents=True, exist_ok=True)
        match artefact:
            case Picture():
                kind, bundle, files = self._picture(artefact_id, artefact)
                title, shown = artefact.title, artefact.data
            case Table():
                kind, bundle, files = self._table(artefact_id, artefact)
                title, shown = artefact.caption, artefact.data
            case Statement():
                kind, bundle, files = self._statement(artefact_id, artefact)
                title, shown = "", artefact.numbers
        digest = bundle_digest(bundle)
        self._entries[artefact_id] = {
            "id": artefact_id,
            "kind": kind,
            "title": title,
            "sha256": digest,
            "files": [self._file_entry(name) for name in files],
            "withheld": len(protected.withheld),
            "estimates": tables.estimate_ids(shown),
            "indicators": tables.observed_indicators(shown),
        }
        self._save_index()
        metadata = {DECLARATION: {"artefact": artefact_id, "page": self.slug, "sha256": digest}}
        return Declared(self._entries[artefact_id], bundle, metadata)

    def _picture(self, artefact_id: str, picture: Picture) -> tuple[str, dict[str, str], list[str]]:
        svg, png = figures.svg_bytes(picture.figure), figures.png_bytes(picture.figure)
        self._write(f"{artefact_id}.svg", svg)
        self._write(f"{artefact_id}.png", png)
        self._write(f"{artefact_id}.csv", tables.frame_to_csv(picture.data).encode())
        number = self._number("figure", artefact_id)
        width, height = (round(side * 96) for side in picture.figure.get_size_inches())
        note = f'<p class="figure-note">{escape(picture.note)}</p>\n' if picture.note else ""

        def html(source: str, downloads: str) -> str:
            return (
                f'<figure id="fig-{artefact_id}" class="artefact" tabindex="0">\n'
                f'<figcaption><span class="artefact-number">Figure {number}.</span> '
                f'<span class="artefact-title">{escape(picture.title)}</span> '
                f'<span class="artefact-subtitle">{escape(picture.subtitle)}</span></figcaption>\n'
                f'<img src="{source}" alt="{escape(picture.alt)}" width="{width}" '
                f'height="{height}">\n{note}{downloads}</figure>'
            )

        downloads = self._downloads(
            f"figure {number}", {"data (CSV)": "csv", "SVG": "svg", "PNG": "png"}, artefact_id
        )
        embedded = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        bundle = {
            "text/markdown": _raw(html(f"{self.slug}/{artefact_id}.svg", downloads)),
            "text/html": html(embedded, ""),
            "text/plain": f"Figure {number}. {picture.title} {picture.alt}",
        }
        return "figure", bundle, [f"{artefact_id}.{suffix}" for suffix in ("svg", "png", "csv")]

    def _table(self, artefact_id: str, table: Table) -> tuple[str, dict[str, str], list[str]]:
        self._write(f"{artefact_id}.csv", tables.to_csv(table).encode())
        number = self._number("table", artefact_id)
        html = tables.to_html(table, artefact_id, number)
        traced = tables.to_html(table, artefact_id, number, traced=True)
        downloads = self._downloads(f"table {number}", {"data (CSV)": "csv"}, artefact_id)
        bundle = {
            "text/markdown": _raw(f"{traced}\n{downloads}"),
            "text/html": html,
            "text/plain": f"Table {number}. {table.caption}",
        }
        return "table", bundle, [f"{artefact_id}.csv"]

    def _statement(
        self, artefact_id: str, statement: Statement
    ) -> tuple[str, dict[str, str], list[str]]:
        record = {
            "markdown": statement.markdown,
            "numbers": json.loads(statement.numbers.to_json(orient="records")),
        }
        text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True)
        self._write(f"{artefact_id}.json", text.encode())
        bundle = {
            "text/markdown": self._traced(artefact_id, statement.markdown),
            "text/plain": statement.markdown,
        }
        return "statement", bundle, [f"{artefact_id}.json"]

    def _downloads(self, what: str, suffixes: Mapping[str, str], artefact_id: str) -> str:
        links = " ".join(
            f'<a href="{self.slug}/{artefact_id}.{suffix}" download>{label}'
            f'<span class="visually-hidden"> of {what}</span></a>'
            for label, suffix in suffixes.items()
        )
        origin = (
            f'<a class="origin" href="{self._origin(artefact_id)}">Where this comes from'
            f'<span class="visually-hidden">: {what}</span></a>'
        )
        return f'<p class="downloads">Download {links} {origin}</p>\n'

    def _origin(self, artefact_id: str) -> str:
        return escape(origin_address(artefact_anchor(self.slug, artefact_id)))

    def _traced(self, artefact_id: str, markdown: str) -> str:
        """Return words with a link to where they come from behind the last of them."""
        link = (
            f'<a class="origin" id="{PLACES["statement"]}-{artefact_id}" '
            f'href="{self._origin(artefact_id)}"><span class="visually-hidden">Where this comes '
            "from: </span>source</a>"
        )
        words = markdown.rstrip()
        apart = words.rpartition("\n")[2].startswith(_ENDS_A_BLOCK)
        return f"{words}{_BLANK_LINE if apart else ' '}{link}"

    def _number(self, kind: str, artefact_id: str) -> int:
        """Number figures and tables in order; a cell run again keeps its number."""
        key = f"{kind}:{artefact_id}"
        if key not in self._numbers:
            taken = sum(name.startswith(f"{kind}:") for name in self._numbers)
            self._numbers[key] = taken + 1
        return self._numbers[key]

    def _write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def _file_entry(self, name: str) -> dict[str, Any]:
        content = (self.folder / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return {"path": name, "sha256": digest, "bytes": len(content)}

    def _save_index(self) -> None:
        index = {"page": self.slug, "artefacts": list(self._entries.values())}
        text = json.dumps(index, indent=1, ensure_ascii=False, sort_keys=True)
        self._write(ARTEFACTS_FILE, text.encode())


def _raw(html: str) -> str:
    """Wrap HTML so that Quarto and Pandoc pass it through untouched."""
    return f"```{{=html}}\n{html.replace('{{', '&#123;&#123;')}\n```"
