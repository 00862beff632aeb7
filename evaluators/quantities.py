"""Amounts people type, in Chinese and English: prices, shares, durations and counts.

Everything here works on `phrases.plain` text. Results come in stored units: CNY per message,
percent 0 to 100, seconds, or the item's own unit for a count.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Bound = Literal["under", "over"]
Read = Callable[[re.Match[str]], tuple[float, bool] | None]  # stored value, and whether guessed

_DIGIT = "零〇一二两三四五六七八九"
_HAN = f"{_DIGIT}十百千万亿"
_VALUE = {char: index for index, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SMALL = {"十": 10, "百": 100, "千": 1_000}
_LARGE = {"万": 10_000, "亿": 100_000_000, "k": 1_000, "w": 10_000}
_ASCII = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
_N = rf"(?:{_ASCII}(?:[百千万亿]+[\d{_HAN}]*|[kw](?![a-z]))?|[{_HAN}]+(?:点[{_HAN}]+)?)"
_SIGN = r"(?:(?<![\w.%)])[-−]\s*|负)?"

_RANGE = re.compile(
    rf"(?<![\w.-]){_N}[%成元分块个条家小时分钟秒天]*\s*(?:[-~〜—–]|到|至|to )\s*{_N}"
    r"|(?<![零〇一二两三四五六七八九])[一二两三四五六七八九]{2}(?=[十百千万成分个家条次毛块秒天小])"
    r"|十?几[十百千万个家条次成分秒天]|好?几百|数[十百千万]"
)
_ROUND_THE_CLOCK = re.compile(r"\d+\s*[×x*]\s*24\s*(?:小时|h(?:ours)?)?|24\s*/\s*7")
_UNDER = (
    "不到", "不足", "没有", "没到", "没达到", "达不到", "未达到", "低于", "小于", "少于", "最多",
    "不超过", "不高于", "不大于", "至多", "控制在", "<", "≤", "<=", "less than", "under", "below",
    "fewer than", "at most", "up to", "within", "no more than",
)  # fmt: skip
_OVER = (
    "超过", "大于", "高于", "多于", "至少", "最少", "起码", "不少于", "不低于", "不小于", ">", "≥",
    ">=", "over", "above", "more than", "at least", "no less than", "not less than",
)  # fmt: skip
_UNDER_AFTER = ("以内", "之内", "以下", "内", "不到", "or less", "or under", "max")
_OVER_AFTER = ("以上", "多", "起", "+", "or more", "or above", "出头")


@dataclass(frozen=True)
class Amount:
    """One amount found in a text; `bound` says it was given as a limit ("under 70 %")."""

    value: float
    start: int
    end: int
    assumed: bool = False
    bound: Bound | None = None


def numeral(text: str) -> float | None:
    """Read one number: `1,200`, `1.2万`, `10k`, `三千五`, `一百零五`, `九十九点九`, `二〇二七`."""
    text = text.replace(",", "")
    if "点" in text:
        return _pointed(text)
    if re.fullmatch(rf"[{_DIGIT}]+", text) and len(text) > 1:
        return float("".join(str(_VALUE[char]) for char in text))
    tokens = re.findall(r"\d*\.?\d+|.", text)
    return _walk(tokens) if tokens else None


def _pointed(text: str) -> float | None:
    whole, _, rest = text.partition("点")
    digits = re.match(rf"[{_DIGIT}\d]+", rest)
    head = numeral(whole)
    if digits is None or head is None:
        return None
    fraction = "".join(str(_VALUE.get(char, char)) for char in digits.group())
    scale = 1.0
    for char in rest[digits.end() :]:
        scale *= _SMALL.get(char) or _LARGE.get(char) or 1
    return float(f"{head:.0f}.{fraction}") * scale


def _walk(tokens: list[str]) -> float | None:
    total = section = 0.0
    pending: float | None = None
    last, after_zero = 0, False
    for token in tokens:
        if token in _SMALL:
            section += (1 if pending is None else pending) * _SMALL[token]
            pending, last, after_zero = None, _SMALL[token], False
        elif token in _LARGE:
            total = (total + section + (pending or 0) or 1) * _LARGE[token]
            section, pending, last, after_zero = 0, None, _LARGE[token], False
        elif token in _VALUE or token[-1].isdigit():
            pending = float(_VALUE[token]) if token in _VALUE else float(token)
            after_zero = after_zero or pending == 0
        else:
            return None
    if pending is not None and last > 10 and not after_zero and 0 < pending < 10:
        pending *= last / 10  # 三千五 is 3,500
    return total + section + (pending or 0)


def vague(text: str) -> bool:
    """Whether the text gives a range or a vague count ("七八成", "3-5 条"), not one number."""
    return bool(_RANGE.search(_ROUND_THE_CLOCK.sub(" ", text)))


def amounts(kind: str, text: str, units: tuple[str, ...] = ()) -> tuple[Amount, ...]:
    """All amounts of `kind` (price, percent, duration, number); those with a unit win over bare.

    `units` are the item's own unit in both languages. A count of time, of percent or of times a
    year is also read from how people say such things: 半年 for months, 两倍 for 200 %.
    """
    text = _ROUND_THE_CLOCK.sub(lambda match: " " * len(match.group()), text)
    if kind != "number":
        return tuple(_scan(_PATTERNS[kind], text)) or tuple(_scan(_bare(kind, units), text))
    for patterns in (_spoken(units), tuple(_counted(unit) for unit in units), _COUNTS):
        found = tuple(_scan(patterns, text))
        if found:
            return found
    return tuple(_scan(_bare(kind, units), text))


def _scan(patterns: tuple[tuple[re.Pattern[str], Read], ...], text: str) -> Iterator[Amount]:
    for pattern, read in patterns:
        for match in pattern.finditer(text):
            result = read(match)
            if result is None:
                continue
            value = -result[0] if match.group().lstrip()[:1] in {"-", "−", "负"} else result[0]
            bound = _bound(text, match.start(), match.end())
            yield Amount(round(value, 9), match.start(), match.end(), result[1], bound)
        text = pattern.sub(lambda match: " " * len(match.group()), text)


def _bound(text: str, start: int, end: int) -> Bound | None:
    before, after = text[:start].rstrip(), text[end:].lstrip()
    found: list[tuple[int, Bound]] = [(len(w), "under") for w in _UNDER if before.endswith(w)]
    found += [(len(word), "over") for word in _OVER if before.endswith(word)]
    found += [(len(word), "under") for word in _UNDER_AFTER if after.startswith(word)]
    found += [(len(word), "over") for word in _OVER_AFTER if after.startswith(word)]
    return max(found)[1] if found else None  # the longest word: 不低于 holds 低于


# Prices

_YUAN = r"(?:元|块钱?|rmb|cny|yuan)"
_TAIL = rf"(?P<tail>[\d{_DIGIT}半](?![\d.,百千万条家%]))?"


def _per_lot(match: re.Match[str]) -> tuple[float, bool] | None:
    price, lot = numeral(match["price"]), numeral(match["lot"])
    return (price / lot, False) if price is not None and lot else None


def _coins(match: re.Match[str]) -> tuple[float, bool] | None:
    total, smallest = 0.0, 1.0
    for name, worth in (("yuan", 1.0), ("jiao", 0.1), ("fen", 0.01), ("li", 0.001)):
        if match[name]:
            amount = numeral(match[name])
            if amount is None:
                return None
            total, smallest = total + amount * worth, worth
    tail = match["tail"]
    if tail:
        total += (5 if tail == "半" else numeral(tail) or 0) * smallest / 10
    return total, False


def _group(name: str, factor: float) -> Read:
    def read(match: re.Match[str]) -> tuple[float, bool] | None:
        amount = numeral(match[name])
        return None if amount is None else (amount * factor, False)

    return read


_LOT = rf"(?P<lot>{_N}|1k)\s*(?:条|messages|sms)"
_COIN = (
    rf"(?:(?P<yuan>{_N})\s*{_YUAN})?(?:(?P<jiao>{_N})[毛角])?(?:(?P<fen>{_N})分(?!钟|之)钱?)?"
    rf"(?:(?P<li>{_N})厘)?"
)
_PRICES: tuple[tuple[re.Pattern[str], Read], ...] = (
    (re.compile(rf"{_SIGN}[¥]?(?P<price>{_N})\s*{_YUAN}\s*(?:/|每|per\s)?\s*{_LOT}"), _per_lot),
    (re.compile(rf"每?{_LOT}[是要收卖:]*\s*[¥]?(?P<price>{_N})\s*{_YUAN}"), _per_lot),
    (re.compile(rf"{_SIGN}(?:[¥]|rmb|cny)\s*(?P<n>{_N})"), _group("n", 1)),
    (re.compile(rf"(?<![\d.]){_SIGN}(?=[\d{_HAN}]){_COIN}(?<=[元块钱yb毛角分厘n]){_TAIL}"), _coins),
    (re.compile(rf"{_SIGN}(?P<n>{_N})\s*fen\b"), _group("n", 0.01)),
)

# Shares


_TIMES: tuple[tuple[re.Pattern[str], Read], ...] = (
    (re.compile(rf"(?P<n>{_N})(?:倍|x(?![a-z])|\s*times)"), _group("n", 100)),
)


def _fraction(match: re.Match[str]) -> tuple[float, bool] | None:
    whole, part = numeral(match["whole"]), numeral(match["part"])
    return (100 * part / whole, False) if whole and part is not None else None


def _tenths(match: re.Match[str]) -> tuple[float, bool] | None:
    tens, tail = numeral(match["tens"]), match["tail"]
    if tens is None:
        return None
    return tens * 10 + (5 if tail == "半" else (numeral(tail) or 0) if tail else 0), False


def _nines(match: re.Match[str]) -> tuple[float, bool] | None:
    count = numeral(match["count"])
    return (100 - 100 / 10**count, False) if count and count < 9 else None


_PERCENT = r"(?:%|percent\b|per cent\b|pct\b|个百分点|个点)"
_SHARES: tuple[tuple[re.Pattern[str], Read], ...] = (
    (re.compile(rf"(?P<whole>{_N})分之(?P<part>{_N})"), _fraction),
    (re.compile("百分百"), lambda match: (100.0, False)),
    (re.compile(rf"{_SIGN}(?P<n>{_N})\s*{_PERCENT}"), _group("n", 1)),
    (re.compile(rf"{_SIGN}(?P<n>{_N})\s*‰"), _group("n", 0.1)),
    (
        re.compile(rf"(?P<tens>{_N})成(?!员|立|功|本)(?P<tail>[\d{_DIGIT}半](?![\d.]))?"),
        _tenths,
    ),
    (re.compile(r"(?P<count>[2-7两二三四五六七])个[9九]"), _nines),
    (re.compile(r"一半|半数|\bhalf\b"), lambda match: (50.0, False)),
)

# Durations: unit pattern, seconds, and whether the length is a convention of ours

_UNITS: tuple[tuple[str, float, bool], ...] = (
    (r"毫秒|ms\b|milliseconds?\b", 0.001, False),
    (r"个?工作日|(?:working|business)\s+days?\b", 86_400, True),
    (r"秒钟?|s(?:ec(?:ond)?s?)?(?![a-z])", 1, False),
    (r"刻钟", 900, False),
    (r"分钟?(?!之)|m(?:in(?:ute)?s?)?(?![a-z])", 60, False),
    (r"小时|钟头|h(?:(?:ou)?rs?)?(?![a-z])", 3_600, False),
    (r"天|日|d(?:ays?)?(?![a-z])", 86_400, False),
    (r"周|星期|礼拜|weeks?\b", 604_800, False),
    (r"个?季度|quarters?\b", 7_884_000, True),
    (r"个?月|months?\b", 2_628_000, True),
    (r"年|years?\b", 31_536_000, True),
)
_UNIT = "|".join(pattern for pattern, _, _ in _UNITS)
_PART = rf"(?:{_N}|半|half\s+an?|an?\b)\s*(?:个半|个)?\s*(?:{_UNIT})(?:半|\s+and\s+a\s+half)?"
_PIECE = re.compile(
    rf"(?P<n>{_N}|半|half\s+an?|an?\b)\s*(?P<half>个半|个)?\s*(?P<unit>{_UNIT})"
    r"(?P<more>半|\s+and\s+a\s+half)?"
)


def seconds_in(unit: str) -> float | None:
    """Seconds of one named unit (`分钟`, `minutes`), or None when it names no length of time."""
    for pattern, seconds, _ in _UNITS:
        if re.match(rf"(?:{pattern})", unit.strip().casefold()):
            return seconds
    return None


def _lasting(match: re.Match[str]) -> tuple[float, bool] | None:
    total, guessed = 0.0, False
    for piece in _PIECE.finditer(match["parts"]):
        word = piece["n"]
        count = 0.5 if word.startswith(("半", "half")) else 1 if word[:1] == "a" else numeral(word)
        if count is None:
            return None
        count += 0.5 * (piece["half"] == "个半") + 0.5 * bool(piece["more"])
        for pattern, seconds, ours in _UNITS:
            if re.fullmatch(rf"(?:{pattern})", piece["unit"]):
                total, guessed = total + count * seconds, guessed or ours
                break
    return total, guessed


_DURATIONS: tuple[tuple[re.Pattern[str], Read], ...] = (
    (
        re.compile(
            rf"(?<![\w.×*/]){_SIGN}(?P<parts>{_PART}(?:\s*(?:零|又|and\s)?\s*{_PART})*)"
            rf"|(?<=[^\x00-\x7f]){_SIGN}(?P<late>{_PART})"
        ),
        lambda match: _lasting(match) if match["parts"] else _late(match),
    ),
)


def _late(match: re.Match[str]) -> tuple[float, bool] | None:
    again = re.match(rf"(?P<parts>{_PART})", match["late"])
    return _lasting(again) if again else None


# Counts, and numbers without any unit

_MEASURE = "个家条次种份人名项套台部张路组位支倍款座处类层级"
_COUNTS: tuple[tuple[re.Pattern[str], Read], ...] = (
    (
        re.compile(rf"(?<![\w.:-]){_SIGN}(?P<n>{_ASCII}[百千万亿kw]*)[{_MEASURE}](?![都也])"),
        _group("n", 1),
    ),
    (
        re.compile(rf"{_SIGN}(?P<n>[{_HAN}]+(?:点[{_HAN}]+)?)[{_MEASURE}](?![都也])"),
        _group("n", 1),
    ),
)
_ENDS = r"(?=\s*(?:$|[,.;。!、~()/]|左右|上下|吧|多|以上|以下|以内|的样子|per|or|max|each|每))"


def _counted(unit: str) -> tuple[re.Pattern[str], Read]:
    """A number before its own unit, such as 5 个工作日."""
    return re.compile(rf"{_SIGN}(?P<n>{_N})\s*{re.escape(unit)}(?![都也])"), _group("n", 1)


def _spoken(units: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], Read], ...]:
    """How people say a count whose unit is a share, times a year, or a length of time."""
    if "%" in units:
        return (*_TIMES, *_SHARES)
    if any(unit.startswith("次") and re.search("12|年", unit) for unit in units):
        return (
            (
                re.compile(rf"每个?(?P<span>{'|'.join(_A_YEAR)})[^\d次]{{0,3}}?(?P<n>{_N})次"),
                _yearly,
            ),
        )
    whole = seconds_in(units[0]) if units else None
    if whole is None:
        return ()
    own = re.compile(rf"{_SIGN}(?P<n>{_N})\s*(?:{_own(units[0])})(?!半)")
    every = re.compile(rf"每个?(?P<span>{'|'.join(_A_YEAR)})")
    return (
        (own, _group("n", 1)),
        *((pattern, _in_units(read, whole)) for pattern, read in _DURATIONS),
        (every, lambda match: (31_536_000 / _A_YEAR[match["span"]] / whole, True)),
    )


def _own(unit: str) -> str:
    return next(pattern for pattern, _, _ in _UNITS if re.match(rf"(?:{pattern})", unit))


def _in_units(read: Read, whole: float) -> Read:
    def convert(match: re.Match[str]) -> tuple[float, bool] | None:
        result = read(match)
        return None if result is None else (round(result[0] / whole, 6), True)

    return convert


_A_YEAR = {"季度": 4, "季": 4, "半年": 2, "年": 1, "月": 12, "周": 52}


def _yearly(match: re.Match[str]) -> tuple[float, bool] | None:
    times = numeral(match["n"])
    return None if times is None else (times * _A_YEAR[match["span"]], True)


def _bare(kind: str, units: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], Read], ...]:
    pattern = re.compile(rf"(?<![\w.:/-])(?<![年月日号第]){_SIGN}(?P<n>{_N}){_ENDS}")
    inside = re.compile(rf"(?<=[^\x00-\x7f])(?<![年月日号第负{_HAN}]){_SIGN}(?P<n>{_ASCII}){_ENDS}")
    read = _plain_number(kind, units[0] if units else "")
    return (pattern, read), (inside, read)


def _plain_number(kind: str, unit: str) -> Read:
    def read(match: re.Match[str]) -> tuple[float, bool] | None:
        amount = numeral(match["n"])
        if amount is None:
            return None
        if kind == "duration":
            seconds = seconds_in(unit)
            return None if seconds is None else (amount * seconds, False)
        pointed = "." in match["n"] or "点" in match["n"]
        if kind == "percent" and pointed and amount <= 1:
            return amount * 100, True
        return amount, False

    return read


_PATTERNS: dict[str, tuple[tuple[re.Pattern[str], Read], ...]] = {
    "price": _PRICES,
    "percent": _SHARES,
    "duration": _DURATIONS,
    "number": _COUNTS,
}
