"""Figures with their units, however they are written: `6 个月`, `半年`, `百分之九十八`, `两倍`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.text import normalise

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "俩": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_HAN = "[零一二两俩三四五六七八九十百千万]+"
_ARABIC = r"\d+(?:\.\d+)?"
_DATE = re.compile(r"\d{4}-\d{1,2}(?:-\d{1,2})?|\d{4} ?年(?: ?\d{1,2} ?月(?: ?\d{1,2} ?[日号])?)?")
_FRACTION = re.compile(rf"百分之({_HAN}|{_ARABIC})")
_HALF = re.compile(r"半个?(年|月|小时|天)")
# longest first: `个工作日` is no `个`. What is counted in `months` is 30.44 days to nobody.
_UNITS: tuple[tuple[str, str, float], ...] = (
    (r"个?工作日|(?:working|business) days?", "workday", 1),
    (r"个?月|months?", "month", 1),
    (r"年|years?", "month", 12),
    (r"周|个?星期|weeks?", "second", 604800),
    (r"天|日|夜|days?|nights?", "second", 86400),
    (r"个?小时|个?钟头|hours?|h", "second", 3600),
    (r"分钟|minutes?|mins?", "second", 60),
    (r"毫秒|milliseconds?|ms", "second", 0.001),
    (r"秒|seconds?|secs?|s", "second", 1),
    (r"%|percent|per cent|个?百分点", "percent", 1),
    (r"成", "percent", 10),
    (r"倍|times", "percent", 100),
    (r"元|块|yuan|cny|rmb", "yuan", 1),
    (r"条|messages?|channels?", "条", 1),
    (r"家|vendors?|providers?|suppliers?", "家", 1),
    (r"位|digits?", "位", 1),
    (r"级|levels?", "级", 1),
    (r"次", "次", 1),
    (r"台|部|phones?|handsets?", "台", 1),
    (r"个|numbers?", "个", 1),
    (r"tps|qps", "tps", 1),
)
_UNIT = "|".join(f"(?P<u{n}>{pattern})" for n, (pattern, _, _) in enumerate(_UNITS))
# in `98% takes 149, 99% 299` the comma begins something new
_LINK = r"\s*(?:[-–—~～、/到至]|[,，](?!\s*[\d.]+%)|to|or|and)\s*"
_NUMBER = rf"(?:{_ARABIC}(?: ?[万千])?|{_HAN})"
_WITH_UNIT = re.compile(
    rf"(?<![a-z0-9.÷])({_NUMBER}(?:{_LINK}{_NUMBER})*)"
    rf"(?: (?:backup|spare|working|different|separate|full))?\s*-?(?:{_UNIT})(?![a-z])"
)
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_ENGLISH = {word: str(value) for value, word in enumerate((*_ONES, "twelve"), start=1)}
_ENGLISH |= {"fifteen": "15", "twenty": "20", "thirty": "30", "sixty": "60", "ninety": "90"}
_IN_WORDS = re.compile(rf"\b(?:{'|'.join(_ENGLISH)})\b")
_HOUSEHOLD = frozenset({"month", "second", "workday", "percent", "yuan"})


@dataclass(frozen=True)
class Figure:
    """A value in its basic unit: second, month, workday, percent, yuan, or what is counted."""

    value: float
    unit: str

    @property
    def measured(self) -> bool:
        """A duration, a share or a price; otherwise things counted, as in `三件事`."""
        return self.unit in _HOUSEHOLD


def figures(text: str) -> frozenset[Figure]:
    """Every figure of the text that has a unit; of a range or a list, each end. Dates are none."""
    plain = _DATE.sub(" ", re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", normalise(text)))
    plain = _HALF.sub(lambda half: f"0.5 {half[1]}", plain)
    plain = _IN_WORDS.sub(lambda word: _ENGLISH[word[0]], plain)
    plain = _FRACTION.sub(lambda share: f"{_value(share[1]):g}%", plain)
    return frozenset(_read(plain))


def _read(plain: str) -> Iterator[Figure]:
    for found in _WITH_UNIT.finditer(plain):
        place = next(n for n in range(len(_UNITS)) if found[f"u{n}"])
        _, unit, factor = _UNITS[place]
        *others, last = map(_value, re.findall(_NUMBER, found[1]))
        if unit == "percent":  # in `for 300 and 82.7%` the first is no share
            others = [value for value in others if value <= 100]
        for value in (*others, last):
            yield Figure(round(value * factor, 6), unit)


def _value(number: str) -> float:
    if not number[0].isdigit():
        return float(_counted(number))
    times = _PLACES.get(number[-1], 1)
    return float(number.rstrip("万千 ")) * times


def _counted(han: str) -> int:
    """The value of a Chinese number below a hundred million."""
    whole = part = digit = 0
    for character in han:
        if character == "万":
            whole, part, digit = (whole + part + digit) * 10000, 0, 0
        elif character in _PLACES:
            part, digit = part + (digit or 1) * _PLACES[character], 0
        else:
            digit = _DIGITS[character]
    return whole + part + digit
