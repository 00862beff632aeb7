"""Telegram's texts: their measure, the marks in its HTML, and what it finds in plain text."""

import re
from html.parser import HTMLParser
from typing import Any

from bot.fakes.telegram.params import RefusalError

JSON = dict[str, Any]

KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
    "a": "text_link",
}
_FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?)"
    r"|(?P<mention>(?<!\w)@[A-Za-z]\w{3,31})"
    r"|(?P<url>https?://[^\s<>]+)"
)
_PERSON = "tg://user?id="


def units(text: str) -> int:
    """The length Telegram counts: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def found(text: str) -> list[JSON]:
    """Commands, mentions and addresses in a plain text."""
    return [
        {
            "type": match.lastgroup,
            "offset": units(text[: match.start()]),
            "length": units(match.group()),
        }
        for match in _FOUND.finditer(text)
    ]


def read(text: str, parse_mode: str, entities: list[JSON] | None) -> tuple[str, list[JSON]]:
    """A text as it is shown, and its entities."""
    if parse_mode.lower() == "html":
        reader = _Reader()
        reader.feed(text)
        reader.close()
        text, marked = reader.ended()
    elif parse_mode:
        raise RefusalError("unsupported parse_mode")
    else:
        marked = list(entities or [])
        _check(text, marked)
    return _trimmed(text, marked)


def _trimmed(text: str, marked: list[JSON]) -> tuple[str, list[JSON]]:
    cut = units(text[: len(text) - len(text.lstrip())])
    shown = text.strip()
    kept = []
    for one in marked:
        start = max(0, one["offset"] - cut)
        length = min(one["length"], units(shown) - start)
        if length > 0:
            kept.append({**one, "offset": start, "length": length})
    taken = {(one["offset"], one["length"]) for one in kept}
    kept += [one for one in found(shown) if (one["offset"], one["length"]) not in taken]
    return shown, sorted(kept, key=lambda one: int(one["offset"]))


def _check(text: str, entities: list[JSON]) -> None:
    size = units(text)
    for one in entities:
        start, length = int(one.get("offset", 0)), int(one.get("length", 0))
        if start < 0 or length < 0:
            raise RefusalError("can't parse entities: entity has a negative place")
        if start > size:
            raise RefusalError("ENTITY_BOUNDS_INVALID")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._text = ""
        self._open: list[tuple[str, int, JSON]] = []
        self._marked: list[JSON] = []

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        more: JSON = {}
        if tag == "a":
            href = dict(attrs).get("href") or ""
            more = _person(href) if href.startswith(_PERSON) else {"type": "text_link", "url": href}
        elif tag in KINDS:
            more = {"type": KINDS[tag]}
        else:
            at = len(self._text.encode())
            raise RefusalError(
                f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {at}'
            )
        self._open.append((tag, units(self._text), more))

    def handle_endtag(self, tag: str) -> None:
        at = len(self._text.encode())
        if not self._open:
            raise RefusalError(f"can't parse entities: Unexpected end tag at byte offset {at}")
        opened, start, more = self._open.pop()
        if opened != tag:
            raise RefusalError(
                f"can't parse entities: Unmatched end tag at byte offset {at}, "
                f'expected "</{opened}>", found "</{tag}>"'
            )
        length = units(self._text) - start
        if length:
            self._marked.append({**more, "offset": start, "length": length})

    def ended(self) -> tuple[str, list[JSON]]:
        if self._open:
            opened = self._open[-1][0]
            raise RefusalError(
                f"can't parse entities: Can't find end tag corresponding to start tag \"{opened}\""
            )
        return self._text, self._marked


def _person(href: str) -> JSON:
    number = href.removeprefix(_PERSON)
    if not number.isdigit():
        raise RefusalError("can't parse entities: wrong user identifier")
    return {"type": "text_mention", "user_id": int(number)}
