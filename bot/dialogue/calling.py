"""The pre-screening call as one screen: all its questions at once, and what stands at each."""

from dataclasses import replace
from typing import Any

from bot.dialogue import answering, asking, showing
from bot.dialogue.case import Case, Given
from bot.dialogue.effects import Say
from bot.dialogue.scene import Scene
from bot.dialogue.session import Pending, Session
from bot.dialogue.talk import Talk
from evaluators.checklist import Item

OTHERS = 5  # calls offered to go on with
PROMPTS = frozenset({"follow_up", "reason", "colleague"})
JUDGEMENTS = frozenset({"yes", "no", "partly"})
NOTE = "note"


def answer(talk: Talk, item: Item, word: str, text: str) -> None:
    """An answer to an item whether or not it is the one that waits.

    `word` is a choice, which `text` goes with as the words it was said in; `note` for a remark on
    the answer that stands; empty where `text` is the answer.
    """
    pending = Pending("answer", item.id, _so_far(talk, item, word, text))
    talk.session = replace(talk.session, pending=pending)
    if not word:
        return answering.on_text(talk, pending, text)
    if word == NOTE:
        return answering.on_follow_up(talk, pending, text)
    if word == "na" and text:
        return answering.on_reason(talk, pending, text)
    if word in {offered for offered, _ in asking.choices(talk, item)}:
        return answering.on_choice(talk, pending, word)
    return asking.ask_item(talk, item)


def _so_far(talk: Talk, item: Item, word: str, text: str) -> dict[str, Any]:
    """What a choice goes with: the words for it, and the value that it is the judgement of."""
    if not word:
        return {}
    waiting, stands = talk.session.pending, talk.open_case().said(item.id)
    before = waiting.data.get("words", "") if waiting and waiting.item == item.id else ""
    if word in JUDGEMENTS and stands and stands.choice is None and stands.value is not None:
        return {"words": text or before or stands.words, "value": stands.value}
    return {"words": text or before}


def screen(session: Session, scene: Scene) -> dict[str, Any]:
    """The call talked about as plain values; without `vendor` none is, and others are offered."""
    calls = [case for case in reversed(scene.cases) if case.walk == "prescreen"]
    others = [{"id": case.id, "vendor": case.vendor} for case in calls if case.id != session.case]
    case = scene.case
    if case is None or case.walk != "prescreen":
        return {"others": others[:OTHERS]}
    talk = Talk(scene, session, case)
    steps: list[dict[str, Any]] = [
        {
            "ask": step.ask.of(talk.language),
            "items": [_item(talk, talk.item(item_id)) for item_id in step.items],
        }
        for step in scene.checklist.prescreen.steps
    ]
    items = [item for step in steps for item in step["items"]]
    open_ = [item for item in items if not item["done"]]
    last = max((given.at for given in case.answers if given.by), default=case.started)
    return {
        "case": case.id,
        "vendor": case.vendor,
        "started": case.started.isoformat(),
        "now": scene.now.isoformat(),
        "ended": None if open_ else last.isoformat(),
        "steps": steps,
        "summary": _summary(talk, case) if not open_ else None,
        "others": others[:OTHERS],
    }


def _item(talk: Talk, item: Item) -> dict[str, Any]:
    case = talk.open_case()
    given = case.said(item.id)
    alarm = asking.warning(item, given) if given else None
    return {
        "number": talk.number(item.id),
        "ask": item.ask.of(talk.language),
        "choices": [list(choice) for choice in asking.choices(talk, item)],
        "takes": item.value.kind if item.value and item.value.kind != "choice" else "",
        "hint": asking.value_hint(talk, item),
        "chosen": _chosen(item, given),
        "said": showing.content(talk.speaker, item, given) if given else "",
        "words": given.words if given else "",
        "note": given.note if given else "",
        "by": given.by if given else "",
        "done": asking.settled(case, item) or bool(given and given.parked),
        "warning": alarm
        and {
            "level": alarm.level,
            "means": alarm.means.of(talk.language),
            "ask": alarm.ask_next.of(talk.language),
            "source": alarm.source,
        },
        "prompt": _prompt(talk, item),
    }


def _chosen(item: Item, given: Given | None) -> str:
    """The button that stands, where one of them says it."""
    if given is None:
        return ""
    options = {option.id for option in item.value.options} if item.value else set()
    return given.choice or (given.value if given.value in options else "") or ""


def _prompt(talk: Talk, item: Item) -> dict[str, Any] | None:
    """What the conversation is asking about this very item beyond the item itself."""
    pending = talk.session.pending
    if pending is None or pending.item != item.id:
        return None
    if pending.awaiting in PROMPTS:
        subject = talk.number(item.id)
        buttons = [
            [label, f"{talk.session.asked}:{subject}:{word}"]
            for word, label in pending.data.get("labels", [])
        ]
        text = pending.data.get("text", "")
        return {"kind": pending.awaiting, "text": text, "buttons": buttons}
    unsettled = "value" in pending.data or "words" in pending.data
    return {"kind": "choose", "text": "", "buttons": []} if unsettled else None


def _summary(talk: Talk, case: Case) -> dict[str, Any]:
    """What is said at the end of the call, as of its last answer."""
    last = max((given.at for given in case.answers if given.by), default=case.started)
    then = Talk(replace(talk.scene, now=last), talk.session, case)
    left = asking.queue(case, talk.scene.checklist, None)
    asking.prescreen_summary(then, len(asking.parked(case, left)))
    said = next(effect for effect in then.effects if isinstance(effect, Say))
    return {
        "text": said.text,
        "buttons": [[button.label, button.token] for button in said.buttons],
    }
