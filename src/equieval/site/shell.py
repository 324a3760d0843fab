"""The page shell: what surrounds the words of every page, for both renderers.

A project's shell is a Pandoc template (header, navigation, breadcrumb, contents, footer) written
by Jinja from the project's description, a Lua filter, and the assets (style sheet, scripts,
icon). Quarto and the embedded renderer fill in the same template, so both give the same page.
A version's folder gets a shell of its own, so that later changes of the look leave it as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from equieval.present.theme import artefact_css, css_tokens
from equieval.site.project import NOT_FOUND, SiteProject, page_key

TEMPLATE, FILTER = "page.html", "equieval.lua"
STYLES = ("base.css", "layout.css", "components.css", "reports.css", "print.css")
SCRIPTS = ("theme.js", "page.js", "versions-banner.js")
SITE_SCRIPTS = ("search.js", "portfolio.js")
ICON = "icon.svg"
HOME_OF_A_VERSION = Markup("../../..")
HOME_NAME = "All evaluations"
# Search needs WebAssembly, so its page alone may compile it; nothing may run inline.
POLICY = (
    "default-src 'none'; script-src 'self'{wasm}; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'"
)
# Frozen pages link only to pages that every site has, so that a later navigation cannot break
# what must never change.
LASTING_PAGES = (
    ("All evaluations", "index.html"),
    ("Versions", "versions.html"),
    ("Glossary", "glossary.html"),
    ("Search", "search.html"),
)


@dataclass(frozen=True, slots=True)
class ShellPage:
    """A page as the shell knows it: its key in templates and its canonical address."""

    key: str
    canonical: str


def theme_file(name: str) -> bytes:
    """Return a file of the theme that ships with the package."""
    return files("equieval.site").joinpath("theme", name).read_bytes()


def style_sheet() -> str:
    """Return the site's style sheet: design tokens first, then base, layout and components."""
    base, *others = (theme_file(f"styles/{name}").decode() for name in STYLES)
    return "\n".join([css_tokens(), base, artefact_css(), *others])


def write_assets(folder: Path, *, of_version: bool = False) -> None:
    """Write the style sheet, the scripts and the icon into ``folder``.

    A version gets only what its own pages use.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.css").write_text(style_sheet(), encoding="utf-8", newline="\n")
    scripts = SCRIPTS if of_version else (*SCRIPTS, *SITE_SCRIPTS)
    for name in (*scripts, ICON):
        (folder / name).write_bytes(theme_file(f"assets/{name}"))


def write_template(project: SiteProject, folder: Path, *, site_title: str) -> None:
    """Write the page template and the filter of ``project`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TEMPLATE).write_text(
        page_template(project, site_title=site_title), encoding="utf-8", newline="\n"
    )
    (folder / FILTER).write_bytes(theme_file(FILTER))


def page_template(project: SiteProject, *, site_title: str) -> str:
    """Return the Pandoc template of a project's pages."""
    release = project.release
    root = _root(project)
    words: dict[str, Any] = {
        "title": typographic(project.title),
        "site_title": site_title,
        "root": root,
        "home": HOME_OF_A_VERSION if release else root,
        "home_name": HOME_NAME,
        "mark": Markup(theme_file("mark.svg").decode().strip()),  # noqa: S704 -- our own file
        "policy": _policy(release is not None),
        "navigation": project.navigation,
        "navigation_paths": [item.path for item in project.navigation],
        "sections": project.sections,
        "pages": tuple(_shell_pages(project)),
        "footer": project.footer,
        "release": _release_words(release) if release else None,
        "synthetic": bool(release and release.get("synthetic")),
        "noindex": bool(release and release.get("synthetic")),
        "feed": release is None and bool(project.site_url),
        "search_body": release is None,
        "comments": any(
            (given or {}).get(name)
            for given in (project.settings, release)
            for name in ("comments", "contact")
        ),
    }
    if release:
        words["navigation"] = [_Link(text, path) for text, path in LASTING_PAGES]
    return _environment().get_template("page.html.j2").render(words)


@dataclass(frozen=True, slots=True)
class _Link:
    text: str
    path: str

    @property
    def key(self) -> str:
        return page_key(self.path)


def _policy(is_release: bool) -> Markup:
    """Return the content-security policy; the search page's is looser by one word."""
    if is_release:
        return Markup(POLICY.format(wasm=""))  # noqa: S704 -- a constant
    return Markup(POLICY.format(wasm="$if(page-wasm)$ 'wasm-unsafe-eval'$endif$"))  # noqa: S704


def _root(project: SiteProject) -> Markup:
    """Return what leads from a page to its project's pages.

    A server shows the 404 page at whatever address was not found, so relative links cannot
    serve there: it uses the path of the site's address, or the server's root if that is unknown.
    """
    if project.release:
        return Markup("$root$")
    path = Markup.escape(project.site_path)
    return Markup(f"$if(current.{page_key(NOT_FOUND)})${path}$else$$root$$endif$")  # noqa: S704


def _shell_pages(project: SiteProject) -> Iterable[ShellPage]:
    """Yield each page with its canonical address.

    A version's page names the same page in the latest version; a page of the site names itself,
    which takes an absolute address.
    """
    release = project.release
    for _, path in project.pages():
        if release:
            base = (
                f"{project.site_url}reports/{release['id']}/latest"
                if project.site_url
                else "../latest"
            )
            yield ShellPage(page_key(path), f"{base}/{path}")
        elif project.site_url and str(path) != NOT_FOUND:
            yield ShellPage(page_key(path), f"{project.site_url}{path}")


def _release_words(release: Mapping[str, Any]) -> dict[str, Any]:
    downloads = [
        {**item, "size_words": size_in_words(int(item["bytes"]))} for item in release["downloads"]
    ]
    return {
        **release,
        "date_words": date_in_words(str(release["date"])),
        "downloads": downloads,
    }


def typographic(words: str) -> str:
    """Return words with the apostrophes that Markdown gives to the text around them.

    >>> typographic("Saving Babies' Lives")
    'Saving Babies’ Lives'
    """
    return words.replace("'", "’")


def size_in_words(size: int) -> str:
    """Return a file's size as a reader wants it.

    >>> size_in_words(300), size_in_words(1_500), size_in_words(2_340_000)
    ('under 1 kB', '2 kB', '2.3 MB')
    """
    if size < 1_000:
        return "under 1 kB"
    return f"{size / 1_000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def date_in_words(iso: str) -> str:
    """Return a date as British readers write it.

    >>> date_in_words("2025-03-09")
    '9 March 2025'
    """
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def _literal(value: object) -> object:
    """Keep a plain dollar sign from starting a Pandoc variable; ours come as markup."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return value.replace("$", "$$")
    return value


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("equieval.site", "theme"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_literal,
        keep_trailing_newline=True,
    )


def fragment_environment() -> Environment:
    """Return the Jinja environment of generated page content (HTML blocks in Markdown)."""
    environment = Environment(
        loader=PackageLoader("equieval.site", "theme/fragments"),
        comment_start_string="<#",  # "{#" begins the id of a heading in Markdown
        comment_end_string="#>",
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["date_in_words"] = date_in_words
    environment.filters["typographic"] = typographic
    return environment


__all__ = [
    "FILTER",
    "HOME_NAME",
    "HOME_OF_A_VERSION",
    "TEMPLATE",
    "date_in_words",
    "fragment_environment",
    "page_template",
    "style_sheet",
    "write_assets",
    "write_template",
]
