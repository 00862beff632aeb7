"""Reads a paper in a process of its own, with little time and memory: it may be made to harm.

What it has written before it is ended counts; whatever happens to it, the caller gets an outcome.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any

from knowledge.readers import pdf, plain, sheet, word
from knowledge.readers.paper import (
    Cut,
    Line,
    NotReadableError,
    Place,
    Read,
    Reason,
    Section,
    Unreadable,
)
from knowledge.readers.sections import sections

ROOT = Path(__file__).resolve().parent.parent.parent
LARGEST_OUTPUT = 16 << 20  # bytes taken from the process
LARGEST_UNPACKED = 200 << 20  # bytes an Office file may say it unpacks to
MOST_PARTS = 5000  # files inside an Office file
MOST_SECTIONS = 1000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_INSIDE: dict[str, Reason] = {"ppt/presentation.xml": "slides"}


@dataclass(frozen=True)
class Limits:
    """What one paper may cost: seconds on the clock and of the processor, bytes of memory."""

    seconds: float = 20.0
    processor: int = 15
    memory: int = 1 << 30


LIMITS = Limits()


def read(path: Path, name: str = "", kind: str = "", limits: Limits = LIMITS) -> Read | Unreadable:
    """What the file says. Never raises, takes `limits.seconds` at most.

    `name` is the sender's, `kind` the media type; the content decides, they only help.
    """
    if reason := _no_text(kind):
        return Unreadable(reason)
    if not path.is_file():
        return Unreadable("damaged")
    return _outcome(_output(path, name, limits))


def _no_text(kind: str) -> Reason | None:
    family = kind.partition("/")[0]
    return {"image": "picture", "audio": "sound", "video": "sound"}.get(family)  # type: ignore[return-value]


def _output(path: Path, name: str, limits: Limits) -> bytes:
    """What the process wrote until it ended or was ended."""
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [
        sys.executable,
        "-m",
        "knowledge.readers.apart",
        str(path.resolve()),
        Path(name).suffix,
    ]
    command += [str(ceil(limits.seconds)), str(limits.processor), str(limits.memory)]
    try:
        child = subprocess.Popen(  # noqa: S603  our own program; the path is an argument
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=ROOT,
            start_new_session=True,  # Ctrl-C is meant for the conversation
        )
    except OSError:
        return b""
    with child:
        ending = threading.Timer(limits.seconds, child.kill)
        ending.start()
        try:
            return child.stdout.read(LARGEST_OUTPUT) if child.stdout else b""
        finally:
            ending.cancel()
            child.kill()


def _outcome(output: bytes) -> Read | Unreadable:
    """Lines of JSON: sections, and how it ended; the last line may be torn."""
    found: list[Section] = []
    end = "too_much"
    for line in output.split(b"\n"):
        try:
            raw = json.loads(line)
            if isinstance(raw, str):
                end = raw
            else:
                found.append(_section(raw))
        except (ValueError, TypeError, KeyError):
            continue
    if found:
        return Read(tuple(found), cut=end != "whole")
    return Unreadable("empty" if end in {"whole", "cut"} else end)  # type: ignore[arg-type]


def _section(raw: dict[str, Any]) -> Section:
    return Section(raw["heading"], Place(**raw["place"]), raw["text"])


def _lines(path: Path, name: str) -> Iterator[Line | Cut]:
    """By what the first bytes say."""
    with path.open("rb") as file:
        head = file.read(1024)
    if b"%PDF-" in head:
        return pdf.read(path)
    if head.startswith(b"PK"):
        return _office(path)
    if head.startswith(_OLE):
        encrypted = _ENCRYPTED in path.read_bytes()
        raise NotReadableError("encrypted" if encrypted else "old_office")
    return plain.read(path, name)


def _office(path: Path) -> Iterator[Line | Cut]:
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        names = {part.filename for part in parts}
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
            raise NotReadableError("too_much")
        if any(part.flag_bits & 1 for part in parts):
            raise NotReadableError("encrypted")
    if "word/document.xml" in names:
        return word.read(path)
    if "xl/workbook.xml" in names:
        return sheet.read(path)
    raise NotReadableError(next((_INSIDE[name] for name in names & set(_INSIDE)), "archive"))


def _limit(seconds: int, processor: int, memory: int) -> None:
    signal.alarm(seconds)  # whoever started us may be gone and end nobody any more
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # writes nothing anywhere
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _read_here(path: Path, name: str) -> str:
    """Say what is read, section by section, and give how it ended."""
    cut = False
    try:
        found = sections(_lines(path, name))
        for each in islice(found, MOST_SECTIONS):
            if isinstance(each, Cut):
                cut = True
            else:
                _say(asdict(each))
        cut = cut or next(found, None) is not None
    except NotReadableError as error:
        return error.reason
    except (MemoryError, RecursionError):
        return "too_much"
    except Exception:  # noqa: BLE001  broken files raise anything at all
        return "damaged"
    return "cut" if cut else "whole"


def main() -> None:
    """`path suffix seconds processor-seconds bytes-of-memory`: lines of JSON on standard output."""
    path, suffix, *limits = sys.argv[1:]
    _limit(*map(int, limits))
    os.nice(5)
    _say(_read_here(Path(path), suffix))


if __name__ == "__main__":
    main()
