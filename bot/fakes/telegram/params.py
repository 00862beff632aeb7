"""What a request to the Bot API carries, however it is encoded."""

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_FIELD = re.compile(r';\s*(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^;]*))')
_QUOTED = re.compile(r"\\(.)")


class RefusalError(Exception):
    """An answer that is not ok: Telegram's code, words and parameters."""

    def __init__(self, description: str, code: int = 400, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.parameters = code, parameters
        self.description = f"{HTTPStatus(code).phrase}: {description}"


@dataclass(frozen=True)
class Upload:
    """A file within a request."""

    name: str
    data: bytes
    kind: str = "application/octet-stream"


@dataclass
class Params:
    """The parameters of one call, as they came: text, or JSON where the body was JSON."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The parameter as text; empty where there is none."""
        value = self.values.get(name)
        return "" if value is None else value if isinstance(value, str) else json.dumps(value)

    def number(self, name: str, default: int = 0) -> int:
        """The parameter as a whole number."""
        try:
            return int(self.values.get(name, default) or default)
        except (TypeError, ValueError):
            raise RefusalError(f"parameter {name} must be a number") from None

    def flag(self, name: str) -> bool:
        """The parameter as yes or no."""
        return self.values.get(name) in {True, "true", "True", "1"}

    def thing(self, name: str) -> Any:
        """The parameter as an object or list; None where there is none."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise RefusalError(f"can't parse {name} JSON object") from None

    def named_files(self) -> dict[str, str]:
        """Parameters that are files, by their names; without those that others point to."""
        text = json.dumps(self.values)
        return {
            name: file.name for name, file in self.files.items() if f"attach://{name}" not in text
        }


def parse(content_type: str, query: str, body: bytes) -> Params:
    """The parameters in a query and a body: JSON, a form, or a form with files."""
    params = Params(dict(parse_qsl(query, keep_blank_values=True)))
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" and body:
        try:
            params.values.update(json.loads(body))
        except (ValueError, TypeError):
            raise RefusalError("can't parse the request's JSON") from None
    elif kind == "application/x-www-form-urlencoded":
        params.values.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif kind == "multipart/form-data":
        _parts(params, content_type, body)
    return params


def _parts(params: Params, content_type: str, body: bytes) -> None:
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise RefusalError("boundary parameter not found")
    for part in body.split(b"--" + found[1].encode("latin-1"))[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        data = data.removesuffix(b"\r\n")
        named = _fields(head.decode("utf-8", "replace"))
        if "filename" in named:
            kind = named.get("type", "application/octet-stream")
            params.files[named["name"]] = Upload(named["filename"], data, kind)
        elif "name" in named:
            params.values[named["name"]] = data.decode("utf-8", "replace")


def _fields(head: str) -> dict[str, str]:
    """A part's name, file name and type; names come quoted, or bare up to the next semicolon."""
    named: dict[str, str] = {}
    for line in head.split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-type":
            named["type"] = value.strip()
        elif header.strip().lower() == "content-disposition":
            for key, quoted, bare in _FIELD.findall(value):
                named[key.lower()] = _QUOTED.sub(r"\1", quoted) or bare.strip()
    return named
