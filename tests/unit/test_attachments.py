"""Files people attach."""

import zipfile
from pathlib import Path

import pytest

from bot import attachments
from bot.attachments import Unfit, place, take
from bot.dialogue.case import FileKept

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360"
    "000000020001e221bc330000000049454e44ae426082"
)


def kept(path: Path, folder: Path) -> FileKept:
    found = take(path, folder)
    assert isinstance(found, FileKept), found
    return found


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        (PNG, "image/png"),
        ("报价单 0.04 元/条".encode(), "text/plain"),
        ("报价单 0.04 元/条".encode("gb18030"), "text/plain"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00", "image/jpeg"),
    ],
)
def test_content_decides_the_type(tmp_path: Path, content: bytes, kind: str) -> None:
    """The type is read from the bytes; what the name says does not matter."""
    path = tmp_path / "any.exe"
    path.write_bytes(content)
    assert kind == kept(path, tmp_path / "files").media_type


def test_same_content_is_stored_once(tmp_path: Path) -> None:
    """Two files with the same bytes share one stored file under its SHA-256."""
    one, two = tmp_path / "a.txt", tmp_path / "b.txt"
    one.write_text("same", encoding="utf-8")
    two.write_text("same", encoding="utf-8")
    folder = tmp_path / "files"
    first, second = kept(one, folder), kept(two, folder)
    assert first.sha256 == second.sha256
    assert "same" == place(folder, first.sha256).read_text(encoding="utf-8")
    assert 1 == len([path for path in folder.rglob("*") if path.is_file()])


@pytest.mark.parametrize(
    "content",
    [b"MZ\x90\x00" + b"\0" * 80, b"\x7fELF\x02\x01\x01" + b"\0" * 60, b"#!/bin/sh\nrm -rf /\n"],
)
def test_programs_are_no_evidence(tmp_path: Path, content: bytes) -> None:
    """Something a machine would run is refused whatever it is called."""
    path = tmp_path / "licence.pdf"
    path.write_bytes(content)
    assert isinstance(take(path, tmp_path / "files"), Unfit)


def test_problems_are_told_apart(tmp_path: Path) -> None:
    """Missing, empty and folder are each refused with their own reason, and nothing is stored."""
    (tmp_path / "empty").write_bytes(b"")
    files = tmp_path / "files"
    keys = [take(tmp_path / name, files).key for name in ("no-such", "empty", ".")]
    assert ["missing", "empty", "folder"] == keys
    assert not files.exists()


def test_size_is_capped(tmp_path: Path) -> None:
    """A file over the limit is refused before it is copied."""
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(attachments.MOST + 1)
    assert "too_big" == take(path, tmp_path / "files").key


def test_names_are_data_only(tmp_path: Path) -> None:
    """A hostile name neither leaves the folder nor reaches the screen as control characters."""
    assert "x??[2Jy.pdf" == attachments.shown_name("../../x\x1b\x07[2Jy.pdf")


def test_office_files_pass(tmp_path: Path) -> None:
    """A document that is a ZIP inside is known as what it is; any other ZIP is one."""
    path = tmp_path / "合同.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
    kind = kept(path, tmp_path / "files").media_type
    assert "application/vnd.openxmlformats-officedocument.wordprocessingml.document" == kind
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "word/document.xml")
    assert "application/zip" == kept(path, tmp_path / "files").media_type
    path.write_bytes(path.read_bytes()[:-10])  # half a file
    assert "application/zip" == kept(path, tmp_path / "files").media_type
