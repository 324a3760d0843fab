"""Which traces of machine, person and time are found in a file."""

import pytest

from equieval.releases.surroundings import Surroundings, file_findings

HERE = Surroundings(folders=("/data/projects/equity",), names=("jdoe42", "ward-pc-17"))
NOWHERE = Surroundings(folders=(), names=())


@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", b"Creation Time\0" + b"2026-02-03"),
        (b"tEXt", b"Author\0Jane"),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"),
        (b"tIME", b"\7\xea\2\3\0\0\0"),
        (b"eXIf", b"MM\0*"),
        (b"zTXt", b"Comment\0\0x"),
    ],
)
def test_dates_authors_and_camera_data_in_a_png_are_found(make_png, chunk):
    assert file_findings("a.png", make_png(chunk), NOWHERE)


def test_a_png_that_names_only_its_software_is_clean(make_png):
    assert not file_findings("a.png", make_png((b"tEXt", b"Software\0Matplotlib")), NOWHERE)


def test_bytes_behind_a_png_and_other_files_named_png_are_found(make_png):
    assert file_findings("a.png", make_png() + b"mother,baby", NOWHERE)
    assert file_findings("a.png", make_png()[:-4], NOWHERE)
    assert file_findings("a.png", b"GIF89a", NOWHERE)


@pytest.mark.parametrize(
    "inside",
    [
        "<metadata><dc:date>2026-02-03</dc:date></metadata>",
        "<dc:creator>Jane</dc:creator>",
        "<script>1</script>",
        '<path onload="f()"/>',
    ],
)
def test_dates_creators_and_scripts_in_an_svg_are_found(inside):
    assert file_findings("a.svg", f"<svg>{inside}</svg>".encode(), NOWHERE)
    assert not file_findings("a.svg", b"<svg><path/></svg>", NOWHERE)


def test_matplotlibs_deterministic_pictures_are_clean():
    """As the figures room writes them: without a date, with a fixed hash salt."""
    import io

    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2])
    dated, svg, png = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "equieval"}):
        figure.savefig(dated, format="svg")
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", metadata={"Software": None})
    assert file_findings("a.svg", dated.getvalue(), NOWHERE)
    assert not file_findings("a.svg", svg.getvalue(), NOWHERE)
    assert not file_findings("a.png", png.getvalue(), NOWHERE)


def test_this_machines_folders_and_names_are_found_but_not_parts_of_words():
    assert file_findings("a.csv", b"/data/projects/equity/births.csv", HERE)
    assert file_findings("a.json", b'{"host": "ward-pc-17"}', HERE)
    assert file_findings("a.csv", b"by jdoe42", HERE)
    assert not file_findings("a.csv", b"/data/projects/equity2 and jdoe421", HERE)


def test_web_addresses_are_no_paths_of_a_machine():
    assert not file_findings("a.json", b"https://example.org/home/page and ../tmp/x", HERE)


def test_names_that_say_nothing_about_anyone_are_not_searched_for(monkeypatch, tmp_path):
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.setattr("socket.gethostname", lambda: "localhost")
    assert Surroundings.of(tmp_path).names == ()
    monkeypatch.setenv("LOGNAME", "jdoe42")
    monkeypatch.setattr("socket.gethostname", lambda: "ward-pc-17.example.org")
    assert Surroundings.of(tmp_path).names == ("jdoe42", "ward-pc-17", "ward-pc-17.example.org")


def test_an_account_named_like_a_word_of_the_pages_can_still_release(monkeypatch, tmp_path):
    monkeypatch.setenv("LOGNAME", "theme")
    monkeypatch.setattr("socket.gethostname", lambda: "equieval")
    assert Surroundings.of(tmp_path).names == ()
