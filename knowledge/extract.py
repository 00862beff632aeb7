"""The few sentences of a passage that answer a question. Nothing is rephrased."""

import re
from collections.abc import Callable, Sequence

MOST_SENTENCES = 3
LEAD = 1.25  # a passage opens with its point: what follows must share this much more to be shown
# a full stop inside a name or a number (miit.gov.cn, 0.035) is followed by no space
_END = re.compile(r"(?<=[。！？!?])(?=[^」』”’）)])|(?<=[.!?])\s+(?=[A-Z\"'(])")
# YAML folds long lines with a space, which Chinese does not write
_FOLD = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \n]+(?=[\u3000-\u9fff\uff00-\uffef])")

Weigh = Callable[[str], dict[str, float]]


def sentences(text: str) -> list[str]:
    tidy = _FOLD.sub("", text.strip())
    return [part.strip() for part in _END.split(tidy) if part.strip()]


def covering(text: str, question: str, weigh: Weigh) -> list[str]:
    """At most MOST_SENTENCES neighbouring sentences that share most with the question.

    `weigh` gives a text's terms with their weights. Neighbours, because a sentence torn from the
    one before it often says something else; a short text is given whole.
    """
    parts = sentences(text)
    if len(parts) <= MOST_SENTENCES:
        return parts
    wanted = weigh(question)
    windows = [parts[at : at + MOST_SENTENCES] for at in range(len(parts) - MOST_SENTENCES + 1)]
    shares = [shared("".join(window), wanted, weigh) for window in windows]
    best = max(range(len(windows)), key=shares.__getitem__)
    return windows[best if shares[best] > LEAD * shares[0] else 0]


def shared(text: str, wanted: dict[str, float], weigh: Weigh) -> float:
    """The summed weight of the wanted terms that the text holds."""
    held = weigh(text)
    return sum(weight for term, weight in wanted.items() if term in held)


def numbers(text: str) -> set[str]:
    """Figures as written, thousands separators dropped: `10,000`, `0.035`, `99.1`, `2016`."""
    plain = re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", text)
    return set(re.findall(r"\d+(?:\.\d+)?", plain))


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
