"""A conversation as the web page shows it, as plain values."""

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session as Sql

from bot.channels.web.desk import Seen, Values
from bot.dialogue import asking, calling
from bot.dialogue.session import Session
from bot.dialogue.talk import Talk
from bot.messages import Peer
from bot.scenery import Scenery
from bot.store import chats, people, shown
from bot.store.database import Database
from bot.store.shown import Line

TOKEN = re.compile(r"(?:\d+|any):[a-z_]+:\S+|(?:\d+|any):\d+:\S*")
# Questions that a number picks a reply to; elsewhere one that is typed may be the answer itself.
PICKED = frozenset(
    {"walk", "international", "multilingual", "confirm", "file_level", "colleague"}
    | {"connection", "test", "pair", "stop"}
)


@dataclass(frozen=True)
class View:
    """Looks at stored conversations; blocks."""

    database: Database
    scenery: Scenery
    progress: Callable[[str], str]

    def news(self, person: int, seen: Seen) -> Values:
        """What a browser does not show yet, and how everything beside the lines stands now."""
        key = f"web:{person}"
        with self.database.read() as sql:
            lines = shown.since(sql, self.database.vault, key, seen.after)
            known = people.who(sql, "web", str(person))
            session = standing(sql, person)
            beside: Values = {
                "name": known.name if known else "",
                "language": session.language,
                "asked": session.asked if session.pending else 0,
                "progress": self.progress(key),
            }
            scene = None
            if known and (lines or seen.call):
                scene = self.scenery.scene(
                    sql, known, session, peer=Peer("web", str(person), str(person)), message=None
                )
            if scene and seen.call:
                beside["call"] = calling.screen(session, scene)
            talk = Talk(scene, session, scene.case) if scene else None
            labels = _labels(sql, key, lines)
            said = [
                _said(line, _words(line, labels, talk)) if line.body is None else self._told(line)
                for line in lines
            ]
        return {
            **beside,
            "lines": said,
            "after": _after(lines, seen.after),
            "state": _digest(beside),
        }

    def is_up_to_date(self, person: int) -> bool:
        """Whether the person talked here last: then the page ends with what waits for them."""
        with self.database.read() as sql:
            here, newest = chats.standing(sql, f"web:{person}", person)
        return here.revision >= 0 and here.updated_at == newest.updated_at

    def talks_about(self, person: int, case: int) -> bool:
        with self.database.read() as sql:
            return standing(sql, person).case == case

    def _told(self, line: Line) -> Values:
        body = line.body or {}
        return {
            "id": f"r{line.reply}",
            "reply": line.reply,
            "mine": False,
            "text": body["text"],
            "buttons": body.get("buttons", []),
            "keys": self._takes_keys(body),
            "file": Path(body.get("file", "")).name,
            "waiting": line.waiting,
            "at": line.at.isoformat(),
        }

    def _takes_keys(self, body: Mapping[str, Any]) -> bool:
        """Whether a number key may press a button at once."""
        if not body.get("buttons") or not body.get("numbered", True):
            return False
        subject = str(body["buttons"][0][1]).split(":")[1]
        if not subject.isdigit():
            return subject in PICKED
        item = self.scenery.checklist.numbered(int(subject))
        return item is not None and (item.value is None or item.value.kind == "choice")


def standing(sql: Sql, person: int) -> Session:
    """Where a person stands, in whichever of their chats they spoke last."""
    known = people.who(sql, "web", str(person))
    _, newest = chats.standing(sql, f"web:{person}", person)
    if newest.revision < 0:
        return Session(language=known.language if known else "zh")
    return Session.from_json(newest.state)


def _said(line: Line, words: str) -> Values:
    return {
        "id": f"t{line.turn}",
        "message": line.message_id,
        "mine": True,
        "text": words,
        "files": list(line.files),
        "at": line.at.isoformat(),
    }


def _labels(sql: Sql, key: str, lines: Sequence[Line]) -> dict[str, str]:
    """What the buttons said that were pressed in these lines."""
    known = {
        token: label for line in lines for label, token in (line.body or {}).get("buttons", [])
    }
    pressed = {line.words for line in lines if TOKEN.fullmatch(line.words)}
    return {token: known.get(token) or shown.label_of(sql, key, token) for token in pressed}


def _words(line: Line, labels: Mapping[str, str], talk: Talk | None) -> str:
    """What a person said, with a pressed button's label instead of its token."""
    if line.words not in labels:
        return line.words
    if labels[line.words] or talk is None:
        return labels[line.words] or line.words
    return _in_a_form(talk, line.words)


def _in_a_form(talk: Talk, token: str) -> str:
    """`any:7:yes` as a person would say it."""
    _, subject, word = token.split(":", 2)
    item = talk.scene.checklist.numbered(int(subject)) if subject.isdigit() else None
    if item is None:
        return token
    labels = dict(asking.choices(talk, item))
    return talk.word("web.answered", number=subject, said=labels.get(word, word))


def _after(lines: Sequence[Line], before: tuple[int, int]) -> str:
    turn = max((line.turn for line in lines), default=0)
    reply = max((line.reply for line in lines), default=0)
    return f"{max(turn, before[0])}.{max(reply, before[1])}"


def _digest(beside: Mapping[str, Any]) -> str:
    """Differs where anything beside the lines does; the time that passes in a call does not."""
    call = {name: value for name, value in beside.get("call", {}).items() if name != "now"}
    text = json.dumps({**beside, "call": call}, sort_keys=True)
    return f"{zlib.crc32(text.encode()):08x}"
