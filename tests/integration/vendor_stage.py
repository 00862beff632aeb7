"""A simulated vendor and one or more of our own sessions with it, over any protocol."""

import importlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.http import vendor as http_vendor
from evaluators.protocols.session import BindRefused, Events, Session
from evaluators.simulator.numbers import CARRIERS, Carrier, simulated_number
from evaluators.simulator.personality import load
from evaluators.simulator.program import Simulation, simulated
from tests.integration.scripted_peer import Recorder

DATA = Path(__file__).parents[2] / "data"
PERSONALITIES = DATA / "personalities"
SOURCE = "10690001"
Promise = Callable[[str], Awaitable[None]]
"""A check of one personality over the protocol it is given."""


class Promises(dict[str, Promise]):
    """Checks by the names of their personalities."""

    def made(self, check: Promise) -> Promise:
        """Keep a check under the name its function has."""
        self[check.__name__.rstrip("_").replace("_", "-")] = check
        return check


def handsets(first: int, count: int, carriers: Sequence[Carrier] = CARRIERS) -> list[str]:
    """`count` handsets from the `first` of each carrier on, the carriers in turn."""
    each = len(carriers)
    return [simulated_number(carriers[n % each], first + n // each) for n in range(count)]


@dataclass
class Stage:
    """The vendor, and everything that one buyer sent and heard."""

    vendor: Simulation
    protocol: str
    login: dict[str, Any]
    heard: Recorder = field(default_factory=Recorder)
    correlator: Correlator = field(default_factory=Correlator)
    sessions: list[Session] = field(default_factory=list)
    sent: list[tuple[int, str, str | bytes]] = field(default_factory=list)
    _taken: int = 0

    def __post_init__(self) -> None:
        self.heard.on_events = self._go_on

    async def connect(self, heard: Recorder | None = None) -> Session:
        """One more connection; its events go to `heard`, or to everybody's."""
        module = importlib.import_module(f"evaluators.protocols.{self.protocol}.session")
        account = self.vendor.accounts[self.protocol]
        given: dict[str, Any] = {"source": SOURCE, "window": 500, **account, **self.login}
        if self.protocol == "http":  # a request under way is a connection there
            vendor = http_vendor.load(DATA / "vendors" / f"{given['vendor']}.yaml")
            fields = {field.name for field in vendor.fields} & given.keys()
            credentials = {name: given.pop(name) for name in fields}
            given |= {"vendor": vendor, "credentials": credentials, "window": 64}
        port = self.vendor.ports[self.protocol]
        there = module.Endpoint(host="127.0.0.1", port=port, **given)
        session: Session | BindRefused = await module.connect(
            there, heard or self.heard, time.monotonic_ns, correlator=self.correlator
        )
        assert not isinstance(session, BindRefused)
        self.sessions.append(session)
        return session

    def send(self, numbers: Iterable[str], text: str = "【测试】编号{}") -> None:
        """A text to each of these numbers on the first connection; `{}` is its index."""
        fresh = [
            (len(self.sent) + n, number, text.format(len(self.sent) + n))
            for n, number in enumerate(numbers)
        ]
        self.sent += fresh
        self._go_on()

    def _go_on(self, _: Events | None = None) -> None:
        """Submit what the window has room for; each batch of events makes some."""
        if self.sessions and self._taken < len(self.sent):
            self._taken += self.sessions[0].submit(self.sent, self._taken)

    async def answered(self, count: int | None = None) -> None:
        """Wait until every message sent (or so many) was answered."""
        wanted = len(self.sent) if count is None else count
        await self.heard.until(lambda heard: len(heard.submitted) >= wanted)

    async def reported(self, count: int | None = None) -> None:
        """Wait until every message sent (or so many) was reported on."""
        wanted = len(self.sent) if count is None else count
        await self.heard.until(
            lambda heard: len({r[0] for r in heard.receipts if r[0] is not None}) >= wanted
        )

    def delivered(self, first: int = 0, last: int | None = None) -> float:
        """The share of messages first..last of which receipts say delivered."""
        wanted = range(first, len(self.sent) if last is None else last)
        told = {r[0] for r in self.heard.receipts if r[2] == "DELIVRD"}
        return sum(index in told for index in wanted) / len(wanted)

    def arrived(self, first: int = 0, last: int | None = None) -> float:
        """The share of messages first..last that a handset shows word for word."""
        wanted = self.sent[first:last]
        shown = {(message["number"], message["text"]) for message in self.vendor.panel.inbox}
        return sum((number, text) in shown for _, number, text in wanted) / len(wanted)


@asynccontextmanager
async def meeting(
    name: str,
    protocol: str = "smpp",
    *,
    scale: float = 0.01,
    change: dict[str, Any] | None = None,
    correlator: Correlator | None = None,
    **login: Any,
) -> AsyncIterator[Stage]:
    """A vendor of this personality (`change`: other fields), and a session with it."""
    personality = load(PERSONALITIES / f"{name}.yaml").model_copy(update=change or {})
    async with simulated(personality, ports={protocol: 0}, time_scale=scale) as vendor:
        stage = Stage(vendor, protocol, login, correlator=correlator or Correlator())
        await stage.connect()
        try:
            yield stage
        finally:
            for session in stage.sessions:
                session.abort()
                await session.close()
