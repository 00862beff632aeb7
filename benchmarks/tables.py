"""The figures of `bench_send.py` for people: as text for a terminal, or as Markdown. Pure."""

import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

Found = dict[str, Any]
_NAMES = {"smpp34": "smpp34 (the faster of asyncio and uvloop)", "c": "the C sender"}
_WANTED = {"smpp34": "≥ 10, never < 5", "node-smpp": "≥ 5", "c": "stated"}


class Table(NamedTuple):
    """Rows of words under a heading."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def text(found: Found) -> str:
    """For a terminal."""
    return "\n\n".join([*(text_of(table) for table in _tables(found)), *_remarks(found)])


def text_of(table: Table) -> str:
    """One table for a terminal."""
    rows = [table.head, *table.rows]
    widths = [max(_width(row[at]) for row in rows) for at in range(len(table.head))]
    lines = [
        "  ".join(_padded(word, widths[at], left=not at) for at, word in enumerate(row)).rstrip()
        for row in rows
    ]
    return "\n".join([table.title, *(f"  {line}" for line in lines)])


def markdown(found: Found) -> str:
    """For the documentation."""
    blocks = []
    for table in _tables(found):
        aligned = ["---", *["---:"] * (len(table.head) - 1)]
        lines = ["| " + " | ".join(row) + " |" for row in (table.head, aligned, *table.rows)]
        blocks.append("\n".join([f"**{table.title}**", "", *lines]))
    return "\n\n".join([*blocks, *_remarks(found)]) + "\n"


def _tables(found: Found) -> Iterable[Table]:
    makers = (_wire, _ratios, _whole, _cmpp, _http, _soak)
    return (table for make in makers if (table := make(found)).rows)


def _wire(found: Found) -> Table:
    title = f"SMPP, one core, one connection, window 500, {found['rounds']} interleaved rounds"
    return Table(title, _RATES, [_rate(row) for row in found["rows"]])


_RATES = ("sender", "receipts", "msg/s, median", "lowest", "highest", "CPU µs/msg")


def _rate(row: Found) -> Sequence[str]:
    cost = f"{row['cpu_us_per_msg']:.2f}"
    rates = (_count(row[name]) for name in ("msgs_per_s", "lowest", "highest"))
    return (row["name"], "yes" if row["receipts"] else "no", *rates, cost)


def _ratios(found: Found) -> Table:
    rows = [
        (
            _NAMES.get(name, name),
            *(f"{one[part]:.2f}" for part in ("median", "min")),
            _WANTED[name],
            f"{one['cpu_median']:.2f}",
        )
        for name, one in found["ratios"].items()
        if one
    ]
    title = "smsvet's rate divided by theirs in the same round, with receipts"
    return Table(title, ("peer", "median", "lowest", "wanted", "CPU, theirs by ours"), rows)


def _whole(found: Found) -> Table:
    """The whole test, schedule, wire and ledger: as fast as it is held, and at a steady pace."""
    most, paced = (_parts_of(found[name]) for name in ("ledger", "paced"))
    wanted = ("≥ 20,000/s for 10 s", "", "", "", "", "", "0")
    steady = ("10,000/s for 20 s, ± 0.5 %", "p50 ≤ 1.5 ms", "", "≤ 60 %", "", "", "0")
    lines = zip(_ASPECTS, most, wanted, paced, steady, strict=True)
    title = "SMPP with receipts, every message durable in the ledger (SQLite, FULL), one core"
    head = ("", "highest rate held", "wanted", "paced", "wanted")
    return Table(title, head, list(lines) if found["ledger"] or found["paced"] else [])


_ASPECTS = (
    "sent",
    "late, p50 / p99",
    "last fact on disk after",
    "CPU of a core while sending",
    "CPU µs/msg, folding included",
    "share of the wire path",
    "unaccounted",
)


def _parts_of(one: Found | None) -> Sequence[str]:
    if one is None:
        return ("not measured", *[""] * (len(_ASPECTS) - 1))
    share = one.get("share_of_wire")
    return (
        f"{_count(one['achieved'])}/s for {one['seconds']:.1f} s",
        f"{one['lateness_p50_ms']:.2f} / {one['lateness_p99_ms']:.1f} ms",
        f"{one['durable_lag_s'] * 1000:.0f} ms",
        f"{one['cpu_share']:.0%}",
        f"{one['cpu_us_per_msg']:.0f}",
        f"{share:.0%}" if share else "",
        str(one["unaccounted"]),
    )


def _cmpp(found: Found) -> Table:
    one = found["cmpp"]
    head = ("msg/s, median", "lowest", "CPU µs/msg", "vendor's µs/msg", "unmatched", "unreported")
    rows = []
    if one:
        vendor = one["vendor_cpu_us_per_msg"]
        rates = (_count(one["msgs_per_s"]), _count(one["lowest"]))
        costs = (f"{one['cpu_us_per_msg']:.1f}", f"{vendor:.1f}" if vendor is not None else "?")
        rows.append((*rates, *costs, str(one["unmatched"]), str(one["unreported"])))
    title = "CMPP 3.0 with reports against our simulated vendor (wanted: ≥ 20,000/s, 0 unmatched)"
    return Table(title, head, rows)


def _http(found: Found) -> Table:
    one = found["http"]
    title = "HTTP, a signature per message, keep-alive, one core (wanted: ≥ 10,000/s)"
    head = tuple(word for word in _RATES if word != "receipts")
    rows = [_rate(row) for row in one["rows"]] if one else []
    return Table(title, head, [(row[0], *row[2:]) for row in rows])


def _soak(found: Found) -> Table:
    one = found["soak"]
    head = ("messages", "msg/s", "first quarter", "last quarter", "most", "afterwards", "missing")
    rows = []
    if one:
        sizes = ("rss_first_mb", "rss_last_mb", "rss_max_mb", "rss_after_mb")
        memory = (f"{one[name]:.1f} MB" for name in sizes)
        rows.append(
            (_count(one["messages"]), _count(one["achieved"]), *memory, str(one["unaccounted"]))
        )
    return Table("Soak: memory of the sending process", head, rows)


def _remarks(found: Found) -> list[str]:
    there = found["machine"]
    pinned = "sender and counterpart on a core each" if there["pinned"] else "nothing pinned"
    machine = f"{there['cores']} cores, Python {there['python']}, {there['system']}"
    load = f"load before: {there['load_before']}"
    said = [f"Measured {found['measured_at'][:10]} on {machine}; {pinned}; {load}."]
    if loop := there.get("loop_ns"):
        said.append(
            "How fast the machine itself was meanwhile: one turn of a plain Python loop took "
            f"{min(loop):.0f} to {max(loop):.0f} ns of CPU, median {statistics.median(loop):.0f}."
        )
    for word in ("missing", "failed"):
        said += [f"{word.capitalize()}: {name}: {why}." for name, why in found[word].items()]
    return said


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _width(word: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in word)


def _padded(word: str, width: int, *, left: bool) -> str:
    space = " " * (width - _width(word))
    return word + space if left else space + word
