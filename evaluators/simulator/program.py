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
    async with (
        http.listening(_routes(panel, exchange.ledger), port=panel_port) as panel_bound,
        smpp_server.listening(desk, port=smpp_port) as smpp_bound,
    ):
        try:
            yield Simulation(personality, smpp_bound, panel_bound, panel, exchange.ledger)
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
) -> None:
    """The same as a program: calls `ready` with one line of JSON, ends on SIGTERM or SIGINT."""
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
            async for _ in signals:
                return


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
