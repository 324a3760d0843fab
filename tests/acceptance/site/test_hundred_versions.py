"""Publishing version 100 costs what version 2 cost, and changes no byte of the 99 before it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from equieval.releases.renderer import ReleasePage
from equieval.site import build
from equieval.site.pandoc import PandocRenderer

ONE_PAGE = (ReleasePage("index", "Summary"),)


class CountedRenderer(PandocRenderer):
    """Counts the projects that it renders."""

    calls = 0

    def render(self, project: Path) -> None:
        type(self).calls += 1
        super().render(project)


@pytest.mark.slow
def test_a_hundred_real_versions_are_rendered_once_each_and_keep_their_bytes(
    published, monkeypatch
) -> None:
    CountedRenderer.calls = 0
    renderer = CountedRenderer(published.root)
    site = published.root / "_site" / "reports" / "smokefree-north"
    rendered_for_site: list[str] = []
    original = PandocRenderer.render_site
    monkeypatch.setattr(
        PandocRenderer,
        "render_site",
        lambda self, output: (rendered_for_site.append("site"), original(self, output)),
    )
    kept: dict[str, str] = {}
    for number in range(1, 101):
        published.freeze(number, pages=ONE_PAGE, renderer=renderer, fall=number / 10)
        if number in (2, 50, 100):
            build(published.root, renderer="pandoc")
            now = {
                path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(site.glob("v*/**/*"))
                if path.is_file()
            }
            assert kept.items() <= now.items()
            kept = now

    assert CountedRenderer.calls == 100
    assert len(rendered_for_site) == 3
    assert len({path.split("/")[0] for path in kept}) == 100
