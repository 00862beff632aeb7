"""Files in and out: encrypted downloads that expire after five minutes, uploads in chunks."""

import base64
import binascii
import hashlib
import logging
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import anyio
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.wecom import frames
from bot.channels.wecom.client import Line
from bot.channels.wecom.frames import Ack
from bot.channels.wecom.incoming import Attachment

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

BLOCK = 32  # what the padding fills up to, not AES's 16
LONGEST_NAME = 120
CHUNK, CHUNKS = 512 * 1024, 100
CHUNK_TRIES = 3
GONE = frozenset({401, 403, 404, 410})
_PICTURES = {".png", ".jpg", ".jpeg"}
PICTURE_BYTES = 10 * 1024 * 1024  # second-hand; what is larger goes as a file
_SNIFFED = ((b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"), (b"%PDF", ".pdf"))


@dataclass(frozen=True)
class Fetched:
    """A file on the local disk, or why there is none: too_large, expired, unreadable."""

    path: Path | None = None
    trouble: str = ""


class _Unpadding:
    """AES-256-CBC as it comes in, holding back what may be padding. The key's start is the IV."""

    def __init__(self, key: str) -> None:
        raw = base64.b64decode(key + "=" * (-len(key) % 4))
        if len(raw) != BLOCK:
            raise ValueError("not an AES-256 key")
        self._cipher = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).decryptor()
        self._held = b""

    def update(self, data: bytes) -> bytes:
        plain = self._held + self._cipher.update(data)
        self._held = plain[-BLOCK:]
        return plain[:-BLOCK]

    def end(self) -> bytes:
        """The last bytes; ValueError where the key or the data is wrong."""
        plain = self._held + self._cipher.finalize()
        size = plain[-1] if plain else 0
        if not 1 <= size <= BLOCK or plain[-size:] != bytes([size]) * size:
            raise ValueError("wrong padding")
        return plain[:-size]


class _AsIs:
    """A file that came without a key is not encrypted."""

    def update(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b""


@dataclass(frozen=True)
class Fetching:
    """Downloads into `folder`, each into a fresh sub-folder of its own."""

    folder: Path
    most: int = 50 * 1024 * 1024  # bytes of one file
    timeout_s: float = 60
    tries: int = 3
    pause_s: float = 1.0

    async def fetch(self, attachment: Attachment) -> Fetched:
        """Get it now: its address is good for five minutes only."""
        import httpx

        if urlsplit(attachment.url).scheme not in {"http", "https"}:
            return Fetched(trouble="unreadable")
        async with httpx.AsyncClient(timeout=self.timeout_s, follow_redirects=True) as http:
            for left in reversed(range(self.tries)):
                try:
                    return await self._fetch(http, attachment)
                except (httpx.HTTPError, OSError) as error:
                    log.warning("A WeCom file could not be fetched: %s", type(error).__name__)
                    if left:
                        await anyio.sleep(self.pause_s)
        return Fetched(trouble="unreadable")

    async def _fetch(self, http: "httpx.AsyncClient", attachment: Attachment) -> Fetched:
        try:
            plain = _Unpadding(attachment.key) if attachment.key else _AsIs()
        except (ValueError, binascii.Error):
            return Fetched(trouble="unreadable")
        async with http.stream("GET", attachment.url) as answer:
            if answer.status_code in GONE:
                return Fetched(trouble="expired")
            answer.raise_for_status()
            if int(answer.headers.get("content-length", 0)) > self.most + BLOCK:
                return Fetched(trouble="too_large")
            told = answer.headers.get("content-disposition", "")
            try:
                return await self._keep(answer.aiter_bytes(), plain, _named(told, attachment))
            except ValueError:
                return Fetched(trouble="unreadable")

    async def _keep(
        self, chunks: AsyncIterator[bytes], plain: "_Unpadding | _AsIs", name: str
    ) -> Fetched:
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir(parents=True, mode=0o700)
        path, size, whole = folder / name, 0, False
        try:
            async with await anyio.open_file(path, "wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self.most + BLOCK:
                        return Fetched(trouble="too_large")
                    await file.write(plain.update(chunk))
                await file.write(plain.end())
            whole = True
        finally:
            if not whole:
                path.unlink(missing_ok=True)
                folder.rmdir()
        return Fetched(_with_suffix(path))


def _named(disposition: str, attachment: Attachment) -> str:
    """The file's name as the platform tells it, without anything that could be a path."""
    found = re.search(r"filename\*=utf-8''([^;\s]+)", disposition, re.IGNORECASE)
    found = found or re.search(r'filename="([^"]+)"', disposition)
    found = found or re.search(r"filename=([^;\s]+)", disposition)
    return safe_name(unquote(found.group(1)) if found else attachment.name) or attachment.kind


def safe_name(name: str) -> str:
    """At most 120 characters, no separators, nothing invisible; the ending is kept."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(sign for sign in name if sign.isprintable() and sign not in ':*?"<>|').strip(
        ". "
    )
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 10:
        name = f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"
    while len(name.encode()) > 240:  # what file systems allow is counted in bytes
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[:-1]}{dot}{ending}" if stem else ending[:-1]
    return name[:LONGEST_NAME]


def _with_suffix(path: Path) -> Path:
    """A picture arrives without a name: its first bytes say what it is."""
    if path.suffix:
        return path
    with path.open("rb") as file:
        start = file.read(8)
    for sign, suffix in _SNIFFED:
        if start.startswith(sign):
            return path.rename(path.with_name(path.name + suffix))
    return path


def kind_of(path: Path) -> str:
    """How a file is shown: pictures as pictures, all else as a file to open."""
    small = path.suffix.lower() in _PICTURES and path.stat().st_size <= PICTURE_BYTES
    return "image" if small else "file"


@dataclass
class Upload:
    """How far a file has come; what is there already is not sent again."""

    path: Path
    id: str = ""
    sent: int = 0  # chunks


async def upload(line: Line, state: Upload, ack_s: float, pause_s: float) -> Ack:
    """Send a file in chunks; the body of a good answer holds its `media_id` and `type`.

    Chunks are counted from 0, as the official SDK's code does against what its comments say.
    """
    data = await anyio.Path(state.path).read_bytes()
    if not 1 <= len(data) <= CHUNK * CHUNKS:
        return Ack(40006, "empty, or larger than 100 chunks")
    resumed = bool(state.id)
    ack = await _through(line, state, data, ack_s=ack_s, pause_s=pause_s)
    if resumed and ack.code in frames.CONTENT:  # the platform has forgotten the beginning
        state.id, state.sent = "", 0
        ack = await _through(line, state, data, ack_s=ack_s, pause_s=pause_s)
    return ack


async def _through(line: Line, state: Upload, data: bytes, *, ack_s: float, pause_s: float) -> Ack:
    """Begin unless that was done, send the chunks that are missing, end."""
    kind = kind_of(state.path)
    if not state.id:
        begin = {
            "type": kind,
            "filename": state.path.name,
            "total_size": len(data),
            "total_chunks": -(-len(data) // CHUNK),
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        }
        ack = await line.call(frames.UPLOAD_BEGIN, begin, ack_s=ack_s)
        state.id = str(ack.body.get("upload_id") or "")
        if not ack.ok or not state.id:
            return ack if not ack.ok else Ack(frames.NO_ANSWER, "no upload_id")
    for index in range(state.sent, -(-len(data) // CHUNK)):
        chunk = base64.b64encode(data[index * CHUNK : (index + 1) * CHUNK]).decode()
        body = {"upload_id": state.id, "chunk_index": index, "base64_data": chunk}
        ack = await _chunk(line, body, ack_s, pause_s)
        if not ack.ok:
            return ack
        state.sent = index + 1
    ack = await line.call(frames.UPLOAD_END, {"upload_id": state.id}, ack_s=ack_s)
    return Ack(ack.code, ack.why, {"type": kind, **ack.body})


async def _chunk(line: Line, body: frames.Body, ack_s: float, pause_s: float) -> Ack:
    """One chunk; the platform is said to answer "system error" now and then."""
    ack = await line.call(frames.UPLOAD_CHUNK, body, ack_s=ack_s)
    for tried in range(1, CHUNK_TRIES):
        if ack.ok or ack.code == frames.NOT_CONNECTED or ack.code in frames.CONTENT:
            break
        await anyio.sleep(pause_s * tried)
        ack = await line.call(frames.UPLOAD_CHUNK, body, ack_s=ack_s)
    return ack
