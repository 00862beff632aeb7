"""Does a sentence hold by the words it quotes? Strict on purpose: what is doubtful is dropped.

Nothing here understands a sentence. It compares figures, names, and the small words that turn a
meaning round (not, at least, must, may, only, all) with the quoted clause, and wants most of the
rest to stand in the passage too. A sentence that says the same in quite other words is lost; the
guidance's own words are then shown instead.
"""

import re
import unicodedata
from collections import Counter

from knowledge.extract import numbers
from knowledge.figures import figures
from knowledge.text import is_chinese, normalise, runs

LONGEST = 240  # characters of a sentence
SHORTEST_QUOTE = 6  # characters, blanks not counted
SHARED = 0.6  # of a sentence's pairs of characters, or of its words, stand in the passage
NOVEL, NOVEL_COUNTED = 3, 2  # pairs in a row that do not: a term of its own; with figures
_CLAUSE = re.compile(r"[，。；;！!？?、\n]|[,:：.](?!\d)")
_MARKS = "，,。；;：:！!？?、."
_TURNING: dict[str, re.Pattern[str]] = {
    "least": re.compile(
        r"不低于|不少于|不小于|不得[低少]于|至少|以上|起码|≥|at least|or more|no less"
    ),
    "most": re.compile(
        r"不超过|不高于|不多于|不得超过|至多|最多|以内|以下|之内|≤|at most|or less|up to|no more"
    ),
    "above": re.compile(r"高于|大于|超过|超出|多于|above|over|more than|exceed"),
    "below": re.compile(r"低于|小于|少于|不足|below|under|less than|fewer"),
    "forbidden": re.compile(
        r"不得|禁止|严禁|不准|不许|不允许|must not|may not|prohibit|forbid|not allowed"
    ),
    "must": re.compile(r"必须|应当|务必|强制|[须应]|must|shall|required|mandatory|have to|has to"),
    "may": re.compile(r"可以|允许|有权|可(?=[^能以])|\bmay\b|\bcan\b|allowed|permitted"),
    "only": re.compile(r"[只仅]|唯一|\bonly\b|solely|unless"),
    "all": re.compile(r"所有|全部|任何|一律|[每各都]|永远|\ball\b|\bevery|\bany\b|always|never"),
}
_NOT = re.compile(
    r"[不没无未非勿否]|禁止|严禁|\b(?:not|no|never|none|without|cannot|neither|nor)\b|n't|prohibit|forbid"
)
_HARMLESS = re.compile(r"不同|不仅|不但|不只|非常|无论|不管|是否|不过|\bnot only\b")
_NUMERALS = frozenset("〇零二三四五六七八九十百千万亿两半")
_FILLING = re.compile(
    r"因此|所以|另外|此外|也就是说|换句话说|根据|按照|指引|说明|例如|比如|以及|并且|而且|同时|如果|或者"
    r"|默认|要求|建议|一般|需要|给出|短信|的话|这[个些]?|那[个些]?|它们?|[的了是在和与及或也就而把被对于为以其将由从到等时后前中上下里会要您你我们,]"
)
_ACCUSING = re.compile(
    r"造假|作假|欺诈|诈骗|骗子|骗局|坑人|黑心|不法|违法分子"
    r"|\b(?:fraud\w*|scam\w*|cheat\w*|liars?|lying|crook\w*|deceiv\w*|fak(?:e[ds]?|ing))\b"
)
_LEFTOVER = re.compile(
    r"(?:system|assistant|user|developer)\s*[:：]|\bignore\b|忽略|无视|指令|提示词|\bprompt\b|```|\]\s*\("
    r"|https?:|www\.|[<>{}|]|\[\d+\]|as an ai|language model|语言模型|人工智能|作为.{0,3}ai\b|\*\*"
    r"|tool_call"
    r"|[\u200b-\u200f\u202a-\u202e\u2060-\u2069]",
    re.IGNORECASE,
)


def compact(text: str) -> str:
    """Without blanks and differences of width: how quotes are compared."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def clause(quote: str, passage: str) -> str:
    """The quoted words up to the next mark on both sides; empty where they are not in there.

    So that nobody quotes the end of "must not be resold" for "be resold".
    """
    whole = unicodedata.normalize("NFKC", passage)
    places = [at for at, char in enumerate(whole) if not char.isspace()]
    wanted = compact(quote).strip(_MARKS)
    found = compact(whole).find(wanted)
    if found < 0 or len(wanted) < SHORTEST_QUOTE:
        return ""
    start, end = places[found], places[found + len(wanted) - 1] + 1
    before = [mark.end() for mark in _CLAUSE.finditer(whole) if mark.end() <= start]
    after = [mark.start() for mark in _CLAUSE.finditer(whole) if mark.start() >= end]
    return whole[max(before, default=0) : min(after, default=len(whole))]


def holds(sentence: str, quote: str, passage: str, *, language: str, heading: str = "") -> bool:
    """Whether a sentence may be shown as what the passage says in the quoted place."""
    grounds = clause(quote, passage)
    if not grounds or not sentence.strip() or len(sentence) > LONGEST or "\n" in sentence.strip():
        return False
    if compact(clause(sentence, passage)).strip(_MARKS) == compact(sentence).strip(_MARKS):
        return True  # the guidance's own words, whole clauses of them
    return (
        _is_in(sentence, language)
        and not orders(sentence)
        and _accuses_nobody(sentence, grounds)
        and _keeps_to(sentence, f"{heading}\n{passage}")
        and _rests(_clauses(sentence), _clauses(grounds), heading)
    )


def _rests(parts: list[str], quoted: list[str], heading: str) -> bool:
    """Whether each clause rests on a quoted one of its own."""
    left = list(quoted)
    for part in parts:
        found = next((each for each in left if _follows(part, each, heading)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _clauses(text: str) -> list[str]:
    return [part for part in _CLAUSE.split(unicodedata.normalize("NFKC", text)) if part.strip()]


def _follows(part: str, clause: str, heading: str) -> bool:
    """Whether one clause says what one quoted clause says: neighbours have other figures."""
    held = f"{heading}\n{clause}"
    return (
        _keeps_figures(part, clause)
        and _keeps_direction(part, clause)
        and _keeps_to(part, held, counts=_counts(part))
    )


def _counts(sentence: str) -> bool:
    """A sentence with a figure keeps to the quoted clause: other figures stand near it."""
    return bool(numbers(sentence) or figures(sentence))


def orders(text: str) -> bool:
    """Whether there is something in it that speaks to a machine: a role, a link, markup."""
    return _LEFTOVER.search(text) is not None


def touches(question: str, passage: str) -> bool:
    """Whether a passage has any word of the question's own: two characters, or an English word."""
    asked, held = normalise(question), normalise(passage)
    known = {run for run in runs(held) if not is_chinese(run)}
    words = {run for run in runs(asked) if not is_chinese(run)}
    return bool(words & known) or any(pair in held for phrase in _phrases(asked) for pair in phrase)


def _is_in(sentence: str, language: str) -> bool:
    letters = [char for char in sentence if char.isalpha()]
    chinese = sum(1 for char in letters if is_chinese(char))
    if language == "en":
        return chinese == 0 and bool(letters)
    return chinese >= max(2, 0.3 * len(letters))


def _accuses_nobody(sentence: str, grounds: str) -> bool:
    said = set(_ACCUSING.findall(normalise(sentence)))
    return said <= set(_ACCUSING.findall(normalise(grounds)))


def _keeps_figures(sentence: str, grounds: str) -> bool:
    """Every number, date, share and count of the sentence stands in the quoted clause."""
    plain, held = compact(sentence), compact(grounds)
    return (
        not _written(plain) - _written(held)
        and figures(sentence) <= figures(grounds)
        and _NUMERALS & set(plain) <= set(held)
    )


def _written(plain: str) -> Counter[str]:
    """Each number as often as it is written: of two different ones none may stand twice."""
    return Counter(re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", plain)))


def _keeps_direction(sentence: str, grounds: str) -> bool:
    """Nothing is turned round: `not` in both or in neither, no other turning word than there."""
    said, held = normalise(sentence), normalise(grounds)
    if _denials(said) != _denials(held):
        return False
    return all(len(w.findall(said)) <= len(w.findall(held)) for w in _TURNING.values())


def _denials(plain: str) -> int:
    """How often something is denied; `not less than` denies nothing."""
    for words in ("least", "most"):
        plain = _TURNING[words].sub(" ", plain)
    return len(_NOT.findall(_HARMLESS.sub(" ", plain)))


def _keeps_to(sentence: str, passage: str, *, counts: bool = False) -> bool:
    """Most of it stands in the passage, and every name, and no term is the sentence's own.

    A sentence that `counts` may say nothing at all that is not there: what a figure is of matters.
    """
    said, held = normalise(sentence), normalise(passage)
    words = [run for run in runs(said) if not is_chinese(run)]
    known = {run for run in runs(held) if not is_chinese(run)}
    strange = [word for word in words if word not in known]
    if any(char.isdigit() for word in strange for char in word):
        return False
    phrases = _phrases(said)
    if not phrases:
        return bool(words) and len(strange) <= (0 if counts else (1 - SHARED) / 2 * len(words))
    rows = ["".join("." if pair in held else "x" for pair in phrase) for phrase in phrases]
    if strange or any("x" * (NOVEL_COUNTED if counts else NOVEL) in row for row in rows):
        return False
    if counts and any("." not in row for row in rows):
        return False
    return "".join(rows).count("x") <= (1 - SHARED) * sum(map(len, rows))


def _phrases(plain: str) -> list[list[str]]:
    """Runs of Chinese between small words, each as its pairs of neighbouring characters."""
    kept = re.split(r"[^\u3400-\u9fff]+", _FILLING.sub(" ", plain))
    return [[run[at : at + 2] for at in range(len(run) - 1)] for run in kept if len(run) > 1]
