"""What becomes of messages given to simulated vendors: many fates, decided without a clock."""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from evaluators.protocols.text import Part
from evaluators.simulator.numbers import CARRIERS, dead_number, facts, simulated_number
from evaluators.simulator.personality import Billing, Outage, load_all
from evaluators.simulator.vendor import Fate, Submission, Vendor

FOLDER = Path(__file__).parents[2] / "data" / "personalities"
EVERYBODY = load_all(FOLDER)
COUNT = 3000


def numbers(count: int = COUNT, first: int = 1000) -> list[str]:
    """Handsets that are neither announced nor ported."""
    return [simulated_number(CARRIERS[n % 3], first + n // 3) for n in range(count)]


def seeded(seed: int = 8) -> random.Random:
    return random.Random(seed)


def fates(name: str, to: Iterable[str] | None = None, *, every_s: float = 0.001) -> list[Fate]:
    """What becomes of `COUNT` messages, one after another."""
    vendor = Vendor(EVERYBODY[name], seeded(), announced=numbers(60))
    return [
        vendor.fate(Submission(number, "1069", "【测试】你好"), index * every_s)
        for index, number in enumerate(to or numbers())
    ]


def arrived(found: Iterable[Fate]) -> float:
    shares = [fate.arrival is not None for fate in found]
    return sum(shares) / len(shares)


def claimed(found: Iterable[Fate]) -> float:
    shares = [fate.receipts[0].state == "DELIVRD" for fate in found]
    return sum(shares) / len(shares)


def test_the_honest_vendor_is_honest() -> None:
    """Handsets get 99.9 %, receipts agree with each of them, p95 is about a second."""
    found = fates("honest")
    assert 0.995 < arrived(found) < 1
    assert all((f.arrival is not None) == (f.receipts[0].state == "DELIVRD") for f in found)
    times = sorted(fate.arrival.after_s for fate in found if fate.arrival)
    assert 0.27 < times[len(times) // 2] < 0.33
    assert 0.8 < times[len(times) * 95 // 100] < 1.2
    assert all(f.receipts[0].after_s > f.arrival.after_s for f in found if f.arrival)


def test_the_inflating_vendor_claims_more_than_it_delivers() -> None:
    """Receipts say 99 %, handsets get 85 %."""
    found = fates("inflating")
    assert 0.83 < arrived(found) < 0.87
    assert 0.98 < claimed(found) < 1


def test_the_slow_vendor_is_slow_on_some_networks() -> None:
    """One carrier's median is a fraction of a second, the others' many seconds."""
    found = fates("slow-cross-network")
    medians = []
    for position in range(len(CARRIERS)):
        times = sorted(fate.arrival.after_s for fate in found[position::3] if fate.arrival)
        medians.append(times[len(times) // 2])
    assert pytest.approx(medians, rel=0.15) == [0.3, 6.0, 12.0]


def test_announced_numbers_are_treated_well() -> None:
    """The numbers the buyer named get everything, the others 85 %, all with receipts."""
    found = fates("announced-only")
    assert arrived(found[:60]) > 0.95
    assert 0.82 < arrived(found[60:]) < 0.88
    assert claimed(found) > 0.99


def test_bulk_is_treated_badly() -> None:
    """Slow traffic arrives; the same vendor in bulk holds 30 % back."""
    assert arrived(fates("bulk-faking", every_s=10.0)) > 0.99
    assert 0.66 < arrived(fates("bulk-faking")) < 0.74
    assert claimed(fates("bulk-faking")) > 0.99


def test_some_are_held_back_at_random() -> None:
    """A tenth is never sent, and no receipt tells."""
    assert 0.87 < arrived(fates("random-faking")) < 0.92
    assert claimed(fates("random-faking")) > 0.99


def test_dead_numbers_unmask_a_receipt() -> None:
    """An honest vendor fails a dead number; the other says it was delivered."""
    dead = [dead_number("cmcc", index) for index in range(200)]
    assert (arrived(fates("honest", dead)), claimed(fates("honest", dead))) == (0.0, 0.0)
    unmasked = fates("dead-number", dead)
    assert (arrived(unmasked), claimed(unmasked)) == (0.0, 1.0)


def test_throttling_refuses_what_is_too_much() -> None:
    """At 1,000 a second some 900 are refused, at 50 a second none."""
    fast = fates("throttling")
    refused = sum(fate.refusal == "throttled" for fate in fast) / len(fast)
    assert 0.89 < refused < 0.91
    assert {""} == {fate.refusal for fate in fates("throttling", every_s=0.02)}


def test_receipts_may_be_first() -> None:
    """Half of the receipts are due before the answer."""
    early = [f.receipts[0].after_s < (f.answer_after_s or 0) for f in fates("receipts-first")]
    assert 0.46 < sum(early) / len(early) < 0.54


def test_receipts_may_be_doubled() -> None:
    """Three in ten receipts are due twice, saying the same."""
    doubled = [f.receipts for f in fates("duplicate-receipts") if len(f.receipts) == 2]
    assert 0.27 < len(doubled) / COUNT < 0.33
    assert all(first.state == second.state for first, second in doubled)


def test_text_and_sender_may_differ() -> None:
    """Handsets show another text, or another sender."""
    changed = fates("changed-text", numbers(20))[5].arrival
    sender = fates("wrong-sender", numbers(20))[5].arrival
    assert changed is not None
    assert sender is not None
    assert (changed.sender, changed.text) == ("1069", "【通知】你好详询客服")
    assert (sender.sender, sender.text) == ("10690000000", "【测试】你好")


def test_long_texts_may_lose_a_part() -> None:
    """Four in ten long texts miss one part, though each part is reported delivered."""
    vendor = Vendor(EVERYBODY["lost-parts"], seeded())
    incomplete = 0
    for reference in range(256):
        parts = [
            vendor.fate(Submission("19800000001", "1069", "x", Part(reference, 3, n)), 0.0)
            for n in (1, 2, 3)
        ]
        incomplete += arrived(parts) < 1
        assert claimed(parts) in {0.0, 1.0}
    assert 80 < incomplete < 125


def test_a_long_text_given_whole_may_lose_a_part_too() -> None:
    """Where the vendor splits the text itself, four in ten never show; short ones all do."""
    vendor = Vendor(EVERYBODY["lost-parts"], seeded())
    whole = [vendor.fate(Submission(n, "1069", "长" * 100), 0.0) for n in numbers(600)]
    assert 0.54 < arrived(whole) < 0.66
    assert claimed(whole) > 0.99
    assert arrived(fates("lost-parts")) > 0.99


def test_one_channel_goes_down_for_good() -> None:
    """After 200 messages one carrier fails, the others do not, and receipts admit it."""
    found = fates("channel-down", numbers(1200), every_s=0.01)
    served = [facts(number) for number in numbers(1200)]
    broken = [
        known.carrier for known, f in zip(served, found, strict=True) if known and not f.arrival
    ]
    assert broken.count("cucc") > 320
    assert 0.6 < arrived(found[200:]) < 0.7
    assert claimed(found[200:]) == arrived(found[200:])


def test_another_channel_takes_over() -> None:
    """With an automatic switch the same fault ends after ten seconds."""
    found = fates("channel-switch", every_s=0.01)
    assert 0.6 < arrived(found[200:1200]) < 0.7
    assert arrived(found[1205:]) > 0.99


def test_a_broken_channel_may_be_denied() -> None:
    """Receipts say delivered of what no handset got."""
    found = fates("channel-denied", every_s=0.01)
    assert 0.6 < arrived(found[200:2200]) < 0.7
    assert claimed(found[200:2200]) > 0.99


@pytest.mark.parametrize(
    ("name", "link", "back"),
    [
        ("stalling", "keep", True),
        ("half-open", "mute", False),
        ("disconnecting", "drop", True),
        ("garbage-bytes", "babble", True),
    ],
)
def test_connections_break(name: str, link: str, back: bool) -> None:
    """After 100 messages nothing is answered; some vendors come back, some do not."""
    found = fates(name, every_s=0.1)
    assert {False} == {fate.answer_after_s is None for fate in found[:100]}
    assert (None, link) == (found[100].answer_after_s, found[100].link)
    assert back == (found[-1].answer_after_s is not None)


def test_a_number_of_no_carrier_is_refused() -> None:
    """Numbers outside the simulated world are invalid destinations."""
    vendor = Vendor(EVERYBODY["honest"], seeded())
    assert vendor.fate(Submission("123", "1069", "x"), 0.0).refusal == "bad_number"


def test_ported_numbers_may_be_routed_wrongly() -> None:
    """Half of them are lost, the rest are slow, and nobody else is."""
    found = fates("ported-misrouted", numbers(300, first=900) * 4)
    assert 0.45 < arrived(found) < 0.55
    times = sorted(fate.arrival.after_s for fate in found if fate.arrival)
    assert 6 < times[len(times) // 2] < 10
    assert arrived(fates("ported-misrouted")) > 0.99


def test_a_fault_can_be_switched_on_and_off() -> None:
    """What is broken by hand fails until it is repaired; another channel may take over first."""
    vendor = Vendor(EVERYBODY["honest"], seeded())
    down = Outage(kind="undelivered", carriers=("cmcc",))

    def arrives(at_s: float, number: str = "19800001000") -> bool:
        return vendor.fate(Submission(number, "1069", "x"), at_s).arrival is not None

    vendor.outages.start(down, 10.0)
    assert [arrives(10.0), arrives(99.0), arrives(99.0, "16600001000")] == [False, False, True]
    assert vendor.outages.names(99.0) == ["undelivered:cmcc"]
    vendor.outages.end("undelivered", ("cmcc",))
    assert arrives(100.0)
    vendor.outages.start(down, 200.0, switch_s=5.0)
    assert [arrives(204.9), arrives(205.0)] == [False, True]
    assert vendor.outages.none


def test_a_link_fault_happens_to_whoever_sends() -> None:
    """Dripping leaves the fate as it is, refusing gives the reason that was wanted."""
    vendor = Vendor(EVERYBODY["honest"], seeded())
    vendor.outages.start(Outage(kind="drip"), 0.0)
    fate = vendor.fate(Submission("19800001000", "1069", "x"), 0.0)
    assert (fate.link, fate.refusal, fate.answer_after_s is None) == ("drip", "", False)
    vendor.outages.end("drip")
    vendor.outages.start(Outage(kind="refuse", refusal="bad_content"), 0.0)
    assert vendor.fate(Submission("19800001000", "1069", "x"), 0.0).refusal == "bad_content"


@pytest.mark.parametrize(
    ("text", "part", "parts"),
    [
        ("短" * 70, None, 1),
        ("长" * 71, None, 2),
        ("a" * 160, None, 1),
        ("长" * 67, Part(1, 2, 1), 1),
    ],
)
def test_parts_are_billed(text: str, part: Part | None, parts: int) -> None:
    """An honest bill counts messages as they are sent; a part is one."""
    vendor = Vendor(EVERYBODY["honest"], seeded())
    assert vendor.fate(Submission("19800001000", "1069", text, part), 0.0).billed == parts


def test_what_failed_need_not_be_billed() -> None:
    """With payment by success only what receipts call delivered is billed."""
    by_success = EVERYBODY["honest"].model_copy(update={"billing": Billing(failed=False)})
    vendor = Vendor(by_success, seeded())
    dead = Submission(dead_number("ctcc", 1), "1069", "x")
    assert vendor.fate(dead, 0.0).billed == 0
    assert vendor.fate(Submission("19900001000", "1069", "x"), 0.0).billed == 1


def test_codes_differ_between_carriers() -> None:
    """Failures carry codes of their carrier, with the digits of the code beside them."""
    plans = [fate.receipts[0] for fate in fates("platform-codes", numbers(3000))]
    codes = EVERYBODY["platform-codes"].receipts.codes
    for position, carrier in enumerate(CARRIERS):
        failed = {plan.state for plan in plans[position::3]} - {"DELIVRD"}
        assert failed == set(codes[carrier])
    errs = {plan.state: plan.err for plan in plans}
    assert (errs["MK:0012"], errs["MBBLACK"], errs["DELIVRD"]) == ("012", "001", "000")


def test_flaws_come_in_their_shares() -> None:
    """Each kind of malformed receipt is a tenth, and an unknown state is none of a protocol's."""
    plans = [fate.receipts[0] for fate in fates("malformed-receipts")]
    for flaw in ("truncated", "foreign_id", "unknown_state", "garbage"):
        assert 0.08 < sum(plan.flaw == flaw for plan in plans) / COUNT < 0.12
    assert {"MYSTERY"} == {plan.state for plan in plans if plan.flaw == "unknown_state"}


def test_an_opt_out_is_of_one_sender() -> None:
    """After a reply R nothing more is sent to that handset from that number; others are served."""
    vendor = Vendor(EVERYBODY["opt-out-honoured"], seeded())
    number = "19800001000"
    assert vendor.reply_after_s(number, "【测试】优惠，拒收请回复R") is not None
    assert vendor.reply_after_s(number, "【测试】优惠") is None
    honest = Vendor(EVERYBODY["honest"], seeded())
    assert honest.reply_after_s(number, "【测试】优惠，拒收请回复R") is None
    assert honest.reply_after_s(number, "请回复R以检验退订。拒收请回复R") is not None
    assert vendor.answered(number, "1069", " r ")
    suppressed = vendor.fate(Submission("86" + number, "1069", "x"), 0.0)
    assert (suppressed.arrival, suppressed.receipts[0].state) == (None, "REJECTD")
    assert vendor.fate(Submission(number, "1068", "x"), 0.0).arrival is not None
    assert vendor.answered("19800001001", "1069", "谢谢")
    assert vendor.fate(Submission("19800001001", "1069", "x"), 0.0).arrival is not None


def test_handsets_abroad_are_served() -> None:
    """Numbers of other countries are nobody's mainland carrier's, and get what is sent."""
    known = facts("+447700900123")
    assert known is not None
    assert (known.carrier, known.country, known.held) == ("other", "GB", True)
    assert arrived(fates("honest", ["+447700900123", "0012025550155"] * 50)) > 0.97
