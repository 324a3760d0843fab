"""Archives that others made: nothing leaves the folder, whatever they hold."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from equieval.errors import InputError
from equieval.releases.archives import HostileArchive, Limits, open_tar, open_zip
from equieval.releases.bundle import opened_bundle
from equieval.releases.crate import write_crate

SMALL = Limits(files=5, file_bytes=1000, all_bytes=3000)


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def tarred(path: Path, *entries: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for entry in entries:
            archive.addfile(entry, io.BytesIO(b"x" * entry.size))
    return path


def link(name: str, target: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def outside(tmp_path: Path) -> list[str]:
    """Everything that lies beside the folder that was opened into."""
    return sorted(p.name for p in tmp_path.rglob("*") if "in" not in p.relative_to(tmp_path).parts)


def test_what_was_put_in_comes_out(tmp_path):
    bundle = zipped(tmp_path / "a.zip", ("one.txt", b"1"), ("sub/two.txt", b"2"), ("sub/", b""))
    open_zip(bundle, tmp_path / "in")
    assert (tmp_path / "in" / "sub" / "two.txt").read_bytes() == b"2"


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt", "sub/../../evil.txt", "/etc/evil", "C:/evil", "C:evil", "..\\evil",
        "sub\\..\\evil", "a//b", "./a", "a/./b", "..", "con", "sub/NUL.txt", "name ", "dot.",
        "new\nline", "bell\x07", "a" * 400,
    ],
)  # fmt: skip
def test_a_path_that_leaves_the_folder_or_suits_no_system_is_refused(tmp_path, name):
    bundle = zipped(tmp_path / "a.zip", ("first.txt", b"1"), (zipfile.ZipInfo(name), b"evil"))
    with pytest.raises(HostileArchive) as refused:
        open_zip(bundle, tmp_path / "in")
    assert refused.value.exit_code == 2
    assert str(refused.value).isprintable() or "\n  where" in str(refused.value)
    assert outside(tmp_path) == ["a.zip"]


def test_a_name_cut_by_a_null_byte_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", ("evil.txtXpng", b"1"))
    path.write_bytes(path.read_bytes().replace(b"evil.txtXpng", b"evil.txt\0png"))
    with pytest.raises(HostileArchive):
        open_zip(path, tmp_path / "in")


def test_a_link_is_refused_before_anything_is_written_through_it(tmp_path):
    (tmp_path / "secret").mkdir()
    bundle = zipped(
        tmp_path / "a.zip", (link("way", "../secret"), b"../secret"), ("way/evil.txt", b"evil")
    )
    with pytest.raises(HostileArchive, match="link"):
        open_zip(bundle, tmp_path / "in")
    assert list((tmp_path / "secret").iterdir()) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [("a.txt", "a.txt"), ("a.txt", "A.TXT"), ("é.txt", "e\u0301.txt"), ("a", "a/b"), ("a/b", "a")],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(tmp_path, first, second):
    bundle = zipped(tmp_path / "a.zip", (first, b"1"), (second, b"2"))
    with pytest.raises(HostileArchive):
        open_zip(bundle, tmp_path / "in")


def test_a_bomb_by_size_stops_at_the_limit(tmp_path):
    bundle = zipped(tmp_path / "a.zip", ("bomb", b"\0" * 50_000))
    with pytest.raises(HostileArchive):
        open_zip(bundle, tmp_path / "in", limits=SMALL)
    assert (tmp_path / "in" / "bomb").stat().st_size <= SMALL.file_bytes


def test_a_bomb_that_lies_about_its_size_stops_too(tmp_path):
    path = zipped(tmp_path / "a.zip", ("bomb", b"\0" * 50_000))
    true, told = struct.pack("<I", 50_000), struct.pack("<I", 10)
    path.write_bytes(path.read_bytes().replace(true, told))
    with pytest.raises(HostileArchive):
        open_zip(path, tmp_path / "in", limits=SMALL)


def test_many_small_files_add_up_to_a_bomb(tmp_path):
    entries = [(f"{n}", b"x" * 900) for n in range(4)]
    with pytest.raises(HostileArchive, match="MB"):
        open_zip(zipped(tmp_path / "a.zip", *entries), tmp_path / "in", limits=SMALL)


def test_a_bomb_by_count_is_refused_before_a_file_is_written(tmp_path):
    bundle = zipped(tmp_path / "a.zip", *[(f"{n}", b"") for n in range(6)])
    with pytest.raises(HostileArchive, match="more than 5 files"):
        open_zip(bundle, tmp_path / "in", limits=SMALL)
    assert list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK\3\4 not really", b"\x1f\x8b\x08 not really"])
def test_what_is_no_archive_is_refused_in_words(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    for opened in (open_zip, open_tar):
        with pytest.raises(HostileArchive, match="archive"):
            opened(tmp_path / "a", tmp_path / "in")


def test_a_cut_off_archive_is_refused_in_words(tmp_path):
    whole = tarred(tmp_path / "a.tar.gz", member("a.txt", size=500)).read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HostileArchive):
        open_tar(tmp_path / "cut", tmp_path / "in")


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, target, size
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        member("../evil", size=1),
        member("/etc/evil", size=1),
        member("way", tarfile.SYMTYPE, "../secret"),
        member("way", tarfile.LNKTYPE, "/etc/passwd"),
        member("device", tarfile.CHRTYPE),
        member("pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda entry: f"{entry.name} {entry.type!r}",
)
def test_a_code_archive_is_held_to_the_same_rules(tmp_path, entry):
    archive = tarred(tmp_path / "a.tar.gz", member("fine.py", size=1), entry)
    with pytest.raises(HostileArchive):
        open_tar(archive, tmp_path / "in")
    assert outside(tmp_path) == ["a.tar.gz"]


def test_a_compressed_bomb_inside_the_code_archive_stops_at_the_limit(tmp_path):
    archive = tarred(tmp_path / "a.tar.gz", member("bomb", size=100_000))
    with pytest.raises(HostileArchive):
        open_tar(archive, tmp_path / "in", limits=SMALL)


def test_a_bundle_opens_as_the_version_that_was_exported(project, tmp_path):
    released = project.release().release
    bundle = write_crate(released, tmp_path / "bundle.zip")
    with opened_bundle(bundle) as folder:
        names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        inside = {p.relative_to(released.path).as_posix() for p in released.path.rglob("*")
                  if p.is_file()}  # fmt: skip
        assert names == inside
    assert not folder.exists()


def test_a_zip_that_is_no_version_is_refused(tmp_path):
    with (
        pytest.raises(InputError, match=r"release\.json"),
        opened_bundle(zipped(tmp_path / "a.zip", ("readme.txt", b"hello"))),
    ):
        pass
