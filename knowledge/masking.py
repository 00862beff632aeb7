"""Numbers that say who somebody is, hidden before a text leaves the machine.

Every character hidden is replaced by one other, so that a place in the masked text is the same
place in the text itself.
"""

import re

HIDDEN = "*"
_WIDE = str.maketrans("０１２３４５６７８９＋－", "0123456789+-")
_GAP = r"[ \-‐–·.]?"
_PERSONAL = re.compile(
    rf"(?<!\d)(?:\+?86{_GAP})?1[3-9]\d(?:{_GAP}\d){{8}}(?!\d)"  # a mobile number
    r"|(?<![\d.])0\d{2,3}[ \-–]\d{7,8}(?!\d)"  # a landline
    r"|(?<![\d.])0\d{9,11}(?!\d)"
    r"|(?<!\d)400[ \-]?\d{3,4}[ \-]?\d{3,4}(?!\d)"
    r"|\+\d(?:[ \-]?\d){7,14}"  # a number abroad
    r"|(?<!\d)(?!10)\d{15,19}[Xx]?(?!\d)|(?<!\d)\d{17}[Xx](?!\w)"  # identity and bank cards
    r"|[〇零一二三四五六七八九幺]{11,}"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    re.ASCII | re.IGNORECASE,
)


def masked(text: str) -> str:
    """The text, just as long, without phone numbers, identity numbers and mail addresses.

    Sender numbers (106…) and service codes stay: the checklist asks for them.
    """
    plain = text.translate(_WIDE)
    for found in _PERSONAL.finditer(plain):
        text = text[: found.start()] + HIDDEN * len(found[0]) + text[found.end() :]
    return text
