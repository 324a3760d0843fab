"""The site in a browser: from the home page to a number's data, by keyboard, on any screen."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
REPORT = "reports/smokefree-north"
KINDS = (
    "index.html",
    "indicators.html",
    "methods.html",
    "versions.html",
    "rerun.html",
    "comment.html",
    "search.html",
    "glossary.html",
    "guide/index.html",
    "guide/good-practice.html",
    "guide/workstreams.html",
    "guide/pledges.html",
    "guide/accessibility.html",
    f"{REPORT}/v1/index.html",
    f"{REPORT}/v2/effect.html",
    f"{REPORT}/v3/index.html",
    "reports/made-up/v1/index.html",
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH"),
]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def served(published_site: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(published_site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def page(browser) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    yield opened
    context.close()


def kinds(site: Path) -> list[str]:
    quarto = "reports/by-quarto/v1/effect.html"
    return [*KINDS, *([quarto] if (site / quarto).is_file() else [])]


def test_a_reader_goes_from_home_to_data_to_versions_to_another_version_to_search(
    page, served: str
) -> None:
    page.goto(f"{served}/index.html")
    page.get_by_role("link", name="Smokefree pathway in the north", exact=True).click()
    page.wait_for_url(f"**/{REPORT}/v2/index.html")

    page.get_by_role("navigation", name="This report").get_by_text("Effect on the outcome").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="data (CSV) of figure 1").click()
    assert Path(download.value.path()).read_text() == "period,rate\n2016,0.8\n"

    page.get_by_role("link", name="all versions").click()
    page.wait_for_url("**/versions.html#smokefree-north")
    page.get_by_role("link", name="v1 of Smokefree pathway in the north").click()
    expect(page.locator("[data-version-banner]")).to_contain_text("Superseded")

    page.get_by_role("navigation", name="This report").get_by_text("Data audit").click()
    page.get_by_text("Read this page in another version").click()
    page.get_by_role("link", name="Version v2 (2023 data)").click()
    page.wait_for_url(f"**/{REPORT}/v2/data-audit.html")

    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_label("Words to look for").fill("xyzzyq")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("[data-search-status]")).to_contain_text("Nothing found for “xyzzyq”")
    page.get_by_label("Words to look for").fill("smokefree")
    page.get_by_role("button", name="Search").click()
    results = page.locator("[data-search-results] a")
    results.first.wait_for()
    current = results.evaluate_all("all => all.map(one => one.pathname)")
    assert any("/smokefree-north/v2/" in address for address in current)
    assert not any("/smokefree-north/v1/" in address for address in current)
    page.get_by_label("Include older versions").check()
    page.locator("[data-search-results] a[href*='/smokefree-north/v1/']").first.click()
    page.wait_for_url("**/smokefree-north/v1/*")


def test_the_same_journey_works_from_a_folder(page, published_site: Path) -> None:
    home = f"file://{published_site}/index.html"
    page.goto(home)
    page.get_by_role("link", name="Smokefree pathway in the north", exact=True).click()
    page.get_by_role("navigation", name="This report").get_by_text("Effect on the outcome").click()
    assert page.locator("figure img").evaluate("image => image.naturalWidth") > 0
    page.get_by_role("link", name="all versions").click()
    page.get_by_role("link", name="v1 of Smokefree pathway in the north").click()
    expect(page.locator("[data-version-banner]")).to_contain_text("Superseded")
    page.get_by_text("Read this page in another version").click()
    page.get_by_role("link", name="Version v2 (2023 data)").click()
    page.wait_for_url(f"**/{REPORT}/v2/index.html")
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_text("needs a web server").wait_for()
    page.goto(f"file://{published_site}/{REPORT}/latest/effect.html")
    page.wait_for_url(f"**/{REPORT}/v2/effect.html")


def test_the_banner_says_what_happened_to_each_version(page, served: str) -> None:
    banner = page.locator("[data-version-banner]")
    for version, said in (("v1", "Superseded"), ("v2", ""), ("v3", "Withdrawn")):
        page.goto(f"{served}/{REPORT}/{version}/index.html")
        if said:
            assert said in banner.inner_text()
            link = banner.get_by_role("link", name="Read this page in version v2")
            assert link.get_attribute("href").endswith("/v2/index.html")
        else:
            assert not banner.is_visible()
    page.goto(f"{served}/{REPORT}/v1/robustness.html")
    assert banner.get_by_role("link").get_attribute("href").endswith("/v2/index.html")


def test_without_scripts_everything_is_still_there(browser, served: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}/{REPORT}/v1/effect.html")

    assert page.get_by_role("heading", level=1).inner_text() == "Effect on the outcome"
    assert page.locator("figure img").is_visible()
    assert page.get_by_role("navigation", name="This report").is_visible()
    page.get_by_role("link", name="all versions").click()
    page.wait_for_url("**/versions.html#smokefree-north")
    page.goto(f"{served}/index.html#data=synthetic")
    assert page.get_by_role("link", name="Smokefree pathway in the north", exact=True).is_visible()
    assert not page.get_by_label("Workstream").is_visible()
    context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)])
def test_axe_finds_nothing_on_any_kind_of_page(
    browser, served: str, published_site: Path, scheme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    found = []
    for kind in kinds(published_site):
        page.goto(f"{served}/{kind}")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        results = Axe().run(page).response
        found += [
            (kind, fault["id"], fault["nodes"][0]["html"][:120]) for fault in results["violations"]
        ]
    context.close()
    assert found == [], found


def test_no_page_asks_another_host_or_breaks_its_security_policy(
    page, served: str, published_site: Path
) -> None:
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append((page.url, message.text)))
    page.on("pageerror", lambda error: said.append((page.url, str(error))))
    for kind in kinds(published_site):
        page.goto(f"{served}/{kind}")
    page.goto(f"{served}/search.html?q=rate")
    page.get_by_text("found").first.wait_for()

    assert {url for url in asked if not url.startswith((served, "data:"))} == set()
    assert said == []


@pytest.mark.parametrize("width", [320, 640])
def test_nothing_scrolls_sideways_on_a_narrow_screen(
    browser, served: str, published_site: Path, width: int
) -> None:
    """320 px wide is also what 400 % zoom on a 1280 px screen gives (WCAG 1.4.10)."""
    context = browser.new_context(viewport={"width": width, "height": 640})
    page = context.new_page()
    wide = []
    for kind in kinds(published_site):
        page.goto(f"{served}/{kind}")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(kind)
    context.close()
    assert wide == []


def test_the_keyboard_alone_is_enough(page, served: str) -> None:
    page.goto(f"{served}/{REPORT}/v1/index.html")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"

    page.get_by_role("button", name="Dark theme").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="Dark theme").get_attribute("aria-pressed") == "true"

    page.get_by_text("Read this page in another version").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == "Version v3 (wrong file)"
    outline = page.evaluate("getComputedStyle(document.activeElement).boxShadow")
    assert outline != "none"


def test_the_portfolio_is_filtered_by_keyboard_and_the_choice_stands_in_the_address(
    page, published_site: Path
) -> None:
    home = f"file://{published_site}/index.html"
    page.goto(home)
    count = page.locator("[data-filter-count]")
    cards = page.locator(".card")
    everything = cards.count()
    assert count.get_attribute("role") == "status"
    assert count.inner_text() == f"{everything} evaluations"

    page.get_by_label("Workstream").focus()
    page.keyboard.type("Cult")
    page.keyboard.press("Enter")
    expect(count).to_have_text(f"1 of {everything} evaluations shown")
    expect(page.get_by_role("heading", name="A made-up programme")).to_be_visible()
    expect(page.get_by_role("heading", name="Perinatal health equity")).to_be_hidden()
    assert page.evaluate("location.hash") == "#workstream=culture"

    page.get_by_label("Data").select_option("real")
    expect(count).to_contain_text(f"None of {everything} evaluations matches")
    assert page.evaluate("location.hash") == "#workstream=culture&data=real"
    page.get_by_role("button", name="Show all").focus()
    page.keyboard.press("Enter")
    expect(count).to_have_text(f"{everything} evaluations")
    assert page.evaluate("location.hash") == ""

    page.goto(f"{home}#group=coastal&data=synthetic")
    page.reload()
    expect(page.get_by_label("Population group")).to_have_value("coastal")
    expect(count).to_have_text(f"1 of {everything} evaluations shown")
    page.goto(f"{home}#design=no-such-design")
    page.reload()
    expect(count).to_have_text(f"{everything} evaluations")


def test_a_chosen_theme_stays_and_figures_keep_a_light_ground(page, served: str) -> None:
    page.goto(f"{served}/index.html")
    page.get_by_role("button", name="Dark theme").click()
    page.goto(f"{served}/{REPORT}/v2/effect.html")

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    ground = page.evaluate("getComputedStyle(document.querySelector('figure img')).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate("localStorage.length") == 0


def test_contents_stay_in_view_on_a_wide_screen_and_fold_on_a_phone(browser, served: str) -> None:
    for width, is_open in ((1280, True), (360, False)):
        context = browser.new_context(viewport={"width": width, "height": 500})
        page = context.new_page()
        page.goto(f"{served}/methods.html")
        contents = page.get_by_role("navigation", name="On this page")
        assert contents.is_visible() is is_open
        if is_open:
            page.get_by_role(
                "heading", name="Certainty of the evidence"
            ).scroll_into_view_if_needed()
            box = contents.bounding_box()
            assert 0 <= box["y"] < 500
        else:
            page.get_by_text("On this page").first.click()
            assert contents.is_visible()
        context.close()


def test_on_paper_there_are_words_and_figures_and_no_navigation(page, served: str) -> None:
    page.goto(f"{served}/{REPORT}/v2/effect.html")
    page.emulate_media(media="print", color_scheme="dark")

    assert not page.get_by_role("navigation", name="This report").is_visible()
    assert not page.get_by_role("button", name="Dark theme").is_visible()
    assert page.locator("figure img").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    caption = "getComputedStyle(document.querySelector('figcaption')).color"
    assert page.evaluate(caption) == "rgb(23, 28, 32)"
    assert page.pdf()[:5] == b"%PDF-"


def test_reduced_motion_is_respected(browser, served: str) -> None:
    for motion, expected in (("reduce", "auto"), ("no-preference", "smooth")):
        context = browser.new_context(reduced_motion=motion)
        page = context.new_page()
        page.goto(f"{served}/index.html")
        style = "getComputedStyle(document.documentElement).scrollBehavior"
        assert page.evaluate(style) == expected
        context.close()
