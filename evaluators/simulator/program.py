"""A simulated vendor with its handset panel, as a context or as a program of its own."""

import json
import random
import signal
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import anyio

from evaluators.protocols.smpp import server as smpp_server
from evaluators.simulator import http
from evaluators.simulator.exchange import Exchange
from evaluators.simulator.ledger import Ledger
from evaluators.simulator.panel import Panel
from evaluators.simulator.personality import Personality
from evaluators.simulator.smpp import PASSWORD, SYSTEM_ID, SmppDesk
from evaluators.simulator.timeline import Timeline
from evaluators.simulator.vendor import Vendor


@dataclass(frozen=True, slots=True)
class Simulation:
    """A running simulated vendor: its ports on 127.0.0.1, its handsets, and the truth."""

    personality: Personality
    smpp: int
    panel_port: int
    panel: Panel
    ledger: Ledger
    in_use: Callable[[], bool]
    system_id: str = SYSTEM_ID
    password: str = PASSWORD

    def line(self) -> str:
        """What a caller in another process needs to know, as one line of JSON."""
        return json.dumps(
            {
                "personality": self.personality.name,
                "smpp": self.smpp,
                "panel": self.panel_port,
                "system_id": self.system_id,
                "password": self.password,
            }
        )


@asynccontextmanager
async def simulated(
    personality: Personality,
    *,
    smpp_port: int = 0,
    panel_port: int = 0,
    seed: int = 1,
    time_scale: float = 1.0,
    announced: Collection[str] = (),
) -> AsyncIterator[Simulation]:
    """Run a simulated vendor while the context lasts; port 0 takes a free one.

    `time_scale` stretches what handsets and receipts take (0.1 is ten times faster); `announced`
    are the numbers the buyer named to the vendor beforehand.
    """
    rng = random.Random(seed)  # noqa: S311 - a simulation that can be repeated
    vendor = Vendor(personality, rng, time_scale=time_scale, announced=announced)
    panel = Panel(_wall)
    timeline = Timeline()
    exchange = Exchange(vendor, panel, timeline)
    desk = SmppDesk(exchange, personality.ids, _wall)
    routes, asked = _routes(panel, exchange.ledger), _Asked()

    def in_use() -> bool:
        """Whether somebody is connected, or has looked since the last time this was called."""
        return asked.since_last() or desk.connected

    async with (
        http.listening(asked.counting(routes), port=panel_port) as panel_bound,
        smpp_server.listening(desk, port=smpp_port) as smpp_bound,
    ):
        try:
            yield Simulation(personality, smpp_bound, panel_bound, panel, exchange.ledger, in_use)
        finally:
            timeline.close()


async def run(
    personality: Personality,
    *,
    ready: Callable[[str], None],
    smpp_port: int = 0,
    panel_port: int = 0,
    seed: int = 1,
    time_scale: float = 1.0,
    announced: Collection[str] = (),
    until_idle: float | None = None,
) -> None:
    """The same as a program: calls `ready` with one line of JSON, ends on SIGTERM or SIGINT.

    With `until_idle` it also ends by itself once nobody has been connected or asked for so many
    seconds: whoever started it may have died without a word.
    """
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with simulated(
            personality,
            smpp_port=smpp_port,
            panel_port=panel_port,
            seed=seed,
            time_scale=time_scale,
            announced=announced,
        ) as simulation:
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


def _routes(panel: Panel, ledger: Ledger) -> dict[str, http.Route]:
    def inbox(query: Mapping[str, str]) -> object:
        return panel.page(int(query.get("after", 0)), int(query.get("limit", 1000)))

    def health(_: Mapping[str, str]) -> object:
        return panel.health()

    def truth(query: Mapping[str, str]) -> object:
        return ledger.as_json(query.get("number", ""))

    return {"/inbox": inbox, "/health": health, "/ledger": truth}


def _wall() -> float:
    """Unix seconds: what handsets stamp a message with."""
    return datetime.now(UTC).timestamp()
