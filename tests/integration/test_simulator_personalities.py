"""Each simulated vendor behaves as its file says: many fates, decided without a clock."""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from evaluators.errors import ContentError
from evaluators.protocols.text import Part
from evaluators.simulator.numbers import CARRIERS, held_by_panel, national, simulated_carrier
from evaluators.simulator.personality import load, load_all
from evaluators.simulator.vendor import THROTTLED, Fate, Submission, Vendor

FOLDER = Path(__file__).parents[2] / "data" / "personalities"
EVERYBODY = load_all(FOLDER)
COUNT = 4000


def numbers(count: int = COUNT) -> list[str]:
    return [f"{(198, 166, 199)[index % 3]}0000{index // 3:04d}" for index in range(count)]


def seeded(seed: int = 7) -> random.Random:
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


@pytest.mark.parametrize("name", EVERYBODY)
def test_the_same_seed_gives_the_same_fates(name: str) -> None:
    """A simulated run can be repeated exactly."""
    assert fates(name, numbers(300)) == fates(name, numbers(300))


@pytest.mark.parametrize("name", EVERYBODY)
def test_every_personality_says_what_it_is(name: str) -> None:
    """Title and description are there in both languages."""
    personality = EVERYBODY[name]
    texts = [personality.title.zh, personality.title.en]
    assert all([*texts, personality.describes.zh, personality.describes.en])


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
    dead = [f"1980009{index:04d}" for index in range(200)]
    assert (arrived(fates("honest", dead)), claimed(fates("honest", dead))) == (0.0, 0.0)
    unmasked = fates("dead-number", dead)
    assert (arrived(unmasked), claimed(unmasked)) == (0.0, 1.0)


def test_throttling_refuses_what_is_too_much() -> None:
    """At 1,000 a second some 900 are refused, at 50 a second none."""
    fast = fates("throttling")
    refused = sum(fate.status == THROTTLED for fate in fast) / len(fast)
    assert 0.89 < refused < 0.91
    assert {0} == {fate.status for fate in fates("throttling", every_s=0.02)}


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


def test_one_channel_goes_down_and_comes_back() -> None:
    """After 200 messages one carrier fails for ten seconds, the others do not."""
    found = fates("channel-down", every_s=0.01)
    down, back = found[200:1200], found[1200:]
    broken = [
        number[:3] for number, fate in zip(numbers(1200), found, strict=False) if not fate.arrival
    ]
    assert broken.count("166") > 320
    assert 0.6 < arrived(down) < 0.7
    assert 0.6 < claimed(down) < 0.7
    assert arrived(back) > 0.99


@pytest.mark.parametrize(
    ("name", "link", "back"),
    [("stalling", "keep", True), ("half-open", "mute", False), ("disconnecting", "drop", True)],
)
def test_connections_break(name: str, link: str, back: bool) -> None:
    """After 100 messages nothing is answered; some vendors come back, some do not."""
    found = fates(name, every_s=0.1)
    assert {False} == {fate.answer_after_s is None for fate in found[:100]}
    assert (None, link) == (found[100].answer_after_s, found[100].link)
    assert back == (found[-1].answer_after_s is not None)


@pytest.mark.parametrize(
    ("number", "carrier", "held"),
    [
        ("19800001234", "cmcc", True),
        ("8616600001234", "cucc", True),
        ("+8619900001234", "ctcc", True),
        ("008619900001234", "ctcc", True),
        ("19800011234", "cmcc", False),
        ("1980000123", None, False),
        ("13000001234", None, False),
        ("hello", None, False),
        ("", None, False),
    ],
)
def test_numbers_belong_to_carriers(number: str, carrier: str | None, held: bool) -> None:
    """Prefixes tell the carrier, and the panel holds ten thousand numbers of each."""
    assert (carrier, held) == (simulated_carrier(number), held_by_panel(number))
    assert not national(number).startswith("+")


def test_a_personalitys_file_is_called_as_it_is(tmp_path: Path) -> None:
    """A file whose name is not its personality's is an error naming file and line."""
    text = (FOLDER / "honest.yaml").read_text(encoding="utf-8")
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match="not the file's name"):
        load(tmp_path / "other.yaml")


def test_a_slower_half_than_the_95_percent_is_an_error(tmp_path: Path) -> None:
    """A latency whose p95 lies below its median cannot be read."""
    text = (FOLDER / "honest.yaml").read_text(encoding="utf-8")
    (tmp_path / "honest.yaml").write_text(text + "handsets: {median_s: 5, p95_s: 1}\n", "utf-8")
    with pytest.raises(ContentError, match="p95_s"):
        load(tmp_path / "honest.yaml")


def test_a_number_of_no_carrier_is_refused() -> None:
    """Numbers outside the simulated world are invalid destinations."""
    vendor = Vendor(EVERYBODY["honest"], seeded())
    assert vendor.fate(Submission("123", "1069", "x"), 0.0).status == 0x0B
