"""A person whose phone is on the panel says which codes it shows: pure, any channel.

That a code was typed proves that its text came, never how fast.
"""

import re
import unicodedata

from bot.dialogue.effects import Confirm
from bot.dialogue.talk import Talk
from evaluators.sending.tokens import ALPHABET, TOKEN_LENGTH

LENGTH = TOKEN_LENGTH
NOTHING = "none"  # as a pressed button
_SHAPED = re.compile(rf"(?<![A-Z0-9])[A-Z0-9]{{{LENGTH}}}(?![A-Z0-9])")
_OURS = frozenset(ALPHABET)
_WORDS = re.compile(r"[^\W_]+")


def shaped(text: str) -> tuple[str, ...]:
    """What in a text has the shape of a code, upper-case, in order, each once."""
    return tuple(dict.fromkeys(_SHAPED.findall(_plain(text))))


def heard(talk: Talk, text: str) -> bool:
    """Whether this was about codes, and has been answered."""
    if not talk.scene.phones:
        return _nobody_waits(talk, text)
    known = {code.code for code in talk.scene.codes}
    found = shaped(text)
    if known.intersection(found):
        _take(talk, found)
        return True
    if talk.scene.awaited and _plain(text).rstrip("。.!！") in _alternatives(talk, "words.nothing"):
        _nothing(talk)
        return True
    if found and _only_codes(talk, text, found):
        talk.tell("confirm.unknown", codes=_list(talk, found))
        return True
    return False


def tapped(talk: Talk, word: str) -> None:
    """A button of a reminder."""
    if word == NOTHING:
        return _nothing(talk)
    if not heard(talk, word):
        talk.tell("confirm.unknown", codes=word)
    return None


def _take(talk: Talk, found: tuple[str, ...]) -> None:
    """Confirm what is awaited, and say of every other one what it is."""
    known = {code.code: code for code in talk.scene.codes}
    fresh = [code for code in found if code in known and not known[code].seen]
    late = [code for code in fresh if known[code].over]
    kept = [code for code in fresh if not known[code].over]
    again = [code for code in found if code in known and known[code].seen]
    strange = [code for code in found if code not in known and _mixed(code)]
    if fresh:
        talk.do(Confirm(tuple(fresh)))
    for key, codes in (
        ("confirm.kept", kept),
        ("confirm.late", late),
        ("confirm.again", again),
        ("confirm.unknown", strange),
    ):
        if codes:
            talk.tell(key, codes=_list(talk, codes))


def _nobody_waits(talk: Talk, text: str) -> bool:
    """What looks just like one of our codes is no answer and no name, whoever types it."""
    found = shaped(text)
    if not found or not _only_codes(talk, text, found) or not _OURS.issuperset("".join(found)):
        return False
    talk.tell("confirm.nobody_waits", codes=_list(talk, found), code=found[0])
    return True


def _nothing(talk: Talk) -> None:
    """The phone is up and shows nothing more: from now on that counts."""
    talk.do(Confirm(()))
    talk.tell("confirm.nothing")


def _only_codes(talk: Talk, text: str, found: tuple[str, ...]) -> bool:
    """Whether nothing but codes and the words around them was said: not a name or a number."""
    if not all(_mixed(code) for code in found):
        return False
    rest = _WORDS.findall(_SHAPED.sub(" ", _plain(text)))
    return all(word in _alternatives(talk, "words.around_code") for word in rest)


def _mixed(code: str) -> bool:
    """Letters and digits: a word or a number alone may be anything."""
    return any(char.isdigit() for char in code) and any(char.isalpha() for char in code)


def _alternatives(talk: Talk, key: str) -> frozenset[str]:
    wordings = talk.scene.wordings.values()
    return frozenset(_plain(word) for wording in wordings for word in wording.words(key))


def _list(talk: Talk, codes: tuple[str, ...] | list[str]) -> str:
    return ("、" if talk.language == "zh" else ", ").join(codes)


def _plain(text: str) -> str:
    """Full-width letters and lower case are the same to people."""
    return unicodedata.normalize("NFKC", text).strip().upper()
