"""What is wrong with a built site: links, anchors, other hosts, simple accessibility.

These checks run on every build and fail it. They read the pages as a browser would receive them
and need no browser; axe-core and the browser tests look deeper.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from equieval.errors import EvaluationFailed
from equieval.site.project import NOT_FOUND

SHOWN = 20
_LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("embed", "src"),
    ("object", "data"),
}
_LOADED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}
_CSS_ADDRESS = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])([^'")]+)""")
_UNLABELLED = {"hidden", "submit", "button"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong on one page."""

    page: str
    what: str

    def __str__(self) -> str:
        return f"{self.page}: {self.what}"


@dataclass(slots=True)
class PageFacts:
    """What the checks need to know of one page.

    ``links`` are places a reader can go to, ``loads`` are files that the browser fetches.
    """

    lang: str = ""
    title: str = ""
    headings: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class _PageReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.facts = PageFacts()
        self._in_title = False
        self._labels: set[str] = set()
        self._controls: list[tuple[str, str]] = []
        self._label_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        facts = self.facts
        if "id" in given:
            facts.ids.append(given["id"])
        for name in given:
            if name == "style":
                facts.complaints.append(f"<{tag}> carries a style attribute")
            elif name.startswith("on"):
                facts.complaints.append(f"<{tag}> carries the script attribute '{name}'")
        self._addresses(tag, given)
        self._accessibility(tag, given)

    def _addresses(self, tag: str, given: Mapping[str, str]) -> None:
        facts = self.facts
        if tag in ("a", "area") and "href" in given:
            facts.links.append(given["href"])
        for element, attribute in _LOADED:
            if tag == element and attribute in given:
                facts.loads.append(given[attribute])
        if tag == "link" and _LOADED_LINKS & set(given.get("rel", "").split()):
            facts.loads.append(given.get("href", ""))
        if tag == "script" and "src" not in given:
            facts.complaints.append("a script stands in the page; the security policy blocks it")
        if tag == "style":
            facts.complaints.append("styles stand in the page; the security policy blocks them")

    def _accessibility(self, tag: str, given: Mapping[str, str]) -> None:
        facts = self.facts
        if tag == "html":
            facts.lang = given.get("lang", "")
        elif tag == "title" and not facts.title:
            self._in_title = True
        elif re.fullmatch("h[1-6]", tag):
            facts.headings.append(int(tag[1]))
        elif tag == "img" and not given.get("alt") and given.get("role") != "presentation":
            facts.complaints.append(
                f"the image '{given.get('src', '')[:60]}' has no text beside it"
            )
        elif tag == "label":
            self._label_depth += 1
            self._labels.add(given.get("for", ""))
        elif tag in ("select", "textarea", "input") and given.get("type") not in _UNLABELLED:
            named = {"aria-label", "aria-labelledby", "title"} & given.keys() or self._label_depth
            if not named:
                self._controls.append((tag, given.get("id", "")))
        elif tag == "th" and "scope" not in given:
            facts.complaints.append("a table header has no scope")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag == "label":
            self._label_depth = max(0, self._label_depth - 1)

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.facts.title += data

    def close(self) -> None:
        super().close()
        for tag, control_id in self._controls:
            if not control_id or control_id not in self._labels:
                self.facts.complaints.append(f"a <{tag}> has no label")


def read_page(html: str) -> PageFacts:
    """Return what the checks need to know of a page."""
    reader = _PageReader()
    reader.feed(html)
    reader.close()
    return reader.facts


def check_site(folder: Path) -> tuple[Problem, ...]:
    """Check every page and style sheet under ``folder``; an empty result means all is well.

    Looked for: links and anchors that lead nowhere, anything loaded from another host, scripts
    and styles that the security policy blocks, ids used twice, and what a page must have to be
    read by everyone (language, title, one first-level heading, text for images, scoped headers,
    labels).
    """
    facts = {
        path.relative_to(folder).as_posix(): read_page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
    }
    problems = [
        Problem(page, what) for page, known in facts.items() for what in _page_problems(known)
    ]
    for page, known in facts.items():
        problems.extend(_address_problems(folder, page, known, facts))
    for path in sorted(folder.rglob("*.css")):
        name = path.relative_to(folder).as_posix()
        for address in _CSS_ADDRESS.findall(path.read_text(encoding="utf-8")):
            if _other_host(address):
                problems.append(Problem(name, f"loads from another host: {address}"))
    return tuple(problems)


def _page_problems(facts: PageFacts) -> Iterator[str]:
    if not facts.lang:
        yield "the page does not say its language"
    if not facts.title.strip():
        yield "the page has no title"
    first_level = facts.headings.count(1)
    if first_level != 1:
        yield f"the page has {first_level} first-level headings, not one"
    for before, after in zip(facts.headings, facts.headings[1:], strict=False):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"
    for name, times in Counter(facts.ids).items():
        if times > 1:
            yield f"the id '{name}' is used {times} times"
    for what, times in Counter(facts.complaints).items():
        yield what if times == 1 else f"{what} ({times} times)"


def _other_host(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in ("http", "https")


def _address_problems(
    folder: Path, page: str, facts: PageFacts, known: Mapping[str, PageFacts]
) -> Iterator[Problem]:
    for address in dict.fromkeys(facts.loads):
        if _other_host(address):
            yield Problem(page, f"loads from another host: {address}")
    for address in dict.fromkeys((*facts.links, *facts.loads)):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or (page == NOT_FOUND and parts.path.startswith("/")):
            continue
        target = local_target(page, address)
        if target is None:
            yield Problem(page, f"link leads out of the site: {address}")
        elif not (folder / target).is_file():
            yield Problem(page, f"link leads nowhere: {address}")
        elif parts.fragment and target in known:
            anchor = unquote(parts.fragment)
            if anchor != "top" and anchor not in known[target].ids:
                yield Problem(page, f"link to an anchor that is not there: {address}")


def local_target(page: str, address: str) -> str | None:
    """Return the file that a relative address on ``page`` names, or None when it leaves the site.

    >>> local_target("guide/index.html", "../index.html#top")
    'index.html'
    """
    path = unquote(urlsplit(address).path)
    if path.startswith("/"):
        return None
    parts: list[str] = list(PurePosixPath(page).parent.parts) if path else []
    for part in PurePosixPath(path or page).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    target = "/".join(parts)
    return f"{target}/index.html" if path.endswith("/") else target


def refuse(problems: Iterable[Problem], *, where: str) -> None:
    """Raise when there are problems, naming the first of them and how many there are.

    Raises
    ------
    EvaluationFailed : the site is not fit to be published.
    """
    found = list(problems)
    if not found:
        return
    shown = "\n".join(f"  - {problem}" for problem in found[:SHOWN])
    more = f"\n  … and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    raise EvaluationFailed(
        f"the site is not published: {count}\n{shown}{more}",
        where=where,
        remedy="mend the pages named above and build again; the site as it was still stands",
    )
