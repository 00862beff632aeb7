"""Files people attach: looked at, capped, stored once by digest; their names are data only."""

import codecs
import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.case import FileKept
from bot.wording import Wording

MOST = 50 * 1024 * 1024  # bytes of one file
CHUNK = 1 << 20
LONGEST_NAME = 120  # characters shown and stored

# What the first bytes may say. Anything a machine would run is not evidence.
ACCEPTED = {
    "application/pdf",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.ms-powerpoint",
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/heic",
    "video/mp4",
    "video/quicktime",
    "audio/mpeg",
    "audio/x-wav",
    "audio/ogg",
    "text/plain",
}


UNKNOWN = "application/octet-stream"
_STARTS = {  # settled by the first bytes; Office files are ZIPs
    b"%PDF-": "application/pdf",
    b"PK\x03\x04": "application/zip",
    b"#!": "text/x-script",
}
_OPEN = "application/vnd.openxmlformats-officedocument"
_INSIDE = {  # an Office file by the part it must have
    "word/document.xml": f"{_OPEN}.wordprocessingml.document",
    "xl/workbook.xml": f"{_OPEN}.spreadsheetml.sheet",
    "ppt/presentation.xml": f"{_OPEN}.presentationml.presentation",
}


@dataclass(frozen=True)
class Unfit:
    """Why a file was not stored: a phrase's key and what it fills in."""

    key: str
    parts: dict[str, str]

    def said(self, wording: Wording) -> str:
        return wording(f"file.problem.{self.key}", **self.parts)


def take(path: Path, folder: Path) -> FileKept | Unfit:
    """Copy the file at `path` into `folder` under its SHA-256, whole or not at all."""
    name = shown_name(path.name)
    try:
        if path.is_dir():
            return Unfit("folder", {"name": _printable(str(path))})
        if not path.is_file():
            return Unfit("missing", {"name": _printable(str(path))})
        size = path.stat().st_size
        if size == 0:
            return Unfit("empty", {"name": name})
        if size > MOST:
            return _too_big(name, size)
        kind = sniff(path)
        if kind not in ACCEPTED:
            return Unfit("kind", {"name": name, "kind": kind})
        digest, copied = _store(path, folder)
    except OSError as error:
        return Unfit("unreadable", {"name": name, "why": error.strerror or "?"})
    if copied > MOST:
        return _too_big(name, copied)
    return FileKept(digest, kind, copied, name)


def _too_big(name: str, size: int) -> Unfit:
    return Unfit("too_big", {"name": name, "size": _megabytes(size), "most": _megabytes(MOST)})


def place(folder: Path, digest: str) -> Path:
    """Where a stored file lies."""
    return folder / digest[:2] / digest


def shown_name(name: str) -> str:
    """A sender's file name made harmless for screens and reports."""
    return _printable(Path(name).name)


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name)[:LONGEST_NAME] or "?"


def sniff(path: Path) -> str:
    """The media type by content; the name's ending says nothing we trust."""
    import puremagic

    with path.open("rb") as file:
        head = file.read(8192)
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return _office(path) or kind if kind == "application/zip" else kind
    if _is_text(head):
        return "text/plain"
    try:
        return str(puremagic.from_string(head, mime=True)) or UNKNOWN
    except (puremagic.PureError, ValueError):
        return UNKNOWN


def _office(path: Path) -> str:
    """Which Office file a ZIP is; empty where it is another one. Nothing is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ""
    return next((kind for part, kind in _INSIDE.items() if part in parts), "")


def _is_text(head: bytes) -> bool:
    """Readable in one of the encodings in use, without control characters."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as Excel saves "Unicode text"
        text = codecs.getincrementaldecoder("utf-16")("replace").decode(head, final=False)
        return "\ufffd" not in text and not any(c < " " and c not in "\t\r\n\f" for c in text)
    if any(byte < 0x20 and byte not in b"\t\r\n\f" for byte in head):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head, final=False)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _store(path: Path, folder: Path) -> tuple[str, int]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f".taking-{os.getpid()}-{os.urandom(4).hex()}"
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as source, fresh.open("xb") as target:
            while size <= MOST and (chunk := source.read(CHUNK)):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        final = place(folder, digest.hexdigest())
        if size <= MOST and not final.exists():
            final.parent.mkdir(mode=0o700, exist_ok=True)
            fresh.chmod(0o600)
            fresh.rename(final)
    finally:
        fresh.unlink(missing_ok=True)
    return digest.hexdigest(), size


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"
