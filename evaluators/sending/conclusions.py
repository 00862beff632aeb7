"""Everything a finished run answers beyond its verdict, as reasons that report and chat show."""

from collections.abc import Callable, Iterable, Iterator

from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.questions import (
    blind,
    codes,
    content,
    dead,
    definitions,
    fault,
    latencies,
    load,
    optout,
    paired,
    segments,
    shown,
    soak,
    works,
)
from evaluators.sending.questions.question import Given as Given
from evaluators.sending.questions.question import Mark as Mark
from evaluators.sending.questions.question import Question
from evaluators.sending.reasons import Reason
from evaluators.sending.rows import Row

_OF_ROWS: tuple[Callable[[Plan, Given], Question | None], ...] = (
    works.ask,
    dead.ask,
    paired.ask,
    fault.ask,
    optout.ask,
    load.ask,
    soak.ask,
    content.ask,
    shown.ask,
)
_OF_RATES: tuple[Callable[[Metrics, Plan], Iterator[Reason]], ...] = (
    blind.conclude,
    segments.conclude,
    latencies.conclude,
)


def conclusions(
    rows: Iterable[Row], plan: Plan, metrics: Metrics, given: Given | None = None
) -> tuple[Reason, ...]:
    """What the plan asks, answered from its rows, gone through once in any order.

    `metrics` are those of the same rows. Nothing is concluded before the window has closed. What
    the plan is about comes first, the definitions of the delivery rate last but for the codes.
    """
    if not metrics.closed:
        return ()
    given = given or Given()
    asked = [question for ask in _OF_ROWS if (question := ask(plan, given)) is not None]
    if asked:
        for row in rows:
            for question in asked:
                question.add(row)
    made = [found for question in asked for found in question.answer(metrics)]
    for conclude in _OF_RATES if plan.asks == "rate" else ():
        made.extend(conclude(metrics, plan))
    if plan.asks == "rate":
        made.extend(definitions.conclude(metrics, plan, by_rule=given.by_rule))
    if given.dictionary is not None:
        made.extend(codes.conclude(metrics, given.dictionary))
    return tuple(made)
