"""Template cards within their limits. Lengths are in characters unless said otherwise."""

from collections.abc import Sequence

from bot.channels.wecom.frames import Body

BUTTONS, OPTIONS = 6, 20
LABEL, OPTION, TITLE, SUBTITLE = 10, 11, 26, 112
KEY_BYTES, OPTION_ID_BYTES = 1024, 128
NAME = 12
SUBMIT, QUESTION = "smsvet-submit", "smsvet-choice"

# A notice must lead somewhere when tapped; this is the platform's own page.
LEADS_TO = "https://work.weixin.qq.com"

_WORDS = {
    "zh": {"choose": "请选择", "pressed": "已点：{}", "by": "已点：{}（{}）", "submit": "提交"},
    "en": {
        "choose": "Please choose",
        "pressed": "Pressed: {}",
        "by": "Pressed: {} ({})",
        "submit": "Submit",
    },
}

Buttons = Sequence[tuple[str, str]]


def word(key: str, language: str) -> str:
    return _WORDS.get(language, _WORDS["zh"])[key]


def shortened(text: str, most: int) -> str:
    """At most `most` characters, ending in an ellipsis where something was left out."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def signs(count: int, *, numbered: bool) -> list[str]:
    """What tells choices apart: numbers where one may be typed, otherwise letters."""
    return [f"{n + 1} " if numbered else f"{chr(ord('A') + n)} " for n in range(count)]


def labelled(buttons: Buttons, signs: Sequence[str]) -> tuple[list[str], bool]:
    """Labels that fit and differ from each other; whether the full ones must be told in the text.

    As soon as one does not fit, all carry the sign under which the text tells the full one.
    """
    most = LABEL if len(buttons) <= BUTTONS else OPTION
    labels = [label.strip() for label, _ in buttons]
    if all(0 < len(label) <= most for label in labels) and len(set(labels)) == len(labels):
        return labels, False
    pairs = zip(signs, labels, strict=True)
    return [sign + shortened(label, most - len(sign)) for sign, label in pairs], True


def listed(buttons: Buttons, signs: Sequence[str]) -> str:
    """The choices as text, in one line where that is short."""
    choices = [sign + label for sign, (label, _) in zip(signs, buttons, strict=True)]
    line = "  ".join(choices)
    return line if len(line) <= 40 and "\n" not in line else "\n".join(choices)


def heads(text: str, language: str) -> tuple[str, str] | None:
    """`text` as a card's title and sub-title; None where it is too long for both."""
    first, _, rest = text.strip().partition("\n")
    rest = rest.strip()
    if len(first) <= TITLE and len(rest) <= SUBTITLE:
        return first or word("choose", language), rest
    if len(text.strip()) <= SUBTITLE:
        return word("choose", language), text.strip()
    return None


def reminder(text: str, language: str) -> tuple[str, str]:
    """Title and sub-title of a card that follows the full text: its question once more."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    asking = [line for line in lines if "？" in line or "?" in line]
    return word("choose", language), shortened((asking or lines or [""])[-1], SUBTITLE)


def card(heading: tuple[str, str], buttons: Buttons, task_id: str, language: str) -> Body:
    """Buttons up to six, a vote with one choice up to twenty; their labels fit already."""
    title, subtitle = heading
    made: Body = {"main_title": {"title": title}, "task_id": task_id}
    if len(buttons) <= BUTTONS:
        made |= {
            "card_type": "button_interaction",
            "button_list": [{"text": label, "style": 1, "key": token} for label, token in buttons],
        }
        return made | ({"sub_title_text": subtitle} if subtitle else {})
    if subtitle:  # a vote has no sub-title; its title's description takes 30
        made["main_title"]["desc"] = shortened(subtitle, 30)
    return made | {
        "card_type": "vote_interaction",
        "checkbox": {
            "question_key": QUESTION,
            "mode": 0,
            "option_list": [{"id": token, "text": label} for label, token in buttons],
        },
        "submit_button": {"text": word("submit", language), "key": SUBMIT},
    }


def carries(buttons: Buttons) -> bool:
    """Whether a card can carry these at all."""
    most = KEY_BYTES if len(buttons) <= BUTTONS else OPTION_ID_BYTES
    tokens = [token for _, token in buttons]
    return (
        0 < len(buttons) <= OPTIONS
        and len(set(tokens)) == len(tokens)
        and all(0 < len(token.encode()) <= most for token in tokens)
    )


def choice(asked: Body, token: str) -> str:
    """What the pressed button or option said, or nothing where the card is not known any more."""
    for button in asked.get("button_list", ()):
        if button["key"] == token:
            return str(button["text"])
    for option in asked.get("checkbox", {}).get("option_list", ()):
        if option["id"] == token:
            return str(option["text"])
    return ""


def settled(asked: Body, token: str, language: str, by: str = "") -> Body | None:
    """The card after a press: what was asked, what was pressed (and `by` whom), no more buttons.

    It says pressed, not chosen: whether the press holds is the core's to say. None where the card
    has no such choice.
    """
    pressed = choice(asked, token)
    if not pressed:
        return None
    which = "by" if by else "pressed"
    said = word(which, language).format(pressed, masked(by))
    title = str(asked.get("main_title", {}).get("title") or "")
    subtitle = str(asked.get("sub_title_text") or "")
    room = SUBTITLE - len(said) - 1
    above = subtitle if len(subtitle) <= room else shortened(subtitle, room)
    return {
        "card_type": "text_notice",
        "main_title": {"title": title or said},
        "sub_title_text": f"{above}\n{said}" if subtitle else said,
        "card_action": {"type": 1, "url": LEADS_TO},
        "task_id": asked["task_id"],
    }


def masked(user: str) -> str:
    """An id as those who know it recognise it; longer ones are not told in full."""
    return user if len(user) <= NAME else f"{user[:4]}…{user[-2:]}"
