"""The runner on a real ledger and over real sockets, against vendors of every temper."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import anyio
import pytest
import smpp34

from bot.store.ledger import SqlLedger
from evaluators.protocols.smpp import status
from evaluators.sending.metrics import summarise
from evaluators.sending.outcome import Outcome
from evaluators.sending.panel import HttpPanel
from evaluators.sending.plan import Missing, Plan, StopRule
from evaluators.sending.runner import carry_out
from evaluators.simulator.personality import Latency, Outage, Personality, Receipts, load
from evaluators.simulator.program import Simulation, simulated
from tests.integration.send_stage import PERSONALITIES, Stage, free_port, means, opened, order, plan
from tests.integration.smpp_scripted import delivered

pytestmark = [pytest.mark.anyio, pytest.mark.quiet]
HONEST = load(PERSONALITIES / "honest.yaml")


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


@asynccontextmanager
async def vendor(personality: Personality = HONEST, **more: Any) -> AsyncIterator[Simulation]:
    changed = personality.model_copy(update=more)
    async with simulated(changed, time_scale=0.1) as simulation:
        yield simulation


async def send(stage: Stage, wanted: Plan, smpp: int, panel: int | None = None, **more: Any) -> Any:
    """Carry one run out; the outcome and the ledger."""
    ledger = SqlLedger.take(stage.database, stage.run(wanted, simulated="honest"))
    return await again(ledger, wanted, smpp, panel, **more), ledger


async def again(
    ledger: SqlLedger, wanted: Plan, smpp: int, panel: int | None = None, **more: Any
) -> Outcome:
    with closing(HttpPanel("127.0.0.1", panel or 0)) as handsets:
        seen = handsets if panel else None
        return await carry_out(order(ledger, wanted), means(ledger, smpp, seen, **more))


async def test_everything_that_happens_is_in_the_ledger(stage: Stage) -> None:
    """Answers, receipts and arrivals of an honest vendor all stand in the rows, on schedule."""
    wanted = plan(200, 400)
    async with vendor() as simulation:
        outcome, ledger = await send(stage, wanted, simulation.smpp, simulation.panel_port)
    metrics = summarise(ledger.rows(), wanted, True)
    assert outcome.end == "measured"
    assert simulation.ledger.counts["submitted"] == 200
    assert (metrics.acknowledged, metrics.delivered) == (200, simulation.ledger.counts["arrived"])
    assert metrics.arrived == simulation.ledger.counts["arrived"]
    assert {(each.handset_text_same, each.handset_from) for each in ledger.rows()} <= {
        (True, "1069"),
        (None, None),
    }
    rows = list(ledger.rows())
    dues = [each.due_ns or 0 for each in rows]
    assert [round((due - dues[0]) / 1e6) for due in dues[:5]] == [0, 2, 5, 8, 10]
    assert all((each.sent_ns or 0) >= due for each, due in zip(rows, dues, strict=True))
    assert (outcome.notes["sent"], outcome.notes["acknowledged"]) == (200, 200)


async def test_a_receipt_before_its_answer_finds_its_message(stage: Stage) -> None:
    """Receipts that overtake the answer are matched, and counted as early."""
    early = Receipts(early=0.5)
    async with vendor(receipts=early) as simulation:
        outcome, ledger = await send(stage, plan(100), simulation.smpp, simulation.panel_port)
    assert outcome.notes["early"] > 20
    assert all(each.receipt for each in ledger.rows())


async def test_a_message_no_answer_came_to_is_unknown(stage: Stage) -> None:
    """A vendor that falls silent leaves unknown messages, which left and are not sent again."""
    silent = (Outage(kind="stall", after_messages=40),)
    async with vendor(outages=silent) as simulation:
        outcome, ledger = await send(
            stage, plan(60), simulation.smpp, login={"answer_timeout_s": 0.5}
        )
    states = [each.state for each in ledger.rows()]
    assert (states.count("acknowledged"), states.count("unknown")) == (40, 20)
    assert all(each.sent_ns for each in ledger.rows())
    assert simulation.ledger.counts["submitted"] == 60
    assert outcome.end == "measured"


async def test_a_cut_connection_is_opened_again_and_nothing_is_repeated(stage: Stage) -> None:
    """After a cut the rest goes over a new connection; what was under way is unknown."""
    cut = (Outage(kind="disconnect", after_messages=50, for_s=5),)
    async with vendor(outages=cut) as simulation:
        outcome, ledger = await send(stage, plan(150), simulation.smpp, simulation.panel_port)
    states = [each.state for each in ledger.rows()]
    assert outcome.end == "measured"
    assert outcome.notes["breaks"] >= 1
    assert states.count("acknowledged") + states.count("unknown") == 150
    assert states.count("unknown") == outcome.notes["lost"]
    assert simulation.ledger.repeated() == []


async def test_a_refused_login_ends_the_test_before_it_begins(stage: Stage) -> None:
    """A wrong password is a clear problem; nothing has been sent."""
    async with vendor() as simulation:
        login = {"password": "wrong"}
        outcome, ledger = await send(stage, plan(10), simulation.smpp, login=login)
    assert outcome.end == "failed"
    assert outcome.problem is not None
    assert "refused the login" in outcome.problem.wording.en
    assert {each.state for each in ledger.rows()} == {"planned"}


async def test_a_vendor_nobody_finds_ends_the_test(stage: Stage) -> None:
    """No listener at the address is a clear problem."""
    outcome, _ = await send(stage, plan(10), free_port())
    assert (outcome.end, outcome.problem.key) == ("failed", "unreachable")


async def test_a_vendor_that_dies_ends_the_sending(stage: Stage) -> None:
    """Gone for longer than our patience: what was sent stays counted, the rest stays planned."""
    wanted = plan(400, 400)
    outcomes: list[tuple[Outcome, SqlLedger]] = []
    enough = anyio.Event()

    async def sending(simulation: Simulation) -> None:
        def asked() -> str:
            if simulation.ledger.counts["submitted"] > 100:
                enough.set()
            return ""

        outcomes.append(await send(stage, wanted, simulation.smpp, patience_s=0.3, asked=asked))

    async with anyio.create_task_group() as tasks, vendor() as simulation:
        tasks.start_soon(sending, simulation)
        await enough.wait()
    outcome, ledger = outcomes[0]
    states = [each.state for each in ledger.rows()]
    assert (outcome.end, outcome.problem and outcome.problem.key) == ("failed", "never_back")
    assert states.count("planned") == 400 - outcome.notes["sent"]
    assert states.count("acknowledged") > 50


async def test_a_full_window_holds_messages_and_skips_none(stage: Stage) -> None:
    """What waits for room leaves late and is marked; the schedule stays as it was."""
    slow = Latency(median_s=0.1, p95_s=0.11)
    wanted = plan(60, 200, window_s=0.2, caps={"count": 60, "rate": 1000, "cost": 1000})
    async with vendor(answer=slow) as simulation:
        outcome, ledger = await send(stage, wanted, simulation.smpp, login={"window": 5})
    rows = list(ledger.rows())
    held = [each for each in rows if each.blocked]
    assert {each.state for each in rows} == {"acknowledged"}
    assert len(held) == outcome.notes["held"] > 20
    last = rows[-1]
    assert (last.sent_ns or 0) - (last.due_ns or 0) > 200_000_000
    assert round(((last.due_ns or 0) - (rows[0].due_ns or 0)) / 1e6) == 295


async def test_throttling_is_data(stage: Stage) -> None:
    """Refused for speed: recorded as such, and not tried again."""
    async with vendor(throttle_per_s=50) as simulation:
        _, ledger = await send(stage, plan(200, 400, window_s=0.2), simulation.smpp)
    throttled = [each for each in ledger.rows() if each.status == status.THROTTLED]
    assert len(throttled) > 50
    assert simulation.ledger.counts["submitted"] == 200


async def test_the_declared_rule_stops_the_sending(stage: Stage) -> None:
    """The rule fires once the receipts owed are missing; what left is watched to the end."""
    rule = StopRule(missing=Missing(share=0.5, after=50, within_s=0.2))
    wanted = plan(1000, 200, window_s=0.3, stop=rule)
    async with vendor(receipts=Receipts(policy="none")) as simulation:
        outcome, ledger = await send(stage, wanted, simulation.smpp, simulation.panel_port)
    states = [each.state for each in ledger.rows()]
    assert (outcome.end, outcome.rule) == ("stopped", "missing")
    assert 50 <= states.count("acknowledged") < 400
    assert states.count("planned") == 1000 - outcome.notes["sent"]


async def test_a_person_can_stop_it(stage: Stage) -> None:
    """After a stop request nothing more leaves, what left keeps its answers, no rule is claimed."""
    async with vendor() as simulation:
        outcome, ledger = await send(
            stage,
            plan(4000, 1000),
            simulation.smpp,
            simulation.panel_port,
            asked=lambda: "stop" if simulation.ledger.counts["submitted"] > 50 else "",
        )
    states = [each.state for each in ledger.rows()]
    assert (outcome.end, outcome.rule) == ("stopped", None)
    assert 0 < simulation.ledger.counts["submitted"] == states.count("acknowledged") < 4000
    assert ledger.standing().armed_upto == outcome.notes["sent"]


async def test_a_rested_run_goes_on_where_it_was(stage: Stage) -> None:
    """Asked to leave, a process leaves nothing unknown; the next one sends the rest, and the
    receipts for what the first one sent find their messages.
    """
    wanted = plan(300, 300)
    async with vendor(receipts=Receipts(delay=Latency(median_s=2, p95_s=3))) as simulation:
        first, ledger = await send(
            stage,
            wanted,
            simulation.smpp,
            simulation.panel_port,
            asked=lambda: "park" if simulation.ledger.counts["submitted"] > 50 else "",
        )
        heir = SqlLedger.take(stage.database, ledger.run_id)
        second = await again(heir, wanted, simulation.smpp, simulation.panel_port)
    assert (first.end, second.end) == ("parked", "measured")
    assert 0 < first.notes["sent"] < 300
    assert {each.state for each in heir.rows()} == {"acknowledged"}
    assert all(each.receipt for each in heir.rows())
    assert simulation.ledger.repeated() == []
    assert len(second.notes["gaps"]) == 1


async def test_a_text_the_protocol_cannot_carry_ends_the_test(stage: Stage) -> None:
    """Nothing of it leaves, and the problem says so."""
    wanted = plan(5, text="{token}" + "长" * 20_000)
    async with vendor() as simulation:
        outcome, _ = await send(stage, wanted, simulation.smpp)
    assert (outcome.end, outcome.problem.key) == ("failed", "cannot_carry")
    assert simulation.ledger.counts["submitted"] == 0


async def test_a_dead_panel_proves_no_handset(stage: Stage) -> None:
    """Where the handsets give no heartbeat, what they did not show proves nothing."""
    wanted = plan(40)
    async with vendor() as simulation:
        simulation.panel.alive = False
        _, ledger = await send(stage, wanted, simulation.smpp, simulation.panel_port)
    metrics = summarise(ledger.rows(), wanted, True)
    assert (metrics.delivered, metrics.watched) == (40, 0)


async def receive(server: smpp34.Server) -> None:
    """Accept everything and send a receipt for it at once, which often overtakes the answer."""
    async with anyio.create_task_group() as tasks:
        esme: Any = None
        count = 0
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                esme = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                count += 1
                sms = delivered(f"{count:010d}".encode())
                tasks.start_soon(_report, esme, sms)
                event.accept(f"{count:010d}")


async def _report(esme: Any, sms: Any) -> None:
    await esme.deliver_sm(
        sms.destination, sms.short_message, source_addr=sms.source, esm_class=sms.esm_class
    )


async def test_against_a_vendor_none_of_us_wrote(stage: Stage) -> None:
    """A server in Rust: every message answered, every receipt matched, early ones too."""
    port = free_port()
    server = smpp34.Server("127.0.0.1", port)
    await server.start()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive, server)
        outcome, ledger = await send(stage, plan(200, 400), port)
        tasks.cancel_scope.cancel()
    await server.stop()
    accepted = [each for each in ledger.rows() if each.state == "acknowledged"]
    assert outcome.end == "measured"
    assert {each.receipt for each in accepted} == {"DELIVRD"}
    assert outcome.notes["acknowledged"] + outcome.notes["refused"] == 200  # it refuses under load
    assert len(accepted) > 100
