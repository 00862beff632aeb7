"""Placeholders in a vendor's file become values: once for the connection, then for each message.

What a message brings: {number}, {text} (in full), {body} (without the 【signature】 in front),
{trailing} (with it at the end instead), {reference} (ours), {parameters} (the template's variables
as a JSON object in a string), {parameter_list} (as a JSON array; a real array where it is a whole
JSON value) and {parameter_array} (always in a string). The moment: {nonce}, {unix}, {unix_ms},
{iso} (2026-11-22T10:00:00Z). Everything else, such as {source}, {signature}, {template} and
{callback}, is the connection's. Pure.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, TypeAlias

PER_MESSAGE = frozenset({
    "number", "text", "body", "trailing", "reference", "parameters",
    "parameter_list", "parameter_array", "nonce", "unix", "unix_ms", "iso",
})  # fmt: skip

Values: TypeAlias = Mapping[str, str]
Writer: TypeAlias = Callable[[Values], str]

_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_LATER = re.compile("\\{(" + "|".join(sorted(PER_MESSAGE)) + ")\\}")
_SLOT = re.compile(r'"\\u0000\\u0000parameter_list\\u0000"|\\u0000([a-z_]+)\\u0000')


def names(text: str) -> set[str]:
    """The placeholders in a string."""
    return set(_PLACE.findall(text))


def later(text: str) -> set[str]:
    """Those of them that are filled for each message."""
    return set(_LATER.findall(text))


def settle(text: str, values: Values) -> str:
    """Fill in what is known now; the message's own placeholders stay. KeyError for others."""

    def known(found: re.Match[str]) -> str:
        return found[0] if found[1] in PER_MESSAGE else values[found[1]]

    return _PLACE.sub(known, text)


def items(given: Mapping[str, str], values: Values) -> dict[str, str]:
    """The same for named items; one that is nothing but an empty placeholder is left out."""
    settled = {name: settle(text, values) for name, text in given.items()}
    return {name: text for name, text in settled.items() if text or not given[name]}


def document(given: Any, values: Values) -> Any:
    """The same for a JSON document; what is empty for want of a value goes, and what held it."""
    if isinstance(given, str):
        return settle(given, values) or (None if given else "")
    if isinstance(given, dict):
        inside = {name: document(value, values) for name, value in given.items()}
        return {name: value for name, value in inside.items() if value is not None} or None
    if isinstance(given, list):
        entries = [entry for entry in (document(one, values) for one in given) if entry is not None]
        return entries or None
    return given


def writer(text: str) -> Writer:
    """A settled string as a function of the message's values."""
    parts = _LATER.split(text)  # literal, name, literal, name, …, literal
    if len(parts) == 1:
        return lambda values: text
    if len(parts) == 3 and not parts[0] and not parts[2]:
        name = parts[1]
        return lambda values: values[name]
    literals, wanted = parts[::2], parts[1::2]

    def fill(values: Values) -> str:
        out = [literals[0]]
        for name, literal in zip(wanted, literals[1:], strict=True):
            out += (values[name], literal)
        return "".join(out)

    return fill


def with_gaps(text: str, write: Callable[[str], str]) -> str:
    """A settled string through `write`, but for the message's placeholders: NUL name NUL."""
    parts = _LATER.split(text)  # literal, name, literal, name, …, literal
    return "\0".join([name if at % 2 else write(name) for at, name in enumerate(parts)])


def json_writer(given: Any) -> Writer:
    """A settled JSON document as a function of the message's values; compact, UTF-8 as it is."""
    marked = json.dumps(_mark(given), ensure_ascii=False, separators=(",", ":"))
    literals: list[str] = []
    wanted: list[str] = []
    at = 0
    for slot in _SLOT.finditer(marked):
        literals.append(marked[at : slot.start()])
        wanted.append(slot[1] or "parameter_list")
        at = slot.end()
    ending = marked[at:]

    def fill(values: Values) -> str:
        out: list[str] = []
        for literal, name in zip(literals, wanted, strict=True):
            value = values[name]
            out += (literal, value if name == "parameter_list" else quoted(value))
        out.append(ending)
        return "".join(out)

    return fill


def quoted(text: str) -> str:
    """The text as it stands between the quotes of a JSON string."""
    return encode_basestring(text)[1:-1]


@lru_cache(maxsize=4)
def moment(unix: int) -> dict[str, str]:
    """The placeholders that tell the time, but for {unix_ms} and {nonce}."""
    return {
        "unix": str(unix),
        "iso": datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _mark(given: Any) -> Any:
    if isinstance(given, str):
        whole = "\0\0parameter_list\0"
        return whole if given == "{parameter_list}" else _LATER.sub("\0\\1\0", given)
    if isinstance(given, dict):
        return {name: _mark(value) for name, value in given.items()}
    if isinstance(given, list):
        return [_mark(value) for value in given]
    return given
