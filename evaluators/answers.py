"""Reading what people type as an answer to one item, and what that answer is worth.

`parse` never guesses silently: what it cannot read is None (ask again), what is outside the item's
bounds or says more than one number is `Refused`, and what it had to interpret is marked `assumed`.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise

from evaluators import checklist
from evaluators.checklist import Choice, Item, Option, Value
from evaluators.dates import date_in
from evaluators.phrases import (
    LONGEST,
    asks_outright,
    blank_hedges,
    choice_in,
    looks_like_question,
    plain,
    standing_choice,
)
from evaluators.quantities import Amount, amounts, vague

__all__ = [
    "Parsed",
    "Refused",
    "looks_like_question",
    "meets",
    "parse",
    "satisfaction",
    "warnings",
]

Answer = float | str | None

CHOICE_MEETS: dict[str, float] = {"yes": 1.0, "partly": 0.5, "no": 0.0}
SHORT = 8  # characters: a longer clause is prose, not one of the standing choices
BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "percent": (0, 100),
    "price": (0, None),
    "duration": (0, None),
    "number": (0, None),
}
# Both only of words in the checklist, never of anybody's.
_plain_of_ours, _pattern = cache(plain), cache(re.compile)


@dataclass(frozen=True)
class Parsed:
    """One answer as read.

    `value` is in the item's stored unit (CNY, percent 0-100, seconds, the item's own unit), an
    ISO date, an option id, or text. A value without a choice is judged by the item's points.
    `assumed` says the reading is ours, so that it is shown for confirmation.
    """

    choice: Choice | None
    value: Answer
    words: str
    assumed: bool = False


@dataclass(frozen=True)
class Refused:
    """An answer understood and not taken.

    `reason_key` is `below` or `above` (outside `least`..`most`), `several` (a range, or more than
    one number), `carriers` (a number for each carrier), `unit` (a price of 1 or more without a
    unit: yuan or fen?) or `bound` (only a limit was given, on the side that proves nothing, such
    as "under 70 %").
    """

    reason_key: str
    least: float | None = None
    most: float | None = None


def parse(text: str, item: Item, now: date) -> Parsed | Refused | None:
    """Read `text` as an answer to `item`; None when it is a question or says nothing we know."""
    said, words = plain(text), text.strip()
    spec = item.value
    if _echoes_a_denial(said, item):
        return None
    asks = asks_outright if spec and spec.kind == "text" else looks_like_question
    if not said or asks(text):
        return None
    said = said[:LONGEST]
    if spec is None or spec.kind == "file":
        return _choice_only(said, words)
    if spec.kind == "choice":
        return _option(said, words, spec)
    if spec.kind == "text":
        return _prose(said, words)
    if spec.kind == "date":
        return _date(said, words, now)
    return _quantity(said, words, spec)


def _echoes_a_denial(said: str, item: Item) -> bool:
    """Whether a "not ..." repeats what the question itself denies, and so might mean yes.

    "不混用" to "does not share with others?" is a yes that reads like a no; only the person knows.
    """
    if re.match(r"(?:不是|并非|也不是|没有)(?:不|没|无)", said):
        return True
    for pattern, denied in _DENIALS:
        match = pattern.match(said)
        if match:
            ask = plain(item.ask.zh) + " " + plain(item.ask.en)
            return bool(re.search(denied + re.escape(match[1]), ask))
    return False


_DENIALS = (
    (
        re.compile(r"(?:没有|没|不会|不|未|无)([\u4e00-\u9fff]{2,6})"),
        r"(?:不|没|未|无|非)[^,。?;]{0,8}",
    ),
    (
        re.compile(r"(?:it'?s |is )?(?:not|never|no) (\w{4,})"),
        r"\b(?:not?|never|without)\b[^,.?;]{0,24}",
    ),
)


def _choice_only(said: str, words: str) -> Parsed | None:
    choice, assumed = choice_in(said)
    return Parsed(choice, None, words, assumed) if choice else None


def _option(said: str, words: str, spec: Value) -> Parsed | Refused | None:
    """An option by number, id or label; one that is only part of a label is ours to confirm."""
    said = _ROUND_THE_CLOCK.sub("24 小时", said)
    said = re.sub(r"^(?:就?是|应该是|按照?|选)(?=.)", "", said)
    chosen = _by_number(said, spec.options) or _by_name(said, spec.options)
    if len(chosen) > 1:
        return Refused("several")
    if chosen:
        return Parsed(None, chosen[0].id, words)
    choice, _ = choice_in(said)
    if choice in {"unknown", "na", "later"}:
        return Parsed(choice, None, words)
    part = [o for o in spec.options if len(said) > 1 and any(said in name for name in _names(o))]
    if len(part) == 1:
        sure = any(name.startswith(said) for name in _names(part[0]))
        return Parsed(None, part[0].id, words, not sure)
    choice = standing_choice(said)
    return Parsed(choice, None, words) if choice else None


_ROUND_THE_CLOCK = re.compile(r"7\s*[×x*]\s*24\s*(?:小时)?|24\s*/\s*7|24\s*小时")


def _by_number(said: str, options: tuple[Option, ...]) -> list[Option]:
    match = re.fullmatch(r"(?:选|第)?\s*(\d{1,2})\s*(?:[.、)]|个|项|号)?", said)
    index = int(match[1]) - 1 if match else -1
    return [options[index]] if 0 <= index < len(options) else []


def _by_name(said: str, options: tuple[Option, ...]) -> list[Option]:
    names = {option.id: _names(option) for option in options}
    exact = [option for option in options if said.strip(" .!") in names[option.id]]
    if exact:
        return exact[:1]
    inside = [(name, o) for o in options for name in names[o.id] if _stated(name, said)]
    # A label inside a longer label that also matched says nothing of its own.
    kept = {
        option.id: option
        for name, option in inside
        if not any(name != other and name in other for other, _ in inside)
    }
    return list(kept.values())


def _names(option: Option) -> tuple[str, ...]:
    """Its id and its labels; a label of two words parted by a slash goes by either."""
    zh, en = plain(option.label.zh), plain(option.label.en)
    names = [option.id, option.id.replace("_", " "), zh, en, *zh.split("/"), *en.split("/")]
    return tuple(dict.fromkeys(name.strip() for name in names))


def _stated(name: str, said: str) -> bool:
    """Whether the text holds the name as words of its own, not denied just before it."""
    pattern = rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])"
    match = _pattern(pattern).search(said)
    if match is None:
        return False
    return not re.search(r"(?:不是|不|没有?|非|not|no)\s*$", said[: match.start()])


def _prose(said: str, words: str) -> Parsed:
    """Free text; a choice counts only where it stands as a short clause at the beginning."""
    clauses = [clause for clause in re.split(r"[,;。!、\n]", said) if clause.strip()]
    first = clauses[0] if clauses else said
    choice = choice_in(first)[0] if len(first) <= SHORT else _put_off(said)
    if choice in CHOICE_MEETS and len(clauses) > 1:
        choice = standing_choice(first)
        return Parsed(choice, unicodedata.normalize("NFKC", words), words)
    value = None if choice else unicodedata.normalize("NFKC", words)
    return Parsed(choice, value, words)


def _put_off(said: str) -> Choice | None:
    """English takes more letters to say that one does not know, or not now."""
    if len(said) > 2 * SHORT or not said.isascii() or re.search(r"\d", said):
        return None
    choice = choice_in(said)[0]
    return choice if choice in {"unknown", "na", "later"} else None


def _date(said: str, words: str, now: date) -> Parsed | None:
    found = date_in(said, now)
    if found is None:
        return _choice_only(said, words)
    rest = re.sub(r"[\d年月日号/.-]+", " ", said)
    return Parsed(standing_choice(rest), found[0], words, found[1])


def _quantity(said: str, words: str, spec: Value) -> Parsed | Refused | None:
    choice, assumed = choice_in(said)
    if choice in {"unknown", "na", "later"}:
        return Parsed(choice, None, words, assumed)
    if len(set(_BY_CARRIER.findall(said))) > 1:
        return Refused("carriers")
    if vague(said):
        return Refused("several")
    found = amounts(spec.kind, blank_hedges(said), _units(spec))
    if not found:
        return Parsed(choice, None, words, assumed) if choice else None
    if len({amount.value for amount in found}) > 1:
        return Refused("several")
    return _checked(said, words, spec, found) or _measured(said, words, found)


_BY_CARRIER = re.compile(
    r"(?:移动|联通|电信|广电|cmcc|cucc|ctcc|cbn|mobile|unicom|telecom|broadnet)"
    r"\D{0,8}?(\d+(?:\.\d+)?)"
)


def _units(spec: Value) -> tuple[str, ...]:
    return (plain(spec.unit.zh), plain(spec.unit.en)) if spec.unit else ()


def _checked(said: str, words: str, spec: Value, found: tuple[Amount, ...]) -> Refused | None:
    amount = found[0]
    lowest, highest = BOUNDS[spec.kind]
    least = lowest if spec.least is None else spec.least
    most = highest if spec.most is None else spec.most
    if least is not None and amount.value < least:
        return Refused("below", least, most)
    if spec.kind == "price" and amount.value >= 1 and not _has_money_word(said):
        return Refused("unit", least, most)
    if most is not None and amount.value > most:
        return Refused("above", least, most)
    if amount.bound and _proves_nothing(amount, spec):
        return Refused("bound", least, most)
    return None


def _has_money_word(said: str) -> bool:
    return re.search(r"[元块¥毛角分厘]|rmb|cny|yuan|fen", said) is not None


def _proves_nothing(amount: Amount, spec: Value) -> bool:
    """A limit on the wrong side: "under 70 %" where more is better, "over 3 h" where less is."""
    if len(spec.points) < 2:
        return False
    more_is_better = spec.points[-1][1] > spec.points[0][1]
    return amount.bound == ("under" if more_is_better else "over")


def _measured(said: str, words: str, found: tuple[Amount, ...]) -> Parsed:
    rest = blank_hedges(said)
    for amount in found:
        rest = rest[: amount.start] + "~" * (amount.end - amount.start) + rest[amount.end :]
    assumed = found[0].assumed or found[0].bound is not None
    return Parsed(standing_choice(rest), found[0].value, words, assumed)


def meets(points: tuple[tuple[float, float], ...], value: float) -> float:
    """How far a stored number satisfies, 0 to 1: piecewise linear, flat beyond both ends."""
    if value <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if value <= right:
            return low + (high - low) * (value - left) / (right - left) if right > left else high
    return points[-1][1]


def satisfaction(item: Item, choice: Choice | None, value: Answer) -> float | None:
    """How far an answer satisfies the item, 0 to 1; None when it says nothing about that.

    Where a choice and a number are both given, the worse of the two counts: a number does not
    turn "no" into "yes", nor a "yes" a poor number into a good one.
    """
    if choice in {"na", "unknown", "later"}:
        return None
    parts = [CHOICE_MEETS[choice]] if choice else []
    worth = _worth(item.value, value)
    if worth is not None:
        parts.append(worth)
    return min(parts) if parts else None


def _worth(spec: Value | None, value: Answer) -> float | None:
    if spec is None or value is None:
        return None
    if isinstance(value, str):
        return next((option.meets for option in spec.options if option.id == value), None)
    return meets(spec.points, value) if spec.points else None


def warnings(
    item: Item, choice: Choice | None, value: Answer, words: str
) -> checklist.Warning | None:
    """The first warning of the item whose condition the answer meets."""
    return next((w for w in item.warnings if _fires(w.when, choice, value, words)), None)


def _fires(when: checklist.Condition, choice: Choice | None, value: Answer, words: str) -> bool:
    if when.choice:
        return choice in when.choice
    if when.option:
        return value in when.option
    if when.mentions:
        said_plainly = plain(words)
        return any(_mentioned(_plain_of_ours(word), said_plainly) for word in when.mentions)
    text = unicodedata.normalize("NFKC", words)
    if when.matches is not None:
        return re.search(when.matches, text, re.IGNORECASE) is not None
    if when.not_matches is not None:
        said = value if isinstance(value, str) else None
        return said is not None and re.search(when.not_matches, said, re.IGNORECASE) is None
    return isinstance(value, int | float) and _outside(when, value)


def _outside(when: checklist.Condition, value: float) -> bool:
    return (
        (when.below is not None and value < when.below)
        or (when.above is not None and value > when.above)
        or (when.at_least is not None and value >= when.at_least)
    )


_DENIED = re.compile(r"(?:不用|不需要?|无需|没有?|不|\bnot?|\bwithout|n't)\s?\w{0,2}\s?$")


def _mentioned(word: str, said: str) -> bool:
    """Whether the word is said and not denied just before, as 加白 is in 不需要加白."""
    if word not in said:  # nearly always
        return False
    return any(not _DENIED.search(said[: m.start()]) for m in re.finditer(re.escape(word), said))
