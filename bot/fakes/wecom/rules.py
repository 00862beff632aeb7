"""Whether a template card keeps to the documented limits. Pure.

Some lengths are only advised by the platform; the fake insists, so that what it takes looks right.
"""

import re

from bot.fakes.wecom.state import Body

KINDS = ("text_notice", "news_notice", "button_interaction", "vote_interaction",
         "multiple_interaction")  # fmt: skip
INTERACTIVE = KINDS[2:]
_TASK = re.compile(r"[0-9A-Za-z_\-@]{1,128}")


def problem(card: object) -> str:
    """What is wrong with a card, or nothing."""
    if not isinstance(card, dict):
        return "no template_card"
    kind = card.get("card_type")
    if kind not in KINDS:
        return f"card_type {kind!r}"
    found = _heads(card) or _task(card, kind)
    return found or {
        "button_interaction": _buttons,
        "vote_interaction": _vote,
        "multiple_interaction": _multiple,
    }.get(kind, _nothing)(card)


def _nothing(card: Body) -> str:
    return "buttons on a notice" if card.get("button_list") else ""


def _heads(card: Body) -> str:
    title = card.get("main_title") or {}
    lengths = {
        "main_title.title": (title.get("title", ""), 26),
        "main_title.desc": (title.get("desc", ""), 30),
        "sub_title_text": (card.get("sub_title_text", ""), 112),
    }
    for name, (text, most) in lengths.items():
        if len(text) > most:
            return f"{name} is longer than {most}"
    if not title.get("title") and not card.get("sub_title_text"):
        return "neither main_title.title nor sub_title_text"
    return ""


def _task(card: Body, kind: str) -> str:
    task_id = card.get("task_id")
    if task_id is None:
        return "no task_id" if kind in INTERACTIVE else ""
    return "" if _TASK.fullmatch(str(task_id)) else "task_id"


def _buttons(card: Body) -> str:
    buttons = card.get("button_list") or []
    if not 1 <= len(buttons) <= 6:
        return f"{len(buttons)} buttons"
    return _choices([(b.get("key"), b.get("text")) for b in buttons], 1024, 10)


def _vote(card: Body) -> str:
    box = card.get("checkbox") or {}
    options = box.get("option_list") or []
    if not box.get("question_key") or not 1 <= len(options) <= 20:
        return f"checkbox with {len(options)} options"
    submit = card.get("submit_button") or {}
    return _choices([(o.get("id"), o.get("text")) for o in options], 128, 11) or _choices(
        [(submit.get("key"), submit.get("text"))], 1024, 10
    )


def _multiple(card: Body) -> str:
    selects = card.get("select_list") or []
    if not 1 <= len(selects) <= 3:
        return f"{len(selects)} drop-downs"
    for select in selects:
        options = select.get("option_list") or []
        if not 1 <= len(options) <= 10:
            return f"a drop-down with {len(options)} options"
    return ""


def _choices(pairs: list[tuple[object, object]], key_bytes: int, text: int) -> str:
    keys = [str(key or "") for key, _ in pairs]
    if len(set(keys)) != len(keys):
        return "keys are not unique"
    for key, label in pairs:
        if not key or len(str(key).encode()) > key_bytes:
            return f"key {key!r}"
        if not label or len(str(label)) > text:
            return f"text {label!r}"
    return ""
