"""Text as search terms: one spelling for one meaning, then terms of several families.

The families and their weights were measured: characters and their pairs find
Chinese without a word list, toneless pinyin pairs find homophone typing errors, stems find
English, and concepts of the glossary bring together what different people call the same thing.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

# Terms carry their family as first character.
CHARACTER, PAIR, SOUND, WORD, FIGURE, CONCEPT = "c", "b", "p", "w", "n", "g"
WEIGHT = {CHARACTER: 1.0, PAIR: 1.0, SOUND: 0.5, WORD: 1.0, FIGURE: 1.0, CONCEPT: 2.0}
FAMILIES = "".join(WEIGHT)

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_RUN = re.compile(rf"[{_HAN}]+|[a-z0-9]+(?:[.'/&+-][a-z0-9]+)*%?")
_HAN_START = re.compile(rf"[{_HAN}]")
_FIGURE = re.compile(r"\d{1,3}%?")
_LATIN = re.compile("[a-z0-9]")
_QUESTION_WORDS = re.compile(
    "请问|想问|问一下|是不是|有没有|能不能|可不可以|会不会|要不要|行不行|怎么样|怎么|怎样|如何"
    "|什么|哪些|哪个|哪里|哪家|多少|几个|为什么|为啥|咋|啥|可以|应该|需要|我们|你们|他们|人家"
    "|到底|究竟|一下|这个|那个|还是|就是|如果|的话|[吗呢吧啊呀嘛么了的我你他它]"
    "|(?<![a-z0-9])(?:a|an|and|are|at|be|been|but|by|can|could|did|do|does|for|from|had|has|have"
    "|how|i|if|in|into|is|it|its|may|me|much|my|no|not|of|on|or|our|shall|should|so|than|that"
    "|the|their|them|then|there|these|they|this|those|to|us|was|we|were|what|when|where|which"
    "|who|why|will|with|would|you|your)(?![a-z0-9])"
)
_MEANING = re.compile(
    "什么是|什么叫|啥是|啥叫|何谓|何为|(?:是|叫|指)(?:个|的)?(?:什么|啥)|(?:什么|啥)(?:意思|东西|概念|玩意)|神么意思"
    "|意思|解释|定义|含义|说人话|缩写|全称|区别|不同|区分|一回事|一样吗|傻傻分不清"
    "|代表什么|(?:怎么|如何)理解|不懂|术语|名词|[是指](?:的是)?(?:谁|哪)"
    r"|\b(?:mean(?:s|t|ing)?|definitions?|define|explain|stands? for|difference|differ|vs|versus)\b"
    r"|\bwhat(?:'?s| is| are| exactly is)(?: \S+){1,4}$"
)
_BARE = re.compile(rf"[a-z0-9-]{{0,6}}[{_HAN}]{{1,4}}|[a-z0-9-]{{1,12}}")  # a word and no more
_MORE = re.compile("[怎咋多几要吗能谁给求]|如何|可以|有哪|必须")


def asks_meaning(question: str) -> bool:
    """Whether somebody asks what a word means, or how two differ."""
    plain = normalise(question).strip(" ?？。.!！")
    bare = _BARE.fullmatch(plain) and not _MORE.search(plain)
    return bool(bare or _MEANING.search(plain))


def normalise(text: str) -> str:
    """NFKC, lower case, Traditional to Simplified: for the index only, never for the screen."""
    text = unicodedata.normalize("NFKC", text).lower()
    return simplify(text) if _may_be_traditional(text) else text


def simplify(text: str) -> str:
    """Traditional characters and Taiwan's words as Simplified Chinese writes them."""
    simplified: str = _converter().convert(text)
    return simplified


def _may_be_traditional(text: str) -> bool:
    """GB 2312 has hardly any Traditional forms, so most text never loads the converter."""
    try:
        "".join(_HAN_START.findall(text)).encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False


@lru_cache(maxsize=1)
def _converter():  # type: ignore[no-untyped-def]  # the package has no types
    from opencc import OpenCC

    return OpenCC("tw2sp")


@lru_cache(maxsize=8192)
def sound(character: str) -> str:
    """Toneless pinyin of one character, its most usual reading."""
    for unneeded in ("PYPINYIN_NO_PHRASES", "PYPINYIN_NO_DICT_COPY"):
        os.environ.setdefault(unneeded, "1")  # words: a third of a second to read
    from pypinyin import lazy_pinyin

    return str(lazy_pinyin(character)[0])


def stem(word: str) -> str:
    """An English word without its commonest endings; both sides are cut the same way."""
    for ending in (
        "ations",
        "ation",
        "ments",
        "ment",
        "ings",
        "ing",
        "ies",
        "ied",
        "es",
        "ed",
        "s",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


class Glossary:
    """Groups of words that mean the same; each group is one concept, named by its first word.

    The name lasts when other groups come and go, so that a table fitted before still knows it.
    """

    def __init__(self, groups: Iterable[Sequence[str]]) -> None:
        self._concepts: dict[str, list[str]] = {}
        for group in groups:
            concept = CONCEPT + _key(group[0]).replace(" ", "_")
            for phrase in sorted({_key(phrase) for phrase in group}):
                self._concepts.setdefault(phrase, []).append(concept)
        self._lengths: dict[str, list[int]] = {}
        for phrase in sorted(self._concepts, key=len, reverse=True):
            lengths = self._lengths.setdefault(phrase[0], [])
            if len(phrase) not in lengths:
                lengths.append(len(phrase))

    def concepts(self, normalised: str) -> list[str]:
        """Concepts of the words in the text; of words that overlap, the longest one's."""
        text, at = _key(normalised), 0
        found: list[str] = []
        while at < len(text):
            phrase = next(self._phrases(text, at), "")
            found.extend(self._concepts.get(phrase, ()))
            at += len(phrase) or 1
        return found

    def meaning(self, word: str) -> list[str]:
        """Concepts of a whole word; none when only a part of it is in the glossary."""
        return self._concepts.get(_key(word), [])

    def _phrases(self, text: str, at: int) -> Iterator[str]:
        """Words of the glossary that start here, the longest first."""
        if text[at].isascii() and at and _LATIN.match(text[at - 1]):
            return
        for length in self._lengths.get(text[at], ()):
            phrase, after = text[at : at + length], text[at + length : at + length + 1]
            cut = phrase[-1].isascii() and _LATIN.match(after)
            if phrase in self._concepts and not cut:
                yield phrase


def _key(phrase: str) -> str:
    """A phrase as the glossary compares it: English by stems, spaces between them single."""
    return re.sub(r"[a-z]+", lambda word: stem(word.group()), normalise(phrase)).strip()


@dataclass(frozen=True)
class Apart:
    """A text taken apart, which costs more than anything made from it: concepts, and runs."""

    concepts: tuple[str, ...]
    runs: tuple[str, ...]

    @classmethod
    def of(cls, text: str, glossary: Glossary) -> "Apart":
        plain = normalise(text)
        return cls(tuple(glossary.concepts(plain)), tuple(runs(plain)))

    def terms(self) -> list[str]:
        """See `terms`."""
        found = list(self.concepts)
        for run in self.runs:
            found.extend(_chinese(run) if is_chinese(run) else [_latin(run)])
        return found


def terms(text: str, glossary: Glossary) -> list[str]:
    """Every term of the text, repeated as often as it occurs."""
    return Apart.of(text, glossary).terms()


def runs(normalised: str) -> list[str]:
    """Runs of Chinese characters and English stems, question words left out."""
    pieces = _RUN.findall(_QUESTION_WORDS.sub(" ", normalised))
    return [piece if is_chinese(piece) else stem(piece) for piece in pieces]


def is_chinese(run: str) -> bool:
    return _HAN_START.match(run) is not None


def _latin(run: str) -> str:
    """A small number belongs to the asker's case; anything longer is a word or an identifier."""
    return (FIGURE if _FIGURE.fullmatch(run) else WORD) + run


def _chinese(run: str) -> Iterator[str]:
    sounds = [sound(character) for character in run]
    yield from (CHARACTER + character for character in run)
    yield from (PAIR + run[at : at + 2] for at in range(len(run) - 1))
    yield from (f"{SOUND}{sounds[at]}'{sounds[at + 1]}" for at in range(len(run) - 1))
