"""What of a passage answers a question: the whole where a phone shows it. Nothing is rephrased."""

import re
from collections.abc import Callable, Iterable, Sequence
from math import log

from knowledge.figures import figures
from knowledge.text import is_chinese, normalise, runs

ROOM = 240  # Chinese characters, two letters each: four fifths of a phone's screen
LEAD = 0.15  # of all that is asked for: what the first sentence, which makes the point, is ahead by
ASKED = 0.3  # the same for a sentence with a figure where one is asked for
LEAST_SHARED = 0.03  # of a sentence's pieces in the facts it rests on; below that it rests on none
SHORT = 6  # characters: `要附。` leads up to the sentence after it
_IDIOM = re.compile(r"(?<![十百千万])一(?=个?[天年月周夜小])")
# a full stop inside a name or a number (miit.gov.cn, 0.035) is followed by no space
_END = re.compile(r"(?<=[。！？!?])(?=[^」』”’）)])|(?<=[.!?])\s+(?=[A-Z\"'(])")
# YAML folds long lines with a space, which Chinese does not write
_FOLD = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \n]+(?=[\u3000-\u9fff\uff00-\uffef])")

# asks for a figure
_HOW_MUCH = re.compile(
    r"多少|几(?!乎)|多[久大高快长]|何时|什么时候"
    r"|\bhow (?:many|much|long|often|soon|big|fast|high|low)\b|\bwhen\b",
    re.IGNORECASE,
)
# says something else without the sentence before it
_LEANS = re.compile(
    r"但|[这那它]|其[次余他中]|再|另|然后|所以|因此|也|还|而且?|否则|顺带|后者|没?有[，,]"
    r"|(?:but|it|its|this|that|these|those|they|their|such|so|then|also|both|worse|otherwise)\b",
    re.IGNORECASE,
)

Weigh = Callable[[str], dict[str, float]]


def sentences(text: str) -> list[str]:
    tidy = _FOLD.sub("", text.strip())
    return [part.strip() for part in _END.split(tidy) if part.strip()]


def borne(parts: Iterable[str], statements: str) -> list[str]:
    """The sentences that rest on the statements, without any that leans on one that does not."""
    kept: list[str] = []
    torn = False
    for part in parts:
        torn = not rests_on(part, statements) or (torn and _leans(part))
        kept += [] if torn else [part]
    return kept


def covering(parts: Sequence[str], question: str, weigh: Weigh) -> list[str]:
    """The sentences of a passage, in order, without what is asked for least, until they fit.

    `weigh` gives a text's terms with their weights. A sentence that leans on the one before it
    stays with it: torn from it, it would say something else.
    """
    if room(parts) <= ROOM:
        return list(parts)
    worth, kept = _worth(parts, question, weigh), set[int]()
    for best in sorted(range(len(parts)), key=worth.__getitem__, reverse=True):
        first = best
        while first and _leans(parts[first]):
            first -= 1
        more = kept | set(range(first, best + 1))
        if not kept or room([parts[at] for at in more]) <= ROOM:
            kept = more
    return [parts[at] for at in sorted(kept)]


def _leans(part: str) -> bool:
    return _LEANS.match(part) is not None


def room(parts: Sequence[str]) -> float:
    """What the sentences take on a screen, in Chinese characters."""
    return sum(0.5 if character < "\u2000" else 1 for part in parts for character in part)


def _worth(parts: Sequence[str], question: str, weigh: Weigh) -> list[float]:
    """How much of what is asked each sentence holds, 1 for all of it.

    A term counts for less the more sentences of this passage hold it: it tells them less apart.
    """
    wanted, held = weigh(question), [weigh(part) for part in parts]
    users = {term: sum(term in each for each in held) for term in wanted}
    telling = {
        term: weight * log(1 + len(parts) / users[term])
        for term, weight in wanted.items()
        if users[term]
    }
    whole, figure = sum(telling.values()) or 1.0, bool(_HOW_MUCH.search(question))
    worth = [sum(telling.get(term, 0) for term in each) / whole for each in held]
    for at, part in enumerate(parts):
        worth[at] += LEAD * (at == 0) + ASKED * (figure and bool(numbers(part) or figures(part)))
    return worth


def shared(text: str, wanted: dict[str, float], weigh: Weigh) -> float:
    """The summed weight of the wanted terms that the text holds."""
    held = weigh(text)
    return sum(weight for term, weight in wanted.items() if term in held)


def numbers(text: str) -> set[str]:
    """Figures as written, thousands separators dropped: `10,000`, `0.035`, `99.1`, `2016`."""
    plain = re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", text)
    return set(re.findall(r"\d+(?:\.\d+)?", plain))


def rests_on(sentence: str, statements: str) -> bool:
    """Whether a sentence says something the statements say, and no figure beyond theirs.

    `一天` and the like are a manner of speaking, not a figure.
    """
    if numbers(sentence) - numbers(statements):
        return False
    strict = figures(_IDIOM.sub("", sentence)) - figures(statements)
    if any(figure.measured for figure in strict):
        return False
    held = {piece for run in runs(normalise(statements)) for piece in _pieces(run)}
    pieces = [piece for run in runs(normalise(sentence)) for piece in _pieces(run)]
    shares = sum(piece in held for piece in pieces)
    return len(sentence) <= SHORT or shares >= LEAST_SHARED * len(pieces)


def _pieces(run: str) -> list[str]:
    """A Chinese run as pairs of characters; an English stem as it is."""
    if len(run) < 2 or not is_chinese(run):
        return [run]
    return [run[at : at + 2] for at in range(len(run) - 1)]


def supporting(sentence: str, statements: Sequence[str], weigh: Weigh) -> list[int]:
    """Which statements (their positions) a sentence rests on, in order.

    The one sharing most with it, and those that hold a figure of it which that one lacks.
    """
    wanted = weigh(sentence)
    best = max(range(len(statements)), key=lambda n: shared(statements[n], wanted, weigh))
    missing = numbers(sentence) - numbers(statements[best])
    chosen = {best}
    for position, statement in enumerate(statements):
        if missing & numbers(statement):
            chosen.add(position)
            missing -= numbers(statement)
    return sorted(chosen)
