"""Design tokens: colour, type and space, shared by pages and figures.

Conventions follow the GOV.UK design system and the NHS service manual (plain type, one
column, generous space, a visible focus state), with an identity of our own: no logo and
no licensed typeface. Figure colours are the Government Analysis Function's, from the
``afcharts`` package. `CONTRASTS` lists every pair of colours that stand on each other
with the ratio that WCAG 2.2 AA asks for; the tests compute them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from afcharts.af_colours import get_af_colours

_CATEGORICAL = get_af_colours("categorical")
DARK_BLUE, TURQUOISE, DARK_PINK, ORANGE = _CATEGORICAL[:4]
FOCUS_GREY = get_af_colours("focus")[1]
_SEQUENTIAL = get_af_colours("sequential", number_of_colours=5)
PALE_BLUE, MID_BLUE = _SEQUENTIAL[-1], _SEQUENTIAL[2]
SHADES = (_SEQUENTIAL[4], _SEQUENTIAL[3], _SEQUENTIAL[2], _SEQUENTIAL[0])
"""Four steps from pale to dark, for shares."""

LIGHT: dict[str, str] = {
    "background": "#ffffff",
    "surface": "#f3f5f7",
    "text": "#171c20",
    "text-secondary": "#4d585f",
    "border": "#b3bcc2",
    "border-strong": "#6b7780",
    "link": "#1a5fa8",
    "link-hover": "#0b3a6e",
    "link-visited": "#5a3b8c",
    "focus": "#ffdd00",
    "focus-text": "#0b0c0c",
    "brand": DARK_BLUE,
    "brand-text": "#ffffff",
    "accent": DARK_BLUE,
    "callout-info": "#e8f0f8",
    "callout-info-border": DARK_BLUE,
    "callout-caution": "#fdf1e3",
    "callout-caution-border": "#b4530a",
    "callout-synthetic": "#f3edfa",
    "callout-synthetic-border": "#5a3b8c",
    "callout-error": "#fbeaea",
    "callout-error-border": "#b10e1e",
    "callout-success": "#e6f4f1",
    "callout-success-border": "#0f6b62",
    "tag": "#dfe8f1",
    "tag-text": "#0f3a61",
    "error": "#b10e1e",
    "success": "#0f6b62",
    "figure": "#ffffff",
    "code": "#eef1f4",
}

DARK: dict[str, str] = {
    "background": "#14191d",
    "surface": "#1f262b",
    "text": "#e8ecef",
    "text-secondary": "#b3bec6",
    "border": "#48545c",
    "border-strong": "#8a97a0",
    "link": "#8ec5f0",
    "link-hover": "#c4e1f8",
    "link-visited": "#c9b6e6",
    "focus": "#ffdd00",
    "focus-text": "#0b0c0c",
    "brand": "#0d2f4d",
    "brand-text": "#ffffff",
    "accent": "#8ec5f0",
    "callout-info": "#1b2d3d",
    "callout-info-border": "#6bace6",
    "callout-caution": "#38291a",
    "callout-caution-border": "#f59a52",
    "callout-synthetic": "#2c2440",
    "callout-synthetic-border": "#b89be0",
    "callout-error": "#3d2023",
    "callout-error-border": "#f08a8f",
    "callout-success": "#17332f",
    "callout-success-border": "#52c0b2",
    "tag": "#25394b",
    "tag-text": "#cfe4f6",
    "error": "#f59aa0",
    "success": "#6fd0c3",
    # Figures keep their white ground in both themes: their bytes are frozen with a release.
    "figure": "#ffffff",
    "code": "#242c32",
}

_CALLOUTS = ("info", "caution", "synthetic", "error", "success")
TEXT_CONTRAST, GRAPHIC_CONTRAST = 4.5, 3.0
CONTRASTS: tuple[tuple[str, str, float], ...] = (
    *((ink, ground, TEXT_CONTRAST)
      for ink in ("text", "text-secondary", "link", "link-hover", "link-visited", "accent",
                  "error", "success")
      for ground in ("background", "surface")),
    *(("text", f"callout-{kind}", TEXT_CONTRAST) for kind in _CALLOUTS),
    *(("link", f"callout-{kind}", TEXT_CONTRAST) for kind in _CALLOUTS),
    *(("link-visited", f"callout-{kind}", TEXT_CONTRAST) for kind in _CALLOUTS),
    *((f"callout-{kind}-border", "background", GRAPHIC_CONTRAST) for kind in _CALLOUTS),
    ("focus-text", "focus", TEXT_CONTRAST),
    ("brand-text", "brand", TEXT_CONTRAST),
    ("tag-text", "tag", TEXT_CONTRAST),
    ("text", "code", TEXT_CONTRAST),
    ("link", "code", TEXT_CONTRAST),
    ("border-strong", "background", GRAPHIC_CONTRAST),
    ("border-strong", "surface", GRAPHIC_CONTRAST),
)  # fmt: skip

FONT_BODY = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif'
)
FONT_MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace'
TYPE: dict[str, str] = {
    "size-small": "0.9375rem",
    "size-body": "1.125rem",
    "size-lead": "1.3125rem",
    "size-h4": "1.1875rem",
    "size-h3": "1.375rem",
    "size-h2": "1.75rem",
    "size-h1": "2.375rem",
    "size-number": "2.75rem",
    "line-body": "1.55",
    "line-heading": "1.2",
    "measure": "42rem",
}
SPACE: dict[str, str] = {
    f"space-{step}": f"{pixels / 16:g}rem"
    for step, pixels in enumerate((4, 8, 12, 16, 24, 32, 48, 64), start=1)
}

# Figures: inches and points. 12 pt at 7.2 in is the size of body text in a 66-character
# column, and still legible when the same picture is 330 px wide.
FIGURE_WIDTH = 7.2
POINTS_TEXT, POINTS_SMALL = 12.0, 10.5
PNG_DPI = 150
FIGURE_FONT = "DejaVu Sans"  # ships with matplotlib, so measures are the same everywhere
INK, INK_SECONDARY, GRID = LIGHT["text"], LIGHT["text-secondary"], "#dde2e6"
MOST, LEAST, OTHERS = DARK_BLUE, ORANGE, FOCUS_GREY
HASH_SALT = "equieval"


def contrast_ratio(first: str, second: str) -> float:
    """Return the WCAG 2.2 contrast ratio of two ``#rrggbb`` colours (1 to 21).

    >>> round(contrast_ratio("#000000", "#ffffff"), 1)
    21.0
    """
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def css_tokens() -> str:
    """Return the tokens as CSS custom properties.

    The light theme is the default; the dark one follows the reader's system unless the
    page sets ``data-theme="light"``, and is forced by ``data-theme="dark"``. Paper is always
    light.
    """
    shared = {
        "font-body": FONT_BODY,
        "font-mono": FONT_MONO,
        **{f"type-{name}": value for name, value in TYPE.items()},
        **SPACE,
    }
    light = _declarations({**_colours(LIGHT), **shared}, "light")
    dark = _declarations(_colours(DARK), "dark")
    nested = "\n".join(f"  {line}" for line in dark.splitlines())
    return (
        f":root {{\n{light}\n}}\n"
        f"@media screen and (prefers-color-scheme: dark) {{\n"
        f'  :root:not([data-theme="light"]) {{\n{nested}\n  }}\n}}\n'
        f'@media screen {{\n  :root[data-theme="dark"] {{\n{nested}\n  }}\n}}\n'
    )


def _colours(theme: dict[str, str]) -> dict[str, str]:
    return {f"colour-{name}": value for name, value in theme.items()}


def _declarations(properties: dict[str, str], scheme: str) -> str:
    lines = [f"  color-scheme: {scheme};"]
    lines += [f"  --{name}: {value};" for name, value in properties.items()]
    return "\n".join(lines)


def artefact_css() -> str:
    """Return the rules for the HTML that figures, tables and statements are written in."""
    return """\
figure.artefact { margin: var(--space-6) 0; }
figure.artefact img { display: block; width: 100%; max-width: 45rem; height: auto;
  background: var(--colour-figure); }
figure.artefact figcaption, table.artefact caption { text-align: left; color: var(--colour-text);
  margin-bottom: var(--space-3); }
.artefact-number { font-weight: 700; }
.artefact-title { font-weight: 700; }
.artefact-subtitle { display: block; color: var(--colour-text-secondary);
  font-size: var(--type-size-small); }
.figure-note, .table-note, .downloads { font-size: var(--type-size-small);
  color: var(--colour-text-secondary); }
.table-scroll { overflow-x: auto; max-width: 100%; }
.table-scroll:focus-visible { outline: 3px solid var(--colour-focus);
  box-shadow: 0 0 0 5px var(--colour-focus-text); }
table.artefact { border-collapse: collapse; width: 100%; }
table.artefact th, table.artefact td { padding: var(--space-2) var(--space-3) var(--space-2) 0;
  border-bottom: 1px solid var(--colour-border); text-align: left; vertical-align: top; }
table.artefact thead th { vertical-align: bottom; border-bottom: 2px solid
  var(--colour-border-strong); }
table.artefact tbody th { font-weight: 400; }
table.artefact tbody th[scope="rowgroup"] { font-weight: 700; padding-top: var(--space-4);
  border-bottom: 1px solid var(--colour-border-strong); }
table.artefact .numeric { text-align: right; font-variant-numeric: tabular-nums lining-nums; }
table.artefact td.numeric { white-space: nowrap; }
table.artefact .unit { display: block; font-weight: 400; font-size: var(--type-size-small);
  color: var(--colour-text-secondary); }
table.artefact abbr { text-decoration: none; }
dl.estimand dt { font-weight: 700; }
dl.estimand dd { margin: 0 0 var(--space-3) 0; }
"""


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw under the house style, whatever the reader's matplotlib is set to."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "font.family": FIGURE_FONT,
                "font.size": POINTS_TEXT,
                "text.color": INK,
                "axes.labelcolor": INK,
                "axes.edgecolor": LIGHT["border-strong"],
                "axes.linewidth": 0.9,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.spines.left": False,
                "axes.grid": True,
                "axes.grid.axis": "y",
                "axes.axisbelow": True,
                "axes.unicode_minus": True,
                "grid.color": GRID,
                "grid.linewidth": 0.9,
                "xtick.color": LIGHT["border-strong"],
                "xtick.labelcolor": INK,
                "ytick.color": LIGHT["border-strong"],
                "ytick.labelcolor": INK,
                "ytick.major.size": 0.0,
                "lines.linewidth": 2.2,
                "lines.solid_capstyle": "round",
                "hatch.linewidth": 0.8,
                "figure.facecolor": LIGHT["figure"],
                "savefig.facecolor": LIGHT["figure"],
                "savefig.dpi": PNG_DPI,
                "svg.fonttype": "none",
                "svg.hashsalt": HASH_SALT,
                "svg.image_inline": True,
            }
        )
        yield
