"""The simulated world's numbers, times, faults, memory and clock-work."""

import random

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.text import Part
from evaluators.simulator.latency import DRAWS, table
from evaluators.simulator.ledger import Ledger
from evaluators.simulator.numbers import (
    CARRIERS,
    COUNTRIES,
    DEVICES,
    dead_number,
    facts,
    foreign_number,
    held_by_panel,
    national,
    simulated_carrier,
    simulated_number,
)
from evaluators.simulator.outages import Outages
from evaluators.simulator.panel import Panel
from evaluators.simulator.personality import Latency, Outage
from evaluators.simulator.seen import Seen
from evaluators.simulator.timeline import Timeline
from evaluators.simulator.vendor import Submission


@pytest.mark.parametrize(
    ("number", "carrier", "held"),
    [
        ("19800001234", "cmcc", True),
        ("8616600001234", "cucc", True),
        ("+8619900001234", "ctcc", True),
        ("008619900001234", "ctcc", True),
        ("19800011234", "cmcc", False),
        ("+447700900999", "other", True),
        ("12025550100", "other", True),
        ("0033639980000", "other", True),
        ("+46701740604", "other", False),
        ("+353209112345", "other", True),
        ("+447700901000", None, False),
        ("1980000123", None, False),
        ("13000001234", None, False),
        ("١٩٨٠٠٠٠١٢٣٤", None, False),
        ("hello", None, False),
        ("", None, False),
    ],
)
def test_numbers_belong_to_carriers(number: str, carrier: str | None, held: bool) -> None:
    """Prefixes tell the carrier, and the panel holds ten thousand numbers of each."""
    assert (carrier, held) == (simulated_carrier(number), held_by_panel(number))
    assert not national(number).startswith("+")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_some_numbers_are_ported_announced_or_dead(carrier: str) -> None:
    """Documented ranges of each prefix have properties of their own."""
    known = [facts(simulated_number(carrier, index)) for index in range(0, 10_000, 50)]
    assert [n * 50 for n, each in enumerate(known) if each and each.announced] == [0, 50]
    assert [n * 50 for n, each in enumerate(known) if each and each.ported] == [900, 950]
    assert {carrier} == {each.by_prefix for each in known if each}
    assert all(each and each.held and each.country == "CN" and each.region for each in known)
    dead = facts(dead_number(carrier, 950))
    assert dead is not None
    assert (dead.held, dead.ported, dead.carrier) == (False, False, carrier)


@pytest.mark.parametrize("country", COUNTRIES)
def test_numbers_abroad_are_those_set_aside_for_fiction(country: str) -> None:
    """The first handset abroad is held and its country known; there are not endlessly many."""
    first = facts(foreign_number(country, 0))
    assert first is not None
    assert (first.carrier, first.country, first.held) == ("other", country, True)
    with pytest.raises(ValueError, match=country):
        foreign_number(country, DEVICES)


@given(st.text(max_size=20))
def test_any_text_may_be_asked_about(number: str) -> None:
    """What is no number has no facts, and nothing breaks."""
    known = facts(number)
    assert known is None or known.carrier in {*CARRIERS, "other"}


def test_times_follow_their_two_points() -> None:
    """Half the draws are below the median and a twentieth above the 95 % point, at any scale."""
    times = table(Latency(median_s=2.0, p95_s=10.0), 0.5)
    assert len(times) == DRAWS
    assert sum(time < 1.0 for time in times) == DRAWS // 2
    assert sum(time > 5.0 for time in times) == pytest.approx(DRAWS / 20, abs=2)
    assert sorted(times) == list(times)


def test_a_fault_of_one_carrier_waits_for_it() -> None:
    """It begins with the first message to that carrier after its time, and others pass."""
    outages = Outages([Outage(kind="refuse", after_messages=1, carriers=("cucc",), for_s=5.0)])
    met = [
        outages.at(carrier, count, now_s)
        for carrier, count, now_s in (
            ("cucc", 1, 0.0),
            ("cmcc", 2, 1.0),
            ("cucc", 3, 2.0),
            ("cmcc", 4, 3.0),
            ("cucc", 5, 6.9),
            ("cucc", 6, 7.0),
        )
    ]
    assert [outage is not None for outage in met] == [False, False, True, False, True, False]
    assert outages.none


def test_what_happens_once_happens_once() -> None:
    """A cut and a burst of garbage meet one message each, switched on or expected."""
    outages = Outages([Outage(kind="disconnect", after_messages=0)])
    outages.start(Outage(kind="garbage"), 0.0)
    kinds = [outage and outage.kind for outage in (outages.at("cmcc", n, 0.0) for n in (1, 2, 3))]
    assert kinds == ["garbage", "disconnect", None]


@given(st.lists(st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1), max_size=300))
def test_keys_are_known_again(keys: list[int]) -> None:
    """A key came before exactly if it did; zero is one like any other."""
    seen, before = Seen(), set[int]()
    for key in keys:
        # 0 stands for an empty slot inside, and is taken for 1
        assert seen.again(key) == ((key or 1) in before)
        before.add(key or 1)


def test_many_keys_take_little_room() -> None:
    """A hundred thousand keys grow the table and take some sixteen octets each."""
    seen, rng = Seen(), random.Random(3)
    keys = [rng.getrandbits(64) for _ in range(100_000)]
    assert {False} == {seen.again(key) for key in keys}
    assert {True} == {seen.again(key) for key in keys}
    assert seen.octets() < 25 * len(keys)


def test_the_ledger_forgets_texts_but_not_repetitions() -> None:
    """Texts of the recent submissions are kept; what is sent twice is known for ever."""
    ledger = Ledger(recent=10)
    first = Submission("19800000001", "1069", "x")
    ledger.accepted(first, 1, "cmcc")
    for index in range(10):
        ledger.accepted(Submission("19800000002", "1069", f"{index}"), 2, "cmcc")
    assert ledger.texts("19800000001") == {}
    assert ledger.repeated() == []
    ledger.refused(first)
    ledger.unanswered(first._replace(part=Part(1, 2, 1)))
    assert ledger.repeated() == [("19800000001", "x", 2)]
    told = ledger.as_json("19800000001")
    assert told["texts"] == {"x": 1, "1/2 x": 1}
    assert told["billed"] == [{"text": "x", "parts": 0}, {"text": "1/2 x", "parts": 0}]
    assert told["bill"] == {"cmcc": 21}


def test_the_inbox_keeps_the_newest() -> None:
    """The ring holds so many messages; a cursor goes on counting and says what was missed."""
    panel = Panel(lambda: 1.0, kept=100)
    for index in range(105):
        panel.receive("19800000001", "1069", str(index))
    page = panel.page(2, 2)
    assert [each["text"] for each in page["messages"]] == ["5", "6"]
    assert (page["cursor"], page["missed"]) == (7, 3)
    last = panel.page(104)
    assert (len(last["messages"]), last["cursor"], last["missed"]) == (1, 105, 0)
    assert panel.page(10**9)["messages"] == []
    assert len(panel.inbox) == 100


def test_long_texts_show_once_complete() -> None:
    """A handset shows a long text when its last part is there, whatever their order."""
    panel = Panel(lambda: 1.0)
    shown = [
        panel.receive("19800000001", "1069", text, Part(9, 3, order))
        for order, text in ((3, "c"), (1, "a"), (2, "b"))
    ]
    assert shown == [None, None, "abc"]
    assert panel.inbox[0]["text"] == "abc"


def test_a_dead_panel_shows_nothing() -> None:
    """What arrives while the panel is down is lost, and its heartbeat says so."""
    panel = Panel(lambda: 1.0)
    panel.alive = False
    assert panel.receive("19800000001", "1069", "x") is None
    assert panel.health()["alive"] is False


@pytest.mark.anyio
async def test_things_happen_in_order_of_time() -> None:
    """Earlier things come first, things of one millisecond in the order given, none after close."""
    timeline, happened, done = Timeline(), list[tuple[str, int]](), anyio.Event()

    def note(name: str, number: int) -> None:
        happened.append((name, number))
        if len(happened) == 4:
            done.set()
        if name == "now":
            timeline.at(timeline.now(), note, "then", 0)

    now = timeline.now()
    timeline.at(now + 0.02, note, "later", 1)
    timeline.at(now + 0.02, note, "later", 2)
    timeline.at(now, note, "now", 0)
    timeline.at(now + 9, note, "never", 0)
    with anyio.fail_after(5):
        await done.wait()
    timeline.close()
    assert happened == [("now", 0), ("then", 0), ("later", 1), ("later", 2)]
