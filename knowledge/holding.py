"""May a sentence of a model be shown at all, whatever it says? And is a passage about a question?

What speaks to a machine, accuses somebody or is in another language is not shown. Whether a
sentence says what its quoted words say is for `knowledge.rewording`.
"""

import re
import unicodedata

from knowledge.text import is_chinese, normalise, runs

LONGEST = 240  # characters of a sentence
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


def fit(sentence: str, words: str, language: str) -> bool:
    """Whether it may be shown as a sentence about the given words of the guidance."""
    return (
        0 < len(sentence.strip()) <= LONGEST
        and "\n" not in sentence.strip()
        and _is_in(sentence, language)
        and not orders(sentence)
        and _accuses_nobody(sentence, words)
    )


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


def _phrases(plain: str) -> list[list[str]]:
    """Runs of Chinese between small words, each as its pairs of neighbouring characters."""
    kept = re.split(r"[^\u3400-\u9fff]+", _FILLING.sub(" ", plain))
    return [[run[at : at + 2] for at in range(len(run) - 1)] for run in kept if len(run) > 1]
