"""Replies as WeCom takes them: its Markdown, plain text, or a card. Pure.

Replies are plain text with lines that begin with `- ` or `· `. Two asterisks are what somebody
typed, for the core sets nothing in bold: they are shown, not obeyed. Whether the client honours a
backslash everywhere is not documented: so one is only set where the sign would else be markup.
"""

import re
from dataclasses import dataclass, replace

from bot.channels.wecom import cards
from bot.channels.wecom.frames import Body
from bot.messages import Outgoing

CONTENT_BYTES = 20480

_MARKUP = re.compile(
    r"`"  # code
    r"|(?<!\w)[*_]+(?=\S)|(?<=\S)[*_]+(?!\w)"  # the two ends of emphasis
    r"|\*(?=\w)|(?<=\w)\*"  # which asterisks open inside words too
    r"|~~"  # struck out
    r"|\[(?=[^\]\n]*\]\()"  # a link
    r"|<(?=[@/A-Za-z!])"  # a mention, a colour
)
_LINE = re.compile(r"^(\s*)(#{1,6}(?=\s)|>|\+(?=\s)|\*(?=\s)|\|)", re.MULTILINE)
_RULE = re.compile(r"^(\s*)([-=*_])(?=\2{2,}\s*$)", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One message: `text` as it was meant, `card` with its buttons, or a file to upload.

    `complete`: the card tells the whole text by itself.
    """

    text: str = ""
    card: Body | None = None
    complete: bool = False
    file: str = ""

    @property
    def content(self) -> str:
        return marked(self.text)

    def renamed(self, task_id: str) -> "Step":
        """The same with another id on its card."""
        return replace(self, card={**(self.card or {}), "task_id": task_id})


def marked(text: str) -> str:
    """`text` in WeCom's Markdown."""
    escaped = _MARKUP.sub(_slashed, text)
    return _RULE.sub(r"\1\\\2", _LINE.sub(r"\1\\\2", escaped))


def _slashed(found: re.Match[str]) -> str:
    return "".join(f"\\{sign}" for sign in found.group())


def fitting(text: str, most: int = CONTENT_BYTES) -> list[str]:
    """`text` in parts of at most `most` bytes of Markdown, cut where a line ends if possible.

    The core splits replies before; this only keeps an odd one from being refused.
    """
    parts: list[str] = []
    while len(marked(text).encode()) > most:
        end = len(text) // 2
        while len(marked(text[:end]).encode()) > most:
            end //= 2
        at = text.rfind("\n", 1, end)
        cut = at if at > 0 else end
        parts.append(text[:cut].rstrip("\n"))
        text = text[cut:].lstrip("\n")
    return [*parts, text] if text or not parts else parts


def steps(reply: Outgoing, task_id: str, *, with_card: bool = True) -> list[Step]:
    """The messages that make up one reply, in order. `with_card` False: the choices as text."""
    files = [Step(file=reply.file)] if reply.file else []
    text = reply.text.strip("\n")
    if not reply.buttons:
        return [Step(part) for part in fitting(text) if part.strip()] + files
    if not with_card or not cards.carries(reply.buttons):
        count = len(reply.buttons)
        signs = cards.signs(count, numbered=True) if reply.numbered else ["· "] * count
        choices = cards.listed(reply.buttons, signs)
        return [Step(part) for part in fitting(f"{text}\n{choices}".strip())] + files
    return _with_card(reply, text, task_id) + files


def _with_card(reply: Outgoing, text: str, task_id: str) -> list[Step]:
    buttons, language = reply.buttons, reply.language
    vote = len(buttons) > cards.BUTTONS
    signs = cards.signs(len(buttons), numbered=reply.numbered)
    labels, told = cards.labelled(buttons, signs)
    if told:
        text = f"{text}\n{cards.listed(buttons, signs)}".strip()
    pairs = [(label, token) for label, (_, token) in zip(labels, buttons, strict=True)]
    heading = cards.heads(text, language)
    if heading is not None and not (vote and len(heading[1]) > 30):
        return [Step(text, cards.card(heading, pairs, task_id, language), complete=True)]
    parts = fitting(text)
    made = cards.card(cards.reminder(reply.text, language), pairs, task_id, language)
    return [Step(part) for part in parts[:-1]] + [Step(parts[-1], made)]
