"""The conversation's one entry: a message and the world as it stands make a decision. No I/O."""

from dataclasses import dataclass, replace

from bot.dialogue import (
    answering,
    aside,
    asking,
    belated,
    calling,
    commands,
    confirming,
    consulting,
    english,
    filing,
    opening,
    papers,
    proposals,
    reminding,
    steering,
    stopping,
    testing,
)
from bot.dialogue.effects import Effect, SetLanguage
from bot.dialogue.scene import Incoming, Scene
from bot.dialogue.session import Pending, Session
from bot.dialogue.talk import Talk
from evaluators import answers
from knowledge.text import normalise

REPLIES = ("yes", "no", "go", "other", "full", "prescreen", "verified", "documented")
LONGEST_CHOICE = 2  # digits; more is a value, such as a sender number
LONGEST_COMMAND = 24  # characters of an unknown one that are said back
LONGEST = 2000  # characters of one message; more is a document and belongs in a file


@dataclass(frozen=True)
class Decision:
    """The new state and what is to be done, in order."""

    session: Session
    effects: tuple[Effect, ...]


def decide(session: Session, incoming: Incoming, scene: Scene) -> Decision:
    """What to do about one message."""
    talk = Talk(scene, session, scene.case)
    _route(talk, incoming)
    papers.watch_expiries(talk, incoming.text if incoming.files else "")
    if talk.session.case != session.case:  # older buttons belong to another evaluation
        talk.session = replace(talk.session, case_since=session.asked, exchange=None, back=None)
    return Decision(replace(talk.session, heard=True), tuple(talk.effects))


def greet(session: Session, scene: Scene) -> Decision:
    """What is said when a person opens the conversation, before they say anything."""
    talk = Talk(scene, session, scene.case)
    steering.resume(talk)
    return Decision(talk.session, tuple(talk.effects))


def _route(talk: Talk, incoming: Incoming) -> None:
    text = incoming.text.strip()
    if incoming.files or incoming.refused:
        caption, _ = papers.validity(text, talk.scene.now.date())
        return filing.on_files(talk, replace(incoming, text=caption))
    if incoming.action:
        return _pressed(talk, incoming)
    if not text:
        return talk.tell("empty")
    return _worded(talk, incoming, text)


def _worded(talk: Talk, incoming: Incoming, text: str) -> None:
    fresh = not incoming.asked or _waits(talk, incoming.asked)
    if fresh and not incoming.edited and proposals.heard(talk, text):
        return None
    if len(text) > LONGEST:
        return talk.tell("too_long", most=LONGEST)
    if incoming.edited:
        return _edited(talk, incoming.corrects, text)
    if incoming.asked and not _waits(talk, incoming.asked) and not _steers(talk, text):
        return belated.replied(talk, incoming, text)
    if reminding.quoted(talk, incoming.asked, text):
        return None
    return _said(talk, text)


def _steers(talk: Talk, text: str) -> bool:
    """Whether a text means itself whatever it replies to."""
    command = commands.read(text, talk.scene.test_words)
    return command is not None or consulting.asks(text)


def _waits(talk: Talk, question: str) -> bool:
    """Whether `asked:subject` is what waits now, or the same question as it was put before."""
    asked, _, subject = question.partition(":")
    if asked in {"0", str(talk.session.asked)}:
        return True
    pending = talk.session.pending
    if pending is None or pending.awaiting != "answer" or not asked.isdigit():
        return False
    again = subject == str(talk.number(pending.item))
    return again and int(asked) > talk.session.case_since  # of another evaluation otherwise


def _edited(talk: Talk, item_id: str, text: str) -> None:
    """An earlier message in other words: its answer is changed, nothing else is touched."""
    if item_id not in talk.scene.checklist.by_id or talk.case is None:
        talk.tell("edited.nothing")
        return answering.repeat(talk)
    return calling.answer(talk, talk.item(item_id), "", text)


def _said(talk: Talk, text: str) -> None:
    if confirming.heard(talk, text) or testing.confirmed_twice(talk, text):
        return None
    if consulting.orders(text):
        talk.tell("unclear.order")
        return answering.repeat(talk)
    if _wants_english(talk, text):
        return steering.follow(talk, commands.Command("language", "en"))
    pending = talk.session.pending
    if pending is not None and (offered := _offered_word(talk, pending, text)):
        return _chosen(talk, pending, offered)
    if (command := commands.read(text, talk.scene.test_words)) or text.startswith("/"):
        return _commanded(talk, command, text)
    if pending is None:
        return _out_of_the_blue(talk, text)
    if text.isascii() and text.isdigit() and (chosen := _typed_choice(talk, pending, text)):
        return _chosen(talk, pending, chosen)
    return _replied(talk, pending, text)


def _commanded(talk: Talk, command: commands.Command | None, text: str) -> None:
    """A steering word, or what looks like one."""
    pending = talk.session.pending
    if command is None:
        talk.tell("unclear.command", word=text.split()[0][:LONGEST_COMMAND])
        return answering.repeat(talk)
    if command.name == "hours" and pending is not None and not text.startswith("/"):
        return _whose_hours(talk, pending, text, command)
    return _steer(talk, command)


def _steer(talk: Talk, command: commands.Command) -> None:
    before = talk.session.pending
    if not proposals.steered(talk, command):
        steering.follow(talk, command)
        proposals.left(talk, before)


def _whose_hours(talk: Talk, pending: Pending, text: str, command: commands.Command) -> None:
    """Working hours while something else is asked: they may well be the vendor's."""
    if pending.awaiting in {"follow_up", "reason"}:
        return _replied(talk, pending, text)
    if pending.awaiting == "answer":
        talk.tell("remind.hours_whose", hours=command.rest)
        return answering.repeat(talk)
    return steering.follow(talk, command)


def _wants_english(talk: Talk, text: str) -> bool:
    """Asked for where no answer waits; or the first words are English, and are no question.

    A question is answered at once, and in English.
    """
    pending = talk.session.pending
    if talk.language == "en" or (pending is not None and pending.awaiting != "walk"):
        return False
    if any(text.lower() == case.vendor.lower() for case in talk.scene.cases):
        return False
    if english.asked_for(text):
        return True
    if talk.session.heard or not english.spoken(text):
        return False
    if not answers.looks_like_question(text):
        return True
    talk.session = replace(talk.session, language="en")
    talk.do(SetLanguage("en"))
    return False


def _out_of_the_blue(talk: Talk, text: str) -> None:
    """Nothing waits: a question for the guidance, an evaluation's number, or a vendor's name."""
    if consulting.asks(text) or consulting.follows_up(talk, text):
        return answering.ask_guidance(talk, text)
    if text.isdigit() or any(text.lower() == case.vendor.lower() for case in talk.scene.cases):
        return opening.switch(talk, text)
    if talk.case is not None:
        return talk.tell("idle")
    return opening.name_vendor(talk, text)


def _offered_word(talk: Talk, pending: Pending, text: str) -> str:
    """The offered reply that `text` names, before it could be taken for a steering word."""
    offered: dict[str, str] = dict(pending.data.get("labels", []))
    plain = normalise(text)
    same = [word for word, label in offered.items() if plain in {word, normalise(label)}]
    if same:
        return same[0]
    word = _word_of(talk, text)
    return word if word in offered and pending.awaiting in {"walk", "confirm"} else ""


def _typed_choice(talk: Talk, pending: Pending, text: str) -> str:
    """The choice a typed number means; none where a number is itself an answer."""
    offered: list[str] = pending.data.get("choices", [])
    if not offered or pending.awaiting == "kinds" or len(text) > LONGEST_CHOICE:
        return ""
    number = int(text)
    return offered[number - 1] if 1 <= number <= len(offered) else "?"


def _pressed(talk: Talk, incoming: Incoming) -> None:
    """A button. One that belongs to an earlier question is refused, politely.

    `any:7:yes` answers question 7 whatever is being asked: a form shows many at once.
    """
    asked, _, rest = incoming.action.partition(":")
    subject, _, word = rest.partition(":")
    if subject == "command":
        return _steer(talk, commands.Command(word))
    if subject == "goto":
        return steering.follow(talk, commands.Command("goto", word))
    if subject == "code":
        return confirming.tapped(talk, word)
    if subject == "remind":
        return reminding.pressed(talk, word)
    item = talk.scene.checklist.numbered(int(subject)) if subject.isdigit() else None
    pending = talk.session.pending
    if asked == "any" and item is not None and talk.case is not None:
        calling.answer(talk, item, word, incoming.text.strip())
        return proposals.left(talk, pending)
    if pending is not None and _waits(talk, f"{asked}:{subject}"):
        return _chosen(talk, pending, word)
    return belated.pressed(talk, incoming, subject, word)


def _chosen(talk: Talk, pending: Pending, word: str) -> None:
    if word == "?":
        talk.tell("stale.number")
        return answering.repeat(talk)
    match pending.awaiting:
        case "answer":
            return answering.on_choice(talk, pending, word)
        case "follow_up":
            return answering.skip_follow_up(talk, pending)
        case "international" | "multilingual":
            return opening.on_need(talk, pending, word == "yes")
        case _:
            return _replied(talk, pending, word)


def _replied(talk: Talk, pending: Pending, text: str) -> None:
    if aside.underway(talk.session):
        return reminding.replied(talk, pending, text)
    match pending.awaiting:
        case "answer":
            answering.on_text(talk, pending, text)
        case "reason":
            answering.on_reason(talk, pending, text)
        case "colleague":
            answering.on_colleague(talk, pending, text)
        case "follow_up":
            _follow_up(talk, pending, text)
        case "proposal":
            proposals.on_reply(talk, pending, text)
        case "kinds":
            opening.on_kinds(talk, text)
        case _:
            _offered(talk, pending, text)
    return None


def _follow_up(talk: Talk, pending: Pending, text: str) -> None:
    if text.lower() in talk.scene.wordings[talk.language].words("words.skip"):
        return answering.skip_follow_up(talk, pending)
    return answering.on_follow_up(talk, pending, text)


def _offered(talk: Talk, pending: Pending, text: str) -> None:
    """Questions with a fixed set of replies, by word or by what people call them."""
    if consulting.asks(text):
        return answering.ask_guidance(talk, text)
    if pending.awaiting in testing.PLANNING and _word_of(talk, text, "cancel") == "cancel":
        return testing.drop(talk)
    match pending.awaiting:
        case "claim":
            return testing.on_claim(talk, pending, text)
        case "connection":
            return testing.on_connection(talk, pending, text)
        case "test":
            return testing.on_test(talk, pending, text)
        case "pair":
            return testing.on_pair(talk, pending, text)
        case _:
            return _fixed(talk, pending, text)


def _fixed(talk: Talk, pending: Pending, text: str) -> None:
    word = _word_of(talk, text)
    if pending.awaiting in {"international", "multilingual"} and word in {"yes", "no"}:
        return opening.on_need(talk, pending, word == "yes")
    if pending.awaiting == "walk" and word in {"full", "prescreen"}:
        return opening.on_walk(talk, pending, word)
    if pending.awaiting == "confirm" and word in {"yes", "no", "go", "other"}:
        return testing.on_confirm(talk, pending, word)
    if pending.awaiting == "stop" and word in {"yes", "no"}:
        return stopping.on_reply(talk, pending, word)
    if pending.awaiting == "file_level" and word in {"verified", "documented"}:
        return filing.on_file_level(talk, pending, word)
    if pending.awaiting == "walk":  # another name instead
        return opening.name_vendor(talk, text)
    talk.tell("unclear.short")
    return answering.repeat(talk)


def _word_of(talk: Talk, text: str, *only: str) -> str:
    """Which of the known replies a text means, in either language; the text itself otherwise."""
    lowered = normalise(text).rstrip("。.!")
    for wording in talk.scene.wordings.values():
        for word in only or REPLIES:
            if lowered == word or lowered in wording.words(f"words.{word}"):
                return word
    return lowered


def resume_after_switch(session: Session, scene: Scene) -> Decision:
    """The second half of a switch: the other evaluation is loaded now, its question comes up."""
    talk = Talk(scene, replace(session, pending=None), scene.case)
    wanted = session.pending  # a question of that evaluation, where one was asked for
    if wanted is not None and wanted.awaiting == "answer":
        asking.ask_item(talk, talk.item(wanted.item))
    else:
        asking.ask_next(talk)
    return Decision(talk.session, tuple(talk.effects))
