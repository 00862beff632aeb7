"""The scorecard in chat: decision, gates, score interval, contradictions, what is open."""

from bot.dialogue import showing
from bot.dialogue.case import Case
from bot.dialogue.showing import Speaker
from evaluators.claims import Tested
from evaluators.findings import Finding
from evaluators.gates import Gate
from evaluators.scoring import Scorecard

MOST_GATES, MOST_CONTRADICTIONS, MOST_OPEN = 4, 4, 3


def text(speak: Speaker, case: Case, card: Scorecard) -> str:
    """A score in some fifteen lines; the page holds the rest."""
    states = dict.fromkeys(("pass", "fail", "unknown", "waived"), 0)
    for gate in card.gates:
        states[gate.state] += 1
    lines = [
        speak.word("card.head", vendor=case.vendor, day=card.day.isoformat()),
        speak.word("card.decision", decision=speak.word(f"decision.{card.decision}")),
    ]
    if is_simulated(case):
        lines.append(speak.word("card.simulated"))
    lines.append(speak.word("card.gates", **states))
    lines += [gate_line(speak, gate) for gate in card.gates if gate.state == "fail"][:MOST_GATES]
    lines.append(
        speak.word(
            "card.total",
            centre=f"{card.total.centre:.1f}",
            low=f"{card.total.low:.1f}",
            high=f"{card.total.high:.1f}",
        )
    )
    lines += [
        speak.word(
            "card.dimension",
            name=speak.word(f"dimension.{each.id}"),
            centre=f"{each.score.centre:.0f}",
            low=f"{each.score.low:.0f}",
            high=f"{each.score.high:.0f}",
            weight=f"{each.weight:.0f}",
        )
        for each in card.dimensions
    ]
    lines += [contradiction_line(speak, each) for each in card.contradictions[:MOST_CONTRADICTIONS]]
    lines.append(speak.word("card.open", count=len(card.open_points), most=_open(speak, card)))
    return "\n".join(lines)


def is_simulated(case: Case) -> bool:
    """Whether a measured answer comes from a simulated vendor: then nothing real is proven."""
    return any(run.simulated for run in case.runs if run.state in {"judged", "stopped"})


def gate_line(speak: Speaker, gate: Gate) -> str:
    item = speak.item(gate.item_id)
    return speak.word(
        "card.gate_failed",
        number=speak.number(item.id),
        ask=item.ask.of(speak.language),
        because=gate.because.wording.of(speak.language),
    )


def contradiction_line(speak: Speaker, tested: Tested) -> str:
    """A claim beside what was measured; what to make of it is for people."""
    return speak.word(
        "card.contradiction",
        number=speak.number(tested.item_id),
        claim=shown(speak, tested.claim),
        measured=shown(speak, tested.measured),
    )


def shown(speak: Speaker, finding: Finding) -> str:
    """A finding's content: choice, value, interval."""
    item = speak.item(finding.item_id)
    parts = [speak.word(f"choice.{finding.choice}")] if finding.choice else []
    if finding.value is not None:
        parts.append(showing.value(speak, item, finding.value))
    said = speak.word("list.comma").join(parts)
    if finding.interval is None:
        return said
    return said + showing.interval(speak, item, finding.interval.low, finding.interval.high)


def _open(speak: Speaker, card: Scorecard) -> str:
    return speak.word("list.comma").join(
        speak.word(
            "card.open_point",
            number=speak.number(point.item_id),
            why=speak.word(f"open.{point.why}"),
        )
        for point in card.open_points[:MOST_OPEN]
    )
