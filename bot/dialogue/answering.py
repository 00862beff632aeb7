"""What a reply to a question means, and what is said at once because of it."""

from dataclasses import replace

from bot.dialogue import asking, consulting, showing
from bot.dialogue.case import Given
from bot.dialogue.effects import Assign, Consult
from bot.dialogue.session import Pending
from bot.dialogue.talk import STANDING, Said, Talk
from evaluators import answers
from evaluators.checklist import Item
from evaluators.checklist import Warning as Alarm
from evaluators.evidence import Level
from evaluators.phrases import length

WEAK = 0.5  # below this a typed value gets the follow-up question
OFFERED_COLLEAGUES = 4
LONGEST_ANSWER = 45  # Chinese characters, or words of other languages
LONGEST_NAME, LONGEST_CHINESE_NAME = 24, 6


def on_text(talk: Talk, pending: Pending, text: str) -> None:
    """Free text while an item waits."""
    item = talk.item(pending.item)
    asks = consulting.asks_whether(text) or consulting.about_the_answer(talk, text)
    parsed = None if asks or _is_a_record(item, text) else _parsed(talk, item, text)
    if isinstance(parsed, answers.Refused):
        talk.say(refusal(talk, item, parsed))
        return asking.ask_item(talk, item)
    if parsed is None:
        asks = asks or answers.looks_like_question(text)
        return ask_guidance(talk, text) if asks else _unclear(talk, item, text)
    kept = pending.data.get("value")
    before = pending.data.get("words", "")
    words = f"{before}；{text}" if before and parsed.value is None else text
    if kept is not None and parsed.value is None:  # what the value just given amounts to
        return on_answer(talk, item, Said(parsed.choice, kept, before), refining=True)
    return on_answer(talk, item, Said(parsed.choice, parsed.value, words), assumed=parsed.assumed)


def _parsed(talk: Talk, item: Item, text: str) -> answers.Parsed | answers.Refused | None:
    return answers.parse(text, item, talk.scene.now.date())


def _is_a_record(item: Item, text: str) -> bool:
    """Notes of a whole call say yes and no to many things: what of it is meant, a person says."""
    prose = item.value is not None and item.value.kind == "text"
    return not prose and length(text) > LONGEST_ANSWER


def ask_guidance(talk: Talk, question: str) -> None:
    """A question in between: answered with its source, then the pending one comes back."""
    talk.do(Consult(question, consulting.context(talk)))
    if talk.session.pending is not None:
        repeat(talk)


def repeat(talk: Talk) -> None:
    """Put the pending question again, whatever it is."""
    pending = talk.session.pending
    if pending is None:
        return None
    if pending.awaiting == "answer":
        given = talk.open_case().said(pending.item)
        if pending.data.get("value") is not None and given is not None:
            return _judge(talk, talk.item(pending.item), given)
        return asking.ask_item(talk, talk.item(pending.item))
    data = dict(pending.data)
    text, labels = data.pop("text"), data.pop("labels")
    choices = [(word, label) for word, label in labels]
    numbered = bool(data.pop("choices")) or not choices
    return talk.put(pending.awaiting, text, choices, item=pending.item, numbered=numbered, **data)


def on_choice(talk: Talk, pending: Pending, choice: str) -> None:
    """A pressed button or a typed number."""
    item = talk.item(pending.item)
    words = pending.data.get("words", "")
    standing = next((word for word in STANDING if word == choice), None)
    if standing is not None:
        refining = "value" in pending.data
        said = Said(standing, pending.data.get("value"), words)
        return on_answer(talk, item, said, refining=refining)
    return on_answer(talk, item, Said(None, choice, words))


def on_answer(
    talk: Talk, item: Item, said: Said, *, assumed: bool = False, refining: bool = False
) -> None:
    """An understood answer: keep it, say what was kept and what it means, go on.

    `refining` completes the answer just given, which then needs no mention of its own.
    """
    if said.choice == "na":
        return talk.put("reason", talk.word("ask.reason"), item=item.id, words=said.words)
    before_settled = asking.settled(talk.open_case(), item)
    before = None if refining else talk.open_case().said(item.id)
    given = talk.record(item, said)
    if said.choice == "unknown":
        return _offer_colleague(talk, item)
    _acknowledge(talk, item, given, before, assumed=assumed)
    if _is_it_enough(talk, item, given):
        return _judge(talk, item, given)
    if wanted := _follow_up(talk, item, given):
        skip = [("skip", talk.word("button.skip"))]
        return talk.put("follow_up", wanted, skip, item=item.id, numbered=False)
    return _onwards(talk, item, was_settled=before_settled)


def _is_it_enough(talk: Talk, item: Item, given: Given) -> bool:
    """A value alone, which nothing here can judge: the person has to say what it amounts to."""
    if given.choice is not None or answers.satisfaction(item, None, given.value) is not None:
        return False
    alarm = answers.warnings(item, None, given.value, given.words)
    if alarm is None:
        return True
    return alarm.level != "red" and talk.open_case().walk != "prescreen"


def _judge(talk: Talk, item: Item, given: Given) -> None:
    choices = [(word, talk.word(f"choice.{word}")) for word in ("yes", "no", "partly", "unknown")]
    text = talk.word("ask.enough", ask=item.ask.of(talk.language))
    talk.put("answer", text, choices, item=item.id, words=given.words, value=given.value)


def _onwards(talk: Talk, item: Item, *, was_settled: bool) -> None:
    if not was_settled:
        asking.section_done(talk, item)
    if back := consulting.returned(talk):
        talk.session = replace(talk.session, pending=back)
        return repeat(talk)
    return asking.ask_next(talk)


def _acknowledge(
    talk: Talk, item: Item, given: Given, before: Given | None, *, assumed: bool
) -> None:
    stands = showing.answer(talk.speaker, item, given)
    lines = [talk.word("kept", number=talk.number(item.id), said=stands)]
    if assumed:
        lines.append(talk.word("kept.assumed"))
    if before is not None:
        lines.append(talk.word("kept.before", said=showing.answer(talk.speaker, item, before)))
    if measured := talk.open_case().measured(item.id):
        lines.append(talk.word("kept.measured", said=showing.answer(talk.speaker, item, measured)))
    if alarm := answers.warnings(item, given.choice, given.value, given.words):
        asked_below = bool(_follow_up(talk, item, given))
        lines.append(warning_text(talk, alarm, ask=not asked_below))
    elif not _is_it_enough(talk, item, given) and (hint := _proof_hint(talk, item, given)):
        lines.append(hint)
    talk.say("\n".join(lines))


def warning_text(talk: Talk, alarm: Alarm, *, ask: bool = True) -> str:
    """What it means, its source, and what to ask next unless that is the follow-up's to say."""
    said = talk.word(
        f"warning.{alarm.level}", means=alarm.means.of(talk.language), source=alarm.source
    )
    if not ask:
        return said
    return said + "\n" + talk.word("warning.ask", ask=alarm.ask_next.of(talk.language))


def _proof_hint(talk: Talk, item: Item, given: Given) -> str:
    """After a yes that matters: ask for what would prove it."""
    if talk.open_case().walk == "prescreen":
        return ""  # nobody looks for papers during the call
    matters = item.gate is not None or (item.weight or 0) >= 3
    good = given.choice == "yes" or (given.choice is None and given.value is not None)
    if not (matters and good and given.level <= Level.CLAIMED):
        return ""
    if any(measure.startswith("arrival.") for measure in item.measured_by):
        return talk.word("hint.test")
    wanted = item.evidence.wanted.of(talk.language)
    return talk.word("hint.evidence", wanted=wanted, number=talk.number(item.id))


def _follow_up(talk: Talk, item: Item, given: Given) -> str:
    """The one further question after a weak answer, or for the figure behind a yes."""
    if given.parked:
        return ""
    how_far = answers.satisfaction(item, given.choice, given.value)
    if given.choice in item.weak.on or (how_far is not None and how_far < WEAK):
        alarm = answers.warnings(item, given.choice, given.value, given.words)
        next_ask = alarm.ask_next if alarm else item.weak.ask
        return talk.word("ask.follow_up", ask=next_ask.of(talk.language))
    judged = item.value is not None and bool(item.value.points)
    if given.choice == "yes" and given.value is None and judged:
        return talk.word("ask.figure", hint=asking.value_hint(talk, item))
    return ""


def on_follow_up(talk: Talk, pending: Pending, text: str) -> None:
    """The reply to the follow-up: a figure where it is one, a note otherwise."""
    item = talk.item(pending.item)
    if consulting.asks(text):
        return ask_guidance(talk, text)
    given = talk.open_case().said(item.id)
    if given is None:  # the answer it belongs to is gone only if somebody erased it
        return asking.ask_next(talk)
    figure = answers.parse(text, item, talk.scene.now.date())
    if isinstance(figure, answers.Refused):
        talk.say(refusal(talk, item, figure))
        return repeat(talk)
    stored = figure.value if figure is not None and given.value is None else None
    keeps = stored if stored is not None else given.value
    words = text if stored is not None else given.words
    kept = talk.record(item, Said(given.choice, keeps, words, note=text))
    if stored is None:
        said = talk.word("kept.note", number=talk.number(item.id), note=text)
        alarm = answers.warnings(item, None, None, text)
        talk.say(said + ("\n" + warning_text(talk, alarm) if alarm else ""))
    else:
        _acknowledge(talk, item, kept, None, assumed=False)
    return _onwards(talk, item, was_settled=False)


def skip_follow_up(talk: Talk, pending: Pending) -> None:
    _onwards(talk, talk.item(pending.item), was_settled=False)


def on_reason(talk: Talk, pending: Pending, text: str) -> None:
    """Not applicable needs a reason, in the person's own words."""
    item = talk.item(pending.item)
    if consulting.asks(text):
        return ask_guidance(talk, text)
    if len(text.strip()) < 2:
        return talk.put("reason", talk.word("ask.reason_again"), item=item.id)
    was_settled = asking.settled(talk.open_case(), item)
    talk.record(item, Said("na", None, pending.data.get("words", ""), note=text))
    talk.tell("kept.na", number=talk.number(item.id), reason=text)
    return _onwards(talk, item, was_settled=was_settled)


def _offer_colleague(talk: Talk, item: Item) -> None:
    people = [name for name in talk.scene.colleagues if name != talk.scene.person.name]
    choices = [(name, name) for name in people[:OFFERED_COLLEAGUES]]
    choices.append(("nobody", talk.word("button.nobody")))
    who = talk.word("list.comma").join(talk.word(f"role.{role}") for role in item.who)
    text = talk.word("ask.colleague", number=talk.number(item.id), who=who)
    talk.put("colleague", text, choices, item=item.id)


def on_colleague(talk: Talk, pending: Pending, name: str) -> None:
    """Whom to give the item to; nobody is a fine answer."""
    item = talk.item(pending.item)
    if consulting.asks(name):
        return ask_guidance(talk, name)
    if _agreed(talk, pending, name):
        name = pending.data["unsure"]
    if _nobody(talk, item, name):
        talk.tell("colleague.nobody")
    elif not _known(talk, pending, name):
        return _is_it_a_name(talk, item, name)
    else:
        case = talk.open_case()
        talk.case = replace(case, colleagues={**case.colleagues, item.id: name})
        talk.do(Assign(case.id, item.id, name))
        talk.tell("colleague.given", number=talk.number(item.id), name=name)
    return _onwards(talk, item, was_settled=False)


def _known(talk: Talk, pending: Pending, name: str) -> bool:
    """Somebody who has spoken here or was given a question before, or whose name was confirmed."""
    known = {*talk.scene.colleagues, *talk.open_case().colleagues.values()}
    return name in known or name == pending.data.get("unsure")


def _agreed(talk: Talk, pending: Pending, text: str) -> bool:
    """Whether a yes answers "is that a colleague's name?"."""
    words = {word for each in talk.scene.wordings.values() for word in each.words("words.yes")}
    return "unsure" in pending.data and text.strip().lower() in words


def _is_it_a_name(talk: Talk, item: Item, name: str) -> None:
    """Nobody known is called so: a short answer that came too late looks just like a name."""
    if not _may_be_a_name(name):
        talk.tell("colleague.name")
        return repeat(talk)
    choices = [(name, name), ("nobody", talk.word("button.nobody"))]
    text = talk.word("colleague.sure", number=talk.number(item.id), name=name)
    return talk.put("colleague", text, choices, item=item.id, unsure=name)


def _may_be_a_name(text: str) -> bool:
    """Short, without figures: a sentence typed here is an answer that came too late."""
    longest = LONGEST_NAME if text.isascii() else LONGEST_CHINESE_NAME
    return len(text) <= longest and not any(char.isdigit() for char in text)


def _nobody(talk: Talk, item: Item, name: str) -> bool:
    """Declined in so many words, or with one of the standing choices."""
    declined = talk.scene.wordings[talk.language].words("words.nobody")
    if name == "nobody" or name.strip().lower() in declined:
        return True
    parsed = answers.parse(name, item, talk.scene.now.date())
    return isinstance(parsed, answers.Parsed) and parsed.choice is not None


def _unclear(talk: Talk, item: Item, text: str) -> None:
    """Not understood: keep the words, say so, and let the person decide what they amount to."""
    lines = [talk.word("unclear", words=text)]
    if alarm := answers.warnings(item, None, None, text):
        lines.append(warning_text(talk, alarm))
    lines.append(talk.word("unclear.choose", number=talk.number(item.id)))
    numbered = not showing.takes_numbers(item)
    talk.put(
        "answer",
        "\n".join(lines),
        asking.choices(talk, item),
        item=item.id,
        numbered=numbered,
        words=text,
    )


def refusal(talk: Talk, item: Item, refused: answers.Refused) -> str:
    """Why a value was understood and still not taken."""
    if refused.reason_key not in {"below", "above"}:
        return talk.word(f"refused.{refused.reason_key}")
    return talk.word(
        "refused.range",
        least="…" if refused.least is None else showing.value(talk.speaker, item, refused.least),
        most="…" if refused.most is None else showing.value(talk.speaker, item, refused.most),
    )
