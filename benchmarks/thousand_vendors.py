"""A thousand simulated vendors: how often each way of cheating is caught, and honesty wronged.

    python benchmarks/thousand_vendors.py [--seed N] [--scale X] [--json]

Every vendor is tested with the plans of `data/plans`: arrival (1,000 messages, one to a handset),
blind (300, announced and blind numbers in turn) and dead-numbers (120, of which 20 to dead ones).
The vendors decide message by message as they do behind a socket, without one. The methods:

verdict        the arrival verdict is `not_met`: exact two-sided 95 % interval below the claim
sequential     the same with a sequential stop rule declared, which most bad vendors end early
segments       a carrier is below the claim, declared beforehand, adjusted by Holm
disagree       the receipts' rate lies outside the handsets' interval
blind          announced numbers fare better than blind ones, exact test
dead           a dead number was reported delivered
peeking        for comparison: the 95 % interval looked at every 50 messages, called when it suits
receipts       for comparison: the verdict one would reach from receipts alone

What is declared is the share of vendors exactly at their claim that may be called `not_met`: ALPHA.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from evaluators.content import Bilingual
from evaluators.sending.assigning import Listed, assign
from evaluators.sending.metrics import Metrics, Row, summarise
from evaluators.sending.pacing import SECOND, timetable
from evaluators.sending.plan import Plan, Sequential, StopRule, load
from evaluators.sending.questions import blind, segments
from evaluators.sending.reasons import Reason
from evaluators.sending.stopping import Seen
from evaluators.sending.texts import Texts
from evaluators.sending.verdict import fell_behind, judge
from evaluators.simulator import numbers
from evaluators.simulator.personality import Faking, Handset, Personality, Receipts
from evaluators.simulator.vendor import Submission, Vendor
from evaluators.statistics import clopper_pearson

PLANS = Path(__file__).parent.parent / "data" / "plans"
ALPHA, CLAIM, ROUTE = 0.05, 0.99, 0.995
STEP = 50  # messages between two peeks
METHODS = (
    *("verdict", "sequential", "segments", "disagree", "blind", "dead"),
    *("peeking", "receipts"),
)


@dataclass(frozen=True)
class Kind:
    """So many vendors of one behaviour; `strength` is the share faked or lost."""

    name: str
    strength: float
    vendors: int
    behaviour: dict[str, Any]
    honest: bool = False


def kinds() -> Iterator[Kind]:
    """A thousand vendors."""
    for name, rate, count in (("at the claim", CLAIM, 300), ("better", 0.995, 80)):
        yield Kind(f"honest, {name}", 1 - rate, count, {"handsets": Handset(rate=rate)}, True)
    yield Kind("honest, better", 0.001, 80, {"handsets": Handset(rate=0.999)}, True)
    claimed = Receipts(policy="claimed", claimed_rate=0.99)
    for loss in (0.02, 0.03, 0.05, 0.10, 0.15):
        behaviour: dict[str, Any] = {"handsets": Handset(rate=1 - loss), "receipts": claimed}
        yield Kind("inflated receipts", loss, 30, behaviour)
    yield from _faking("always", "random faking", (0.02, 0.05, 0.10))
    yield from _faking("in_bulk", "faking in bulk", (0.05, 0.10, 0.30))
    yield from _faking("unannounced", "announced numbers only", (0.05, 0.15, 0.30))
    for loss in (0.05, 0.10):
        behaviour = {"carriers": {"ctcc": Handset(rate=1 - loss)}, "handsets": Handset(rate=ROUTE)}
        yield Kind("one carrier worse", loss, 30, behaviour)
    dead = {"handsets": Handset(rate=ROUTE), "receipts": Receipts(dead_numbers="deliver")}
    yield Kind("dead numbers delivered", 1.0, 60, dead)


def _faking(when: Any, name: str, shares: Sequence[float]) -> Iterator[Kind]:
    for share in shares:
        faking = Faking(when=when, share=share)
        yield Kind(name, share, 30, {"handsets": Handset(rate=ROUTE), "faking": faking})


class Trial:
    """One plan with its numbers, the same for every vendor."""

    def __init__(self, plan: Plan, listed: Sequence[tuple[str, Listed]]) -> None:
        self._by_id = dict(zip((one.id for _, one in listed), listed, strict=True))
        controls = tuple(one.id for _, one in listed if one.dead)
        announced = tuple(one.id for _, one in listed if one.announced)
        self.plan = plan.model_copy(update={"controls": controls, "announced": announced})
        ids = assign(self.plan, (one for _, one in listed))
        if isinstance(ids, Reason):
            raise SystemExit(ids.wording.en)
        due, texts = timetable(self.plan, 0), Texts(self.plan)
        self._messages = [
            (seq, self._by_id[one], due.due_ns(seq), texts.full(seq, "ACDEFG"))
            for seq, one in enumerate(ids)
        ]

    def rows(self, vendor: Vendor) -> list[Row]:
        """What the ledger would hold at the end of the window."""
        made = []
        for seq, (number, listed), due_ns, text in self._messages:
            fate = vendor.fate(Submission(number, "106900000000", text), due_ns / SECOND)
            receipt = fate.receipts[0] if fate.receipts else None
            arrival = fate.arrival
            made.append(
                Row(
                    seq=seq,
                    number_id=listed.id,
                    carrier=listed.carrier,
                    token="",
                    state="refused" if fate.refusal else "acknowledged",
                    due_ns=due_ns,
                    sent_ns=due_ns,
                    receipt=receipt and receipt.state,
                    receipt_ns=due_ns + int(receipt.after_s * SECOND) if receipt else None,
                    handset_ns=due_ns + int(arrival.after_s * SECOND) if arrival else None,
                    alive=not listed.dead,
                )
            )
        return made


def trials() -> dict[str, Trial]:
    """The three plans; every number is texted once."""
    listed = [
        (numbers.simulated_number(carrier, index), Listed(1_000 * at + index, carrier))
        for at, carrier in enumerate(numbers.CARRIERS)
        for index in range(100, 500)
    ]
    told = [
        (
            numbers.simulated_number(carrier, index),
            Listed(9_000 + 100 * at + index, carrier, announced=True),
        )
        for at, carrier in enumerate(numbers.CARRIERS)
        for index in range(50)
    ]
    dead = [
        (numbers.dead_number(carrier, index), Listed(8_000 + 100 * at + index, carrier, dead=True))
        for at, carrier in enumerate(numbers.CARRIERS)
        for index in range(10)
    ]
    arrival = load(PLANS / "arrival.yaml").model_copy(update={"declared": ("carrier",)})
    return {
        "arrival": Trial(arrival, listed),
        "blind": Trial(load(PLANS / "blind.yaml"), [*listed, *told]),
        "dead": Trial(load(PLANS / "dead-numbers.yaml"), [*listed, *dead]),
    }


@dataclass
class Result:
    """How many vendors of one kind each method called, and messages the sequential test took."""

    kind: Kind
    called: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    messages: int = 0

    def as_json(self) -> dict[str, Any]:
        kind = self.kind
        methods = {}
        for name, count in self.called.items():
            bounds = clopper_pearson(count, kind.vendors)
            share = count / kind.vendors
            methods[name] = {
                "called": count,
                "share": share,
                "low": bounds.low,
                "high": bounds.high,
            }
        return {
            "kind": kind.name,
            "strength": kind.strength,
            "honest": kind.honest,
            "vendors": kind.vendors,
            "methods": methods,
            "sequential_messages": self.messages / kind.vendors,
        }


def test(kind: Kind, made: dict[str, Trial], rng: random.Random) -> Result:
    """Every vendor of one kind through the three trials."""
    result = Result(kind)
    names = {"zh": kind.name, "en": kind.name}
    personality = Personality(
        name="simulated", title=Bilingual(**names), describes=Bilingual(**names), **kind.behaviour
    )
    for _ in range(kind.vendors):
        called, messages = _one(personality, made, rng)
        result.messages += messages
        for name in called:
            result.called[name] += 1
    return result


def _one(
    personality: Personality, made: dict[str, Trial], rng: random.Random
) -> tuple[set[str], int]:
    """What the methods call one vendor, and how long the sequential test took."""
    rows = {
        name: trial.rows(Vendor(personality, random.Random(rng.getrandbits(64))))  # noqa: S311
        for name, trial in made.items()
    }
    plan = made["arrival"].plan
    metrics = summarise(rows["arrival"], plan, closed=True)
    verdict = _judge(metrics, plan, by_rule=False)
    stopped, messages = _sequential(rows["arrival"], plan)
    apart = summarise(rows["blind"], made["blind"].plan, closed=True)
    compared = {found.key for found in blind.conclude(apart, made["blind"].plan)}
    dead = summarise(rows["dead"], made["dead"].plan, closed=True).controls_delivered
    seen = {
        "verdict": verdict.word == "not_met",
        "sequential": stopped,
        "segments": any(each.adjusted < ALPHA for each in segments.tested(metrics, plan)),
        "disagree": verdict.receipts_excluded,
        "blind": "announced_better" in compared,
        "dead": dead.count > 0,
        "peeking": _peeking(rows["arrival"]),
        "receipts": clopper_pearson(metrics.delivered, metrics.submitted).high < CLAIM,
    }
    return {name for name, called in seen.items() if called}, messages


def _judge(metrics: Metrics, plan: Plan, *, by_rule: bool) -> Any:
    late = fell_behind(metrics, plan)
    return judge(
        metrics, plan, closed=True, interrupted=False, sender_late=late, stopped_by_rule=by_rule
    )


def _sequential(rows: Sequence[Row], plan: Plan) -> tuple[bool, int]:
    """Whether the run is `not_met` with a sequential rule declared, and after how many messages."""
    rule = StopRule(sequential=Sequential(against=0.97, within_s=60))
    plan = plan.model_copy(update={"stop": rule})
    arrived = lost = 0
    for row in rows:
        arrived, lost = arrived + (row.handset_ns is not None), lost + (row.handset_ns is None)
        if row.handset_ns is None and rule.fired(plan.claim, Seen(arrived=arrived, lost=lost)):
            break
    seen = rows[: arrived + lost]
    by_rule = len(seen) < len(rows)
    verdict = _judge(summarise(seen, plan, closed=True), plan, by_rule=by_rule)
    return verdict.word == "not_met", len(seen)


def _peeking(rows: Sequence[Row]) -> bool:
    """Whether the fixed interval was ever below the claim when looked at every STEP messages."""
    arrived = 0
    for number, row in enumerate(rows, 1):
        arrived += row.handset_ns is not None
        if number % STEP == 0 and clopper_pearson(arrived, number).high < CLAIM:
            return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=20_261_122)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the thousand vendors")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began, rng, made = time.process_time(), random.Random(options.seed), trials()  # noqa: S311
    results = []
    for kind in kinds():
        scaled = Kind(**vars(kind) | {"vendors": max(1, round(kind.vendors * options.scale))})
        results.append(test(scaled, made, rng).as_json())
    report = {
        "seed": options.seed,
        "vendors": sum(each["vendors"] for each in results),
        "claim": CLAIM,
        "sample": made["arrival"].plan.count,
        "alpha": ALPHA,
        "cpu_seconds": round(time.process_time() - began, 1),
        "kinds": results,
        "honest_within_alpha": all(
            each["methods"][name]["share"] <= ALPHA
            for each in results
            for name in ("verdict", "sequential")
            if each["honest"]
        ),
    }
    if options.json:
        json.dump(report, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        show(report)


def show(report: dict[str, Any]) -> None:
    """The report as a table: shares of vendors called, with exact 95 % intervals."""
    lines = [
        f"{report['vendors']} vendors, claim {CLAIM:.0%}, declared α {ALPHA:.0%}",
        f"{'kind':<24}{'strength':>9}{'n':>5}" + "".join(f"{name:>18}" for name in METHODS),
    ]
    for each in report["kinds"]:
        line = f"{each['kind']:<24}{each['strength']:>9.1%}{each['vendors']:>5}"
        for name in METHODS:
            found = each["methods"][name]
            cell = f"{found['share']:.0%} ({found['low']:.0%}–{found['high']:.0%})"
            line += f"{cell:>18}"
        lines.append(line + f"{each['sequential_messages']:>8.0f}")
    lines += [
        f"(last column: messages the sequential test took of {report['sample']})",
        f"honest vendors called not met within the declared α: {report['honest_within_alpha']}",
        f"{report['cpu_seconds']} s of CPU, seed {report['seed']}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
