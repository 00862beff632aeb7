"""A simulated vendor with its handset panel, as a context or as a program of its own."""

import functools
import gc
import importlib
import json
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import anyio

from evaluators.simulator import controls, http
from evaluators.simulator.exchange import Exchange
from evaluators.simulator.ledger import Ledger
from evaluators.simulator.panel import Panel
from evaluators.simulator.personality import Personality
from evaluators.simulator.timeline import Timeline
from evaluators.simulator.vendor import Vendor

PROTOCOLS = ("smpp", "cmpp", "sgip", "smgp", "http")
_MODULES = {"http": "vendor_http"}
_DEFAULT: Mapping[str, int] = {"smpp": 0}
_YOUNG = 200_000  # objects between two looks for garbage: nearly all live for a moment only


class Desk(Protocol):
    """What every protocol's desk has beside what its own server asks of it.

    It may have `routes` too: path to http.Route, to be asked on the panel's port.
    """

    @property
    def connected(self) -> bool:
        """Whether anybody is logged in."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """A running simulated vendor: its ports on 127.0.0.1, its handsets, and the truth."""

    personality: Personality
    ports: Mapping[str, int]
    """By protocol."""
    accounts: Mapping[str, Mapping[str, Any]]
    """By protocol, what its endpoint wants beside host and port."""
    panel_port: int
    exchange: Exchange
    in_use: Callable[[], bool]

    @property
    def panel(self) -> Panel:
        return self.exchange.panel

    @property
    def ledger(self) -> Ledger:
        return self.exchange.ledger

    @property
    def smpp(self) -> int:
        return self.ports["smpp"]

    @property
    def system_id(self) -> str:
        return str(self.accounts["smpp"]["system_id"])

    @property
    def password(self) -> str:
        return str(self.accounts["smpp"]["password"])

    def line(self) -> str:
        """What a caller in another process needs to know, as one line of JSON."""
        told: dict[str, Any] = {"personality": self.personality.name, **self.ports}
        told |= {"panel": self.panel_port, **self.accounts.get("smpp", {})}
        return json.dumps(told | {"accounts": self.accounts})


@asynccontextmanager
async def simulated(
    personality: Personality,
    *,
    ports: Mapping[str, int] = _DEFAULT,
    panel_port: int = 0,
    seed: int = 1,
    time_scale: float = 1.0,
    announced: Collection[str] = (),
) -> AsyncIterator[Simulation]:
    """Run a simulated vendor while the context lasts.

    `ports` are the protocols it speaks and where (0: a free one), all before the same handsets.
    `time_scale` stretches what handsets and receipts take (0.1 is ten times faster); `announced`
    are the numbers the buyer named to the vendor beforehand. Raises ValueError for a protocol
    that is not simulated.
    """
    rng = random.Random(seed)  # noqa: S311 - a simulation that can be repeated
    vendor = Vendor(personality, rng, time_scale=time_scale, announced=announced)
    timeline = Timeline()
    exchange = Exchange(vendor, Panel(_wall), timeline)
    doors = {protocol: _Door(protocol, exchange, personality) for protocol in ports}
    asked = _Asked()
    routes = controls.routes(exchange)
    for door in doors.values():
        routes |= door.routes

    def in_use() -> bool:
        """Whether somebody is connected, or has looked since the last time this was called."""
        return asked.since_last() or any(door.desk.connected for door in doors.values())

    async with AsyncExitStack() as stack:
        stack.callback(timeline.close)
        at = await stack.enter_async_context(
            http.listening(asked.counting(routes), port=panel_port)
        )
        bound = {
            protocol: await stack.enter_async_context(door.opened(ports[protocol]))
            for protocol, door in doors.items()
        }
        accounts = {protocol: door.account for protocol, door in doors.items()}
        yield Simulation(personality, bound, accounts, at, exchange, in_use)


async def run(
    personality: Personality,
    *,
    ready: Callable[[str], None],
    until_idle: float | None = None,
    **settings: Any,
) -> None:
    """The same as a program: calls `ready` with one line of JSON, ends on SIGTERM or SIGINT.

    `settings` are those of `simulated`. With `until_idle` it also ends by itself once nobody has
    been connected or asked for so many seconds: whoever started it may have died without a word.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, 50, 1000)
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with simulated(personality, **settings) as simulation:
            ready(simulation.line())
            async with anyio.create_task_group() as tasks:
                if until_idle is not None:
                    tasks.start_soon(_until_idle, simulation, until_idle, tasks.cancel_scope)
                async for _ in signals:
                    break
                tasks.cancel_scope.cancel()


async def _until_idle(simulation: Simulation, patience_s: float, scope: anyio.CancelScope) -> None:
    pause_s = min(1.0, patience_s / 4)
    quiet_s = 0.0
    while quiet_s < patience_s:
        await anyio.sleep(pause_s)
        quiet_s = 0.0 if simulation.in_use() else quiet_s + pause_s
    scope.cancel()


class _Door:
    """One protocol's way in: `evaluators.simulator.<protocol>` and its server, found by name."""

    def __init__(self, protocol: str, exchange: Exchange, personality: Personality) -> None:
        module = _module(f"evaluators.simulator.{_MODULES.get(protocol, protocol)}", protocol)
        self.desk: Desk = getattr(module, f"{protocol.capitalize()}Desk")(
            exchange, personality.ids, _wall
        )
        self.account: Mapping[str, Any] = module.ACCOUNT
        self.routes: Mapping[str, http.Route] = getattr(self.desk, "routes", {})
        self._server = module if hasattr(module, "listening") else _server(protocol)

    def opened(self, port: int) -> AbstractAsyncContextManager[int]:
        context: AbstractAsyncContextManager[int] = self._server.listening(self.desk, port=port)
        return context


def _server(protocol: str) -> Any:
    return _module(f"evaluators.protocols.{protocol}.server", protocol)


def _module(name: str, protocol: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        raise ValueError(f"{protocol} is not simulated") from error


class _Asked:
    """Counts requests to the panel."""

    def __init__(self) -> None:
        self._count = self._seen = 0

    def counting(self, routes: Mapping[str, http.Route]) -> dict[str, http.Route]:
        return {path: self._counted(route) for path, route in routes.items()}

    def since_last(self) -> bool:
        fresh, self._seen = self._count > self._seen, self._count
        return fresh

    def _counted(self, route: http.Route) -> http.Route:
        def answer(query: Mapping[str, str]) -> object:
            self._count += 1
            return route(query)

        return answer


_wall: Callable[[], float] = functools.partial(time.clock_gettime, time.CLOCK_REALTIME)
"""Unix seconds: what handsets stamp a message with."""
