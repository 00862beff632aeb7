"""The few sentences of a passage that answer a question. Nothing is rephrased."""

import re
from collections.abc import Callable, Sequence

from knowledge.figures import figures
from knowledge.text import is_chinese, normalise, runs

MOST_SENTENCES = 3
LEAD = 1.25  # what comes later must share this much more with the question to be shown
# a full stop inside a name or a number (miit.gov.cn, 0.035) is followed by no space
LEAST_SHARED = 0.03  # of a sentence's pieces in the facts it rests on; below that it rests on none
SHORT = 6  # characters: `要附。` leads up to the sentence after it
_IDIOM = re.compile(r"(?<![十百千万])一(?=个?[天年月周夜小])")
_END = re.compile(r"(?<=[。！？!?])(?=[^」』”’）)])|(?<=[.!?])\s+(?=[A-Z\"'(])")
# YAML folds long lines with a space, which Chinese does not write
_FOLD = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \n]+(?=[\u3000-\u9fff\uff00-\uffef])")

Weigh = Callable[[str], dict[str, float]]


def sentences(text: str) -> list[str]:
    tidy = _FOLD.sub("", text.strip())
    return [part.strip() for part in _END.split(tidy) if part.strip()]


def covering(text: str, question: str, weigh: Weigh) -> list[str]:
    """The first sentence, which makes the point, and the two neighbours that serve best after it.

    `weigh` gives a text's terms with their weights. Neighbours, because a sentence torn from the
    one before it often says something else; a short text is given whole.
    """
    parts = sentences(text)
    if len(parts) <= MOST_SENTENCES:
        return parts
    wanted, pair = weigh(question), MOST_SENTENCES - 1
    pairs = [parts[at : at + pair] for at in range(1, len(parts) - pair + 1)]
    shares = [shared("".join(each), wanted, weigh) for each in pairs]
    best = max(range(len(pairs)), key=shares.__getitem__)
    return parts[:1] + pairs[best if shares[best] > LEAD * shares[0] else 0]


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
