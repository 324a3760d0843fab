"""A released version as a small website project of its own.

Everything that decides how its pages look lies in the version's folder (`_quarto.yml`, `_theme/`,
`assets/`), so that its HTML can be made again from that folder alone, by either renderer, and
nothing that changes later around it changes the version.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from equieval.releases.renderer import HTML_FOLDER, ReleaseDraft
from equieval.site.project import PROJECT_FILE, SiteProject, read_project
from equieval.site.shell import FILTER, TEMPLATE, write_assets, write_template

COMMENTS = ("comments", "contact")
THEME_FOLDER, ASSETS_FOLDER = "_theme", "assets"


def write_version_project(folder: Path, release: ReleaseDraft, *, site: SiteProject) -> None:
    """Write the project files of a version into its folder.

    Parameters
    ----------
    folder : the version's folder with its executed pages.
    release : what is released.
    site : the project whose site the version will be part of; it gives title, footer, address.
    """
    description = version_description(release, site)
    text = yaml.safe_dump(description, sort_keys=False, allow_unicode=True, width=100)
    (folder / PROJECT_FILE).write_text(text, encoding="utf-8", newline="\n")
    write_template(read_project(folder), folder / THEME_FOLDER, site_title=site.title)
    write_assets(folder / ASSETS_FOLDER, of_version=True)


def version_description(release: ReleaseDraft, site: SiteProject) -> dict[str, Any]:
    """Return the content of the version's `_quarto.yml`."""
    pages = [{"text": page.title, "href": f"{page.slug}.ipynb"} for page in release.pages]
    return {
        "project": {
            "type": "website",
            "output-dir": HTML_FOLDER,
            "render": [page["href"] for page in pages],
            "resources": [f"{ASSETS_FOLDER}/*"],
        },
        "website": {
            "title": release.title,
            "site-url": site.site_url,
            "search": False,
            "sidebar": [{"id": "report", "title": release.title, "contents": pages}],
            "page-footer": site.footer,
        },
        "lang": site.lang,
        "execute": {"enabled": False},
        "format": {"html": page_format(THEME_FOLDER, site)},
        "equieval": {
            **{name: site.settings[name] for name in COMMENTS if site.settings.get(name)},
            "release": _release_block(release),
        },
    }


def page_format(theme_folder: str, site: SiteProject) -> dict[str, Any]:
    """Return the format block that makes Quarto fill in our template and nothing of its own."""
    return {
        "theme": "none",
        "minimal": True,
        "template": f"{theme_folder}/{TEMPLATE}",
        "filters": [{"at": "pre-ast", "path": f"{theme_folder}/{FILTER}"}],
        "html-math-method": "mathml",
        "toc": True,
        "toc-depth": site.toc_depth,
        "code-fold": True,
        "code-summary": site.code_summary,
    }


def _release_block(release: ReleaseDraft) -> dict[str, Any]:
    return {
        "id": release.id,
        "version": release.version,
        "label": release.label,
        "status": release.status.value,
        "status_meaning": release.status.meaning,
        "date": release.date,
        "synthetic": release.synthetic,
        "authors": list(release.authors),
        "contact": release.contact,
        "downloads": [
            {"path": item.path, "label": item.label, "bytes": item.bytes}
            for item in release.downloads
        ],
    }
