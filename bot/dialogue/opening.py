"""Starting, resuming and switching evaluations."""

import re
from dataclasses import replace
from typing import Literal

from bot.dialogue import answering, asking, showing
from bot.dialogue.case import Case, Profile
from bot.dialogue.effects import Open, SetProfile, Widen
from bot.dialogue.session import Pending
from bot.dialogue.talk import Said, Talk
from evaluators import answers

KINDS = ("otp", "notice", "marketing")
NEW = 0  # the id of an evaluation that this very turn creates
LONGEST_NAME = 60


def welcome(talk: Talk) -> None:
    """The first words, or where we stand after a return."""
    talk.session = talk.session.idle()
    if not talk.scene.cases:
        return talk.tell("welcome")
    lines = [talk.word("welcome.back", name=talk.scene.person.name), *case_lines(talk)]
    lines.append(talk.word("welcome.choose"))
    return talk.say("\n".join(lines))


def case_lines(talk: Talk) -> list[str]:
    return [
        talk.word("list.case", number=case.id, vendor=case.vendor, walk=_walk(talk, case.walk))
        for case in talk.scene.cases
    ]


def _walk(talk: Talk, walk: str) -> str:
    return talk.word(f"walk.{walk}")


def name_vendor(talk: Talk, vendor: str) -> None:
    """A vendor's name: choose how thorough the look is to be."""
    vendor = vendor.strip()
    if not vendor or len(vendor) > LONGEST_NAME:
        return talk.tell("vendor.name", most=LONGEST_NAME)
    same = [case for case in talk.scene.cases if case.vendor.lower() == vendor.lower()]
    text = talk.word("ask.walk", vendor=vendor)
    if same:
        text = talk.word("vendor.known", vendor=vendor, number=same[0].id) + "\n" + text
    choices = [(walk, _walk(talk, walk)) for walk in ("full", "prescreen")]
    return talk.put("walk", text, choices, vendor=vendor)


def on_walk(talk: Talk, pending: Pending, walk: str) -> None:
    start(talk, pending.data["vendor"], walk)


def start(talk: Talk, vendor: str, walk: str, first_words: str = "") -> None:
    """Open an evaluation; `first_words` may hold a quotation given in the same breath."""
    talk.do(Open(vendor, walk))
    talk.case = Case(NEW, vendor, walk, talk.scene.now)
    talk.session = replace(talk.session, case=NEW, pending=None, trail=(), last="")
    if walk == "full":
        talk.tell("opened.full", vendor=vendor, count=len(talk.scene.checklist.by_id))
        return ask_kinds(talk)
    talk.tell("opened.prescreen", vendor=vendor)
    if first_words:
        _quoted_at_once(talk, first_words)
    return asking.ask_next(talk)


def name_and_quote(text: str) -> tuple[str, str]:
    """`Blue Ocean Telecom 报价2分5`: a name, and the quotation behind it if there is one."""
    quotation = r"(?:报价|价格|quote|price).*|[\d零一二两三四五六七八九十].*"
    found = re.match(rf"(.*?)\s+({quotation})$", text)
    return (found[1].strip(), found[2].strip()) if found else (text.strip(), "")


def _quoted_at_once(talk: Talk, words: str) -> None:
    """A quotation named with the vendor is an answer to the first item, or it is said why not."""
    item = talk.item(talk.scene.checklist.prescreen.steps[0].items[0])
    parsed = answers.parse(words, item, talk.scene.now.date())
    if not isinstance(parsed, answers.Parsed) or parsed.value is None:
        return talk.tell("prescreen.quote_unclear", words=words)
    given = talk.record(item, Said(parsed.choice, parsed.value, words))
    said = showing.answer(talk.speaker, item, given)
    lines = [talk.word("kept", number=talk.number(item.id), said=said)]
    if alarm := answers.warnings(item, given.choice, given.value, words):
        lines.append(answering.warning_text(talk, alarm))
    return talk.say("\n".join(lines))


def ask_kinds(talk: Talk) -> None:
    kinds = [(kind, talk.word(f"kind.{kind}")) for kind in KINDS]
    talk.put("kinds", talk.word("ask.kinds"), kinds)


def on_kinds(talk: Talk, text: str) -> None:
    """What is sent; several may be named, by word or by number."""
    if answers.looks_like_question(text):
        return answering.ask_guidance(talk, text)
    kinds = _kinds(talk, text.lower())
    if not kinds:
        talk.tell("unclear.short")
        return ask_kinds(talk)
    _set_profile(talk, replace(talk.open_case().profile, kinds=kinds))
    return ask_need(talk, "international")


def _kinds(talk: Talk, text: str) -> tuple[str, ...]:
    """The kinds named; "no marketing" does not name it, "all of them" names them all."""
    if re.fullmatch(r"[\d\s,，、和and&+/.]+", text):
        return tuple(kind for number, kind in enumerate(KINDS, start=1) if str(number) in text)
    wordings = talk.scene.wordings.values()
    if any(word in text for wording in wordings for word in wording.words("words.all")):
        return KINDS
    named = {
        kind: [word for wording in wordings for word in wording.words(f"words.{kind}")]
        for kind in KINDS
    }
    denied = r"(?:不发|不要|不含|没有|不|非|no|not|without|except)\s*"
    return tuple(
        kind
        for kind, words in named.items()
        if any(word in text and not re.search(denied + re.escape(word), text) for word in words)
    )


def ask_need(talk: Talk, what: Literal["international", "multilingual"]) -> None:
    choices = [(word, talk.word(f"choice.{word}")) for word in ("yes", "no")]
    talk.put(what, talk.word(f"ask.{what}"), choices)


def on_need(talk: Talk, pending: Pending, yes: bool) -> None:
    """Whether international numbers or further languages matter."""
    profile = talk.open_case().profile
    if pending.awaiting == "international":
        _set_profile(talk, replace(profile, international=yes))
        return ask_need(talk, "multilingual")
    _set_profile(talk, replace(profile, multilingual=yes))
    asked = len(asking.queue(talk.open_case(), talk.scene.checklist, asking.narrowed(talk)))
    talk.tell("profile.done", count=asked)
    return asking.ask_next(talk)


def _set_profile(talk: Talk, profile: Profile) -> None:
    case = talk.open_case()
    talk.case = replace(case, profile=profile)
    talk.do(SetProfile(case.id, profile))


def widen(talk: Talk) -> None:
    """From the pre-screen on to the full evaluation; what was answered stays."""
    case = talk.open_case()
    if case.walk == "full":
        return asking.ask_next(talk, again=True)
    talk.case = replace(case, walk="full")
    talk.do(Widen(case.id))
    talk.tell("widened", vendor=case.vendor)
    return asking.ask_next(talk) if case.profile.kinds else ask_kinds(talk)


def switch(talk: Talk, wanted: str) -> None:
    """Another evaluation, by number or name. Its own case is loaded with the next turn."""
    cases = talk.scene.cases
    if not cases:
        return welcome(talk)
    found = [case for case in cases if wanted == str(case.id)] or [
        case for case in cases if wanted.lower() in case.vendor.lower()
    ]
    if len(found) != 1:
        talk.tell("switch.which", wanted=wanted)
        return talk.say("\n".join(case_lines(talk)))
    if found[0].id == talk.session.case:
        if talk.session.pending is not None:
            return answering.repeat(talk)
        return asking.ask_next(talk, again=True)
    elsewhere = replace(talk.session, case=found[0].id, trail=(), last="")
    talk.session = replace(elsewhere.idle(), asked=elsewhere.asked + 1)
    return talk.tell("switched", vendor=found[0].vendor)
