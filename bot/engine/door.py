"""How a worker logs in at a vendor: from a stored connection to sessions of its protocol."""

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any

from anyio.to_thread import run_sync

from bot.engine import obstacles, vendors
from bot.engine.vendors import Reached
from bot.settings import CONTENT
from bot.store import pushed
from bot.store.database import Database
from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.session import BindRefused, OnEvents, Session
from evaluators.sending.lengths import PART, PART_WIDE
from evaluators.sending.limits import SPANS, Frequency
from evaluators.sending.link import Connect
from evaluators.sending.plan import Plan

SMPP_THROTTLED = Plan.model_fields["throttled"].default
_PAGE = 500
_SPANS = {seconds: name for name, seconds in SPANS.items()}
# Where a login is for sending only, the reports come on another one of the same account.
_OTHER_HALF = {("bind", "transmitter"): "receiver", ("mode", "send"): "receive"}


@dataclass(frozen=True)
class Door:
    """The protocol of one connection; its module is imported here, by name."""

    reached: Reached
    plan: Plan

    @property
    def module(self) -> ModuleType:
        return importlib.import_module(f"evaluators.protocols.{self.reached.protocol}.session")

    def connects(self, correlator: Correlator) -> list[Connect]:
        """As many logins as the connection allows at once.

        Raises TypeError, ValueError or KeyError where what is stored does not make an endpoint.
        """
        login = self._login()
        known = {field.name for field in fields(self.module.Endpoint)}
        given = {name: value for name, value in login.items() if name in known}
        logins = [given] * (1 if self.reached.protocol == "http" else self.reached.connections)
        for (field, half), other in _OTHER_HALF.items():
            if given.get(field) == half:
                logins.append(given | {field: other})
        return [self._connect(self.module.Endpoint(**each), correlator) for each in logins]

    def _login(self) -> dict[str, Any]:
        reached = self.reached
        where = {"host": reached.host, "port": reached.port}
        source = {"source": self.plan.source} if self.plan.source else {}
        login = reached.login | source | where
        if reached.protocol == "http":
            login |= described(login)
            login.setdefault("signature", self.plan.signature)
        return login

    def _connect(self, endpoint: Any, correlator: Correlator) -> Connect:
        module, control, protocol = self.module, self.reached.control, self.reached.protocol

        async def connect(on_events: OnEvents) -> Session | BindRefused:
            try:
                session: Session | BindRefused = await module.connect(
                    endpoint, on_events, time.monotonic_ns, correlator=correlator
                )
            except OSError as error:
                raise obstacles.unreachable(error) from None
            if isinstance(session, BindRefused):
                return obstacles.refused(protocol, session)
            listening_on = getattr(session, "listening_on", None)
            if listening_on and control:  # a simulated gateway is told where to call us
                await run_sync(vendors.ask, control, f"/sgip?listen={listening_on}")
            return session

        return connect


def described(login: Mapping[str, Any]) -> dict[str, Any]:
    """What the endpoint of a vendor's HTTP interface wants: its description and credentials."""
    from evaluators.protocols.http import vendor

    file = vendor.load(CONTENT / "vendors" / f"{login['vendor']}.yaml")
    credentials = {field.name: str(login.get(field.name, "")) for field in file.fields}
    return {"vendor": file, "credentials": credentials}


def throttled(reached: Reached, plan: Plan) -> tuple[int, ...]:
    """The answers that mean "slow down" in this protocol, unless the plan names its own."""
    if plan.throttled != SMPP_THROTTLED or reached.protocol == "smpp":
        return plan.throttled
    status = importlib.import_module(f"evaluators.protocols.{reached.protocol}.status")
    if reached.protocol == "http":
        return tuple(sorted(status.throttled(described(reached.login)["vendor"])))
    return tuple(sorted(status.THROTTLED))


def part(options: Mapping[str, Any]) -> int:
    """How many characters each part of a long text has on a connection with these options."""
    return PART_WIDE if options.get("reference_bits") == 16 else PART


def frequencies(protocol: str, options: Mapping[str, Any]) -> dict[str, Frequency]:
    """How often one number may be texted, by kind of message, where the vendor documents it."""
    if protocol != "http":
        return {}
    documented: dict[str, dict[str, int]] = {}
    for limit in described(options)["vendor"].limits:
        span = _SPANS.get(limit.within_s or 0)
        if limit.per == "number" and limit.kind and span:
            documented.setdefault(limit.kind, {})[span] = limit.most
    return {kind: Frequency(**limits) for kind, limits in documented.items()}


def mailbox(database: Database, connection_id: int, since: int) -> Callable[[], list[Unclaimed]]:
    """Reads the receipts that a vendor pushed after `since`, page by page; `at_ns` since 1970."""
    cursor = since

    def read() -> list[Unclaimed]:
        nonlocal cursor
        with database.read() as session:
            found, upto = pushed.after(session, connection_id, cursor, _PAGE)
        if found:
            with database.write() as session:
                pushed.taken(session, connection_id, upto)
            cursor = upto
        return [
            Unclaimed(kept.message_id.encode("latin-1"), kept.state, kept.err, kept.came_ns)
            for kept in found
        ]

    return read
