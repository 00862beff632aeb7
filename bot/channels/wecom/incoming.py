"""What a callback's body says, in the product's terms. Pure."""

import re
from dataclasses import dataclass
from typing import Any

from bot.channels.wecom import cards
from bot.channels.wecom.frames import Body, as_dict

# Where a name ends after "@": WeCom sets a thin or a plain space behind a mention.
_SPACES = r"[\s\u2005\u2006\u200b]"
_LEADING = re.compile(rf"^{_SPACES}*@[^\s\u2005]+{_SPACES}*")
_TRAILING = re.compile(rf"{_SPACES}+@[^\s\u2005]+{_SPACES}*$")
_FILES = ("image", "file", "video")


@dataclass(frozen=True)
class Attachment:
    """A file to fetch within five minutes; `key` is its own AES key in base64."""

    kind: str
    url: str
    key: str = ""
    name: str = ""


@dataclass(frozen=True)
class Said:
    """One callback. `kind`: message, visit, press, or unknown for what smsvet does not take."""

    kind: str
    id: str
    chat: str
    user: str
    group: bool = False
    text: str = ""
    action: str = ""
    task_id: str = ""
    attachments: tuple[Attachment, ...] = ()
    quoted: str = ""  # text of the message this one quotes; its id is not told


def read(body: Body, req_id: str, bot_name: str = "") -> Said | None:
    """What was said; None where nothing was said to us (feedback, our own state, no sender)."""
    user = str(as_dict(body.get("from")).get("userid", ""))
    group = body.get("chattype") == "group"
    chat = str(body.get("chatid") or "") if group else user
    if not user or not chat:
        return None
    where = {"id": str(body.get("msgid") or req_id), "chat": chat, "user": user, "group": group}
    if body.get("msgtype") == "event":
        return _event(as_dict(body.get("event")), where)
    return _message(body, where, bot_name)


def _event(event: Body, where: dict[str, Any]) -> Said | None:
    kind = event.get("eventtype")
    if kind == "enter_chat":
        return Said("visit", **where)
    if kind == "template_card_event":
        task_id, token = pressed(event)
        return Said("press", action=token, task_id=task_id, **where) if token else None
    return None


def pressed(event: Body) -> tuple[str, str]:
    """The card's task id and the chosen token, of a nested or a flat payload.

    The official callback documents nest them under `template_card_event`; the official SDK's own
    examples show them flat. A vote's choice is among `selected_items`.
    """
    told = {**event, **as_dict(event.get("template_card_event"))}
    key, task_id = str(told.get("event_key") or ""), str(told.get("task_id") or "")
    chosen = _selected(told.get("selected_items"))
    return task_id, (chosen[0] if chosen and key in {"", cards.SUBMIT} else key)


def _selected(items: object) -> list[str]:
    """The ids of chosen options, whichever way they are wrapped."""
    listed = as_dict(items).get("selected_item", items)
    found: list[str] = []
    for item in listed if isinstance(listed, list) else [listed]:
        ids = as_dict(item).get("option_ids")
        ids = as_dict(ids).get("option_id", ids)
        found += [str(one) for one in (ids if isinstance(ids, list) else [ids]) if one]
    return found


def _message(body: Body, where: dict[str, Any], bot_name: str) -> Said:
    texts, attachments = _content(body)
    quote = as_dict(body.get("quote"))
    quoted_texts, quoted_files = _content(quote)
    if where["group"]:  # alone, the quoted file had arrived by itself before
        attachments += quoted_files
    text = "\n".join(part for part in texts if part).strip()
    if where["group"]:
        text = unaddressed(text, bot_name)
    known = str(body.get("msgtype")) in {"text", "mixed", "voice", *_FILES}
    return Said(
        "message" if known else "unknown",
        text=text,
        attachments=tuple(attachments),
        quoted="\n".join(quoted_texts),
        **where,
    )


def _content(body: Body) -> tuple[list[str], list[Attachment]]:
    """Texts and files of a message, of a part of a mixed one, or of a quote."""
    kind = str(body.get("msgtype"))
    part = as_dict(body.get(kind))
    if kind in {"text", "voice"}:  # what was spoken arrives as text
        return [str(part.get("content") or "")], []
    if kind in _FILES:
        name = str(part.get("filename") or part.get("name") or "")
        url, key = str(part.get("url") or ""), str(part.get("aeskey") or "")
        return [], [Attachment(kind, url, key, name)]
    texts: list[str] = []
    attachments: list[Attachment] = []
    items = part.get("msg_item") if kind == "mixed" else None
    for item in items if isinstance(items, list) else []:
        if as_dict(item).get("msgtype") != "mixed":
            more_texts, more_files = _content(as_dict(item))
            texts += more_texts
            attachments += more_files
    return texts, attachments


def unaddressed(text: str, bot_name: str = "") -> str:
    """A group's text without the mention of the bot.

    Without the bot's name only a mention at the very beginning or else at the very end is taken
    for it: other people may be mentioned too.
    """
    if bot_name and f"@{bot_name}" in text:
        without = re.sub(rf"@{re.escape(bot_name)}{_SPACES}*", " ", text)
        return re.sub(r"[ \t]{2,}", " ", without).strip()
    without = _LEADING.sub("", text, count=1)
    if without == text:
        without = _TRAILING.sub("", text, count=1)
    return without.strip()
