"""Files that arrive: which item they belong to, and how much they prove."""

import re
from dataclasses import replace

from bot.dialogue import answering, asking
from bot.dialogue.case import FileKept
from bot.dialogue.effects import Attach, Detach
from bot.dialogue.scene import Incoming
from bot.dialogue.session import Pending
from bot.dialogue.talk import Said, Talk
from evaluators.checklist import Item
from evaluators.evidence import Level
from knowledge.readers.paper import Unreadable

KILO = 1024
_NAMES = {  # what a media type holds, and what people call such a file
    "wordprocessingml": "Word",
    "spreadsheetml": "Excel",
    "presentationml": "PowerPoint",
    "msword": "Word",
    "ms-excel": "Excel",
    "ms-powerpoint": "PowerPoint",
    "text/plain": "TXT",
    "audio/mpeg": "MP3",
    "quicktime": "MOV",
}

# An item's number as people write it: "证据 3", "题号：3", "第3题", "#3", "evidence 3", or 3 alone;
# "证据 3 份" counts files instead.
_NUMBERED = re.compile(
    r"\s*(?:(?:证据|材料|题号|[#＃]|(?:evidence|question|item|no\.?)(?![a-z]))"
    r"\s*[:：]?\s*(?:第\s*)?(\d{1,3})(?![\d.]|\s*[份张个页件])"
    r"|第\s*(\d{1,3})\s*题"
    r"|(\d{1,3})\s*题?\s*$)",
    re.IGNORECASE,
)


def on_files(talk: Talk, incoming: Incoming) -> None:
    """Tie each file to an item and say to which; a caption may name the item's number."""
    for problem in incoming.refused:
        talk.say(problem)
    if not incoming.files:
        return answering.repeat(talk)
    if talk.case is None:
        return talk.tell("file.no_case")
    item = _belongs_to(talk, incoming.text)
    if item is None:
        return talk.tell("file.which")
    for file in incoming.files:
        _attach(talk, item, file, also=_of_reading(talk, incoming, file))
    if "lookup" in item.verify:
        choices = [(word, talk.word(f"file.{word}")) for word in ("verified", "documented")]
        return talk.put("file_level", talk.word("file.ask_level"), choices, item=item.id)
    return _after(talk)


def numbered(caption: str) -> int | None:
    """The item's number that a caption names, if any."""
    found = _NUMBERED.match(caption)
    return int(found[1] or found[2] or found[3]) if found else None


def _belongs_to(talk: Talk, caption: str) -> Item | None:
    checklist = talk.scene.checklist
    number = numbered(caption)
    if number is not None:
        return checklist.numbered(number)
    pending = talk.session.pending
    if pending is not None and pending.awaiting == "follow_up":
        return checklist.by_id[pending.item]
    case = talk.open_case()
    last = checklist.by_id.get(talk.session.last)
    said = case.said(last.id) if last is not None else None
    if last is not None and said is not None and said.choice in {None, "yes", "partly"}:
        return last  # the answer just given, whose proof is asked for
    if pending is not None and pending.item:
        return checklist.by_id[pending.item]
    return last


def _of_reading(talk: Talk, incoming: Incoming, file: FileKept) -> str:
    """Whether one can ask what the file says, or why not; nothing where nobody reads files."""
    if file.sha256 not in incoming.readings:
        return ""
    reading = incoming.readings[file.sha256]
    if reading is None:
        return talk.word("file.being_read")
    if isinstance(reading, Unreadable):
        return talk.word("file.unread", why=reading.why(talk.language))
    return talk.word("file.read_in_part" if reading.cut else "file.read")


def _attach(talk: Talk, item: Item, file: FileKept, *, also: str = "") -> None:
    case = talk.open_case()
    already = any(name == item.id and kept.sha256 == file.sha256 for name, kept in case.files)
    if not already:
        talk.case = case.with_file(item.id, file)
        talk.do(Attach(case.id, item.id, file))
    told = talk.word(
        "file.known" if already else "file.kept",
        name=file.name,
        size=_size(file.size),
        kind=_named(file.media_type),
        digest=file.sha256[:8],
        number=talk.number(item.id),
        ask=item.ask.of(talk.language),
    )
    talk.say(f"{told}\n{also}" if also else told)
    _raise_level(talk, item)


def _named(media_type: str) -> str:
    """What people call it: `Word`, `PDF`, `PNG`."""
    known = next((name for part, name in _NAMES.items() if part in media_type), "")
    return known or media_type.rpartition("/")[2].removeprefix("x-").upper()


def _raise_level(talk: Talk, item: Item) -> None:
    """The answer that stands is kept again at the level its files now give it."""
    case = talk.open_case()
    said = case.said(item.id)
    if said is None or said.choice not in {None, "yes", "partly"} or said.parked:
        return
    if case.proof(item) > said.level:
        last = talk.session.last
        kept = Said(said.choice, said.value, said.words, said.note, by=said.by or "", proven=True)
        talk.record(item, kept)
        talk.session = replace(talk.session, last=last)


def on_file_level(talk: Talk, pending: Pending, word: str) -> None:
    """Official look-up or plain paper."""
    item = talk.item(pending.item)
    if word == "verified":
        case = talk.open_case()
        newest = next(file for name, file in reversed(case.files) if name == item.id)
        raised = replace(newest, level=Level.VERIFIED)
        talk.case = case.with_file(item.id, raised)
        talk.do(Attach(case.id, item.id, raised))
        _raise_level(talk, item)
    talk.tell("file.level_kept", number=talk.number(item.id), level=talk.word(f"level.{word}"))
    return _after(talk)


def move_last(talk: Talk, number: int) -> None:
    """`evidence to 7`: the newest file belongs to another item instead."""
    item = talk.scene.checklist.numbered(number)
    case = talk.open_case()
    if item is None or not case.files:
        return talk.tell("file.which")
    wrong, file = case.files[-1]
    if wrong != item.id:
        talk.case = case.without_file(wrong, file.sha256)
        talk.do(Detach(case.id, wrong, file.sha256))
        _lower_level(talk, talk.item(wrong))
    _attach(talk, item, replace(file, level=Level.DOCUMENTED))
    return _after(talk)


def _lower_level(talk: Talk, item: Item) -> None:
    """An answer that was raised by a file which belongs elsewhere is a claim again."""
    said = talk.open_case().said(item.id)
    if said is not None and said.level > talk.open_case().proof(item):
        kept = Said(said.choice, said.value, said.words, said.note, by=said.by or "")
        talk.record(item, kept)


def _after(talk: Talk) -> None:
    """Back to the question that waits, or on to the next."""
    pending = talk.session.pending
    if pending is not None and pending.awaiting in {"file_level", "follow_up"}:
        return asking.ask_next(talk)
    if pending is not None:
        return answering.repeat(talk)
    return asking.ask_next(talk)


def list_files(talk: Talk) -> None:
    """`evidence` alone: what is stored, and how to add to it."""
    files = talk.open_case().files
    lines = [
        talk.word(
            "file.line",
            number=talk.number(item),
            name=file.name,
            digest=file.sha256[:8],
            level=talk.word(f"level.{file.level.word}"),
        )
        for item, file in files[-8:]
    ]
    talk.say("\n".join([talk.word("file.how", count=len(files)), *lines]))


def _size(size: int) -> str:
    if size >= KILO * KILO:
        return f"{size / KILO / KILO:.1f} MB"
    return f"{max(1, round(size / KILO))} KB"
