"""A vendor's HTTP interface as a session like any other: one request per message, many at a time.

What the vendor is like stands in its file (`vendor`); this only moves bytes and keeps time. A
message whose answer is lost was perhaps sent, so it is NO_ANSWER and never asked again.
"""

import asyncio
import itertools
import secrets
import ssl
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import anyio

from evaluators.protocols.correlator import Correlator, IdForm, Unclaimed
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.http import status
from evaluators.protocols.http.answer import Judge
from evaluators.protocols.http.codec import Response
from evaluators.protocols.http.compose import Composer, Settings, Writer, needed, settings_of
from evaluators.protocols.http.connection import Load
from evaluators.protocols.http.pool import Door, Pool
from evaluators.protocols.http.pull import Puller
from evaluators.protocols.http.reading import Report, unclaimed
from evaluators.protocols.http.request import Moment
from evaluators.protocols.http.vendor import Vendor
from evaluators.protocols.session import (
    NO_ANSWER,
    BindRefused,
    Clock,
    Closed,
    Events,
    Message,
    OnEvents,
    Receipt,
)

MOST_CONNECTIONS = 64
_TICK_S = 0.25
_MOST_CODES = 1000  # a vendor that puts something new into every refusal must not fill the memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how to send.

    `credentials` are the vendor's own `fields`; `template` is the id of the filed text where the
    vendor wants one, and `template_text` that text with its variables as the vendor writes them.
    `callback` is the public address the vendor is to push reports to. `window` is the number of
    requests under way at a time, each on a connection of its own. `receipts` "pull": ask for them.
    """

    host: str
    port: int
    vendor: Vendor
    credentials: Mapping[str, str] = field(repr=False)
    source: str = ""
    signature: str = ""
    template: str = ""
    template_text: str = ""
    callback: str = ""
    window: int = 16
    tls: bool | ssl.SSLContext = True
    receipts: Literal["push", "pull", "none"] = "push"
    id_form: IdForm = "as_is"
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 60.0
    keepalive_s: float = 30.0


async def connect(
    endpoint: Endpoint,
    on_events: OnEvents,
    clock: Clock,
    *,
    correlator: Correlator | None = None,
    wall: Clock = time.time_ns,
    nonce: Callable[[], str] | None = None,
) -> "HttpSession | BindRefused":
    """Open the connections; there is no login, so wrong credentials show with the first message.

    `wall` and `nonce` are for signatures; `nonce` gives another word each time. Raises OSError when
    the host cannot be reached and ProtocolError when the endpoint lacks what the vendor needs.
    """
    if not 1 <= endpoint.window <= MOST_CONNECTIONS:
        raise ProtocolError(f"a window of {endpoint.window}: it is 1 to {MOST_CONNECTIONS}")
    word = nonce or nonces()
    known = correlator if correlator is not None else Correlator(endpoint.id_form)

    def moment() -> Moment:
        return Moment(wall() // 1_000_000_000, word())

    session = HttpSession(endpoint, known, on_events, clock=clock, moment=moment)
    await session.open()
    return session


def nonces() -> Callable[[], str]:
    """Words that were never used before: half chance, half counted, 32 hexadecimal digits."""
    begin, count = secrets.token_hex(8), itertools.count()
    return lambda: f"{begin}{next(count):016x}"


class HttpSession:
    """See evaluators.protocols.session.Session for what callers may do."""

    def __init__(
        self,
        endpoint: Endpoint,
        correlator: Correlator,
        on_events: OnEvents,
        *,
        clock: Clock,
        moment: Callable[[], Moment],
    ) -> None:
        self.rtt_ns = 0
        self.closed: Closed | None = None
        self.codes: dict[int, str] = {}
        """The vendor's own codes for the statuses in this session's records."""
        self.words: dict[int, str] = {}
        """What the vendor said beside such a code, the last time."""
        self.retry_after = ""
        """How long the vendor asked to wait, as sent (seconds or a date), the last time it did."""
        vendor = endpoint.vendor
        settings = _settings(endpoint)
        self._door = _door(endpoint)
        self._composer = Composer(vendor, settings)
        self._judge = Judge(vendor.answer)
        self._puller = self._pulling(endpoint, settings, moment, clock)
        self._pool = Pool(self._door, endpoint.window, self, clock)
        self._correlator, self._on_events = correlator, on_events
        self._clock, self._moment = clock, moment
        self._prefix = secrets.token_hex(4)
        self._events = Events([], [], [])
        self._due = self._leaving = False
        self._timer: asyncio.TimerHandle | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()

    async def open(self) -> None:
        """Open the first connection, then keep all of them."""
        asked = self._clock()
        await self._pool.open()
        self.rtt_ns = self._clock() - asked
        loop = asyncio.get_running_loop()
        # the session outlives this call, so no task group of the caller's can hold what it keeps
        self._keeper = loop.create_task(self._keep())
        self._timer = loop.call_later(_TICK_S, self._tick)

    # What the runner calls.

    @property
    def oddities(self) -> Counter[str]:
        """What the peer did that HTTP or its documentation does not provide for, how often."""
        return self._pool.oddities + (self._puller.oddities if self._puller else Counter())

    @property
    def room(self) -> int:
        return 0 if self._leaving or self.closed is not None else len(self._pool.idle)

    @property
    def outstanding(self) -> int:
        return len(self._pool.busy)

    def submit(self, messages: Sequence[Message], start: int = 0) -> int:
        taken = messages[start : start + self.room]
        if not taken:
            return 0
        made = [self._made(message) for message in taken]
        now = self._clock()
        for (index, _, _), (reference, request) in zip(taken, made, strict=True):
            self._pool.send(Load(index, reference, now), request)
        return len(made)

    def reported(self, reports: Sequence[Unclaimed]) -> None:
        """Delivery reports that came another way, as pushes do; they come out as events."""
        if self.closed is not None:
            return
        claim, settle = self._correlator.claim, self._correlator.settle
        for report in reports:
            receipt = claim(report.message_id, report.state, report.err, report.at_ns)
            if receipt is None:
                receipt = settle(report)
            if receipt is not None:
                self._events.receipts.append(receipt)
        self._soon()

    async def close(self, patience_s: float = 5.0) -> None:
        self._leaving = True
        with anyio.move_on_after(patience_s):
            while self._pool.busy and self.closed is None:  # noqa: ASYNC110 - ticks tell as well
                await anyio.sleep(0.01)
        self._end("unbound", "")
        await self._gone.wait()
        if self._keeper is not None:
            await asyncio.wait([self._keeper])

    def abort(self) -> None:
        self._end("aborted", "")

    # What the pool calls.

    def on_answer(self, load: Load, response: Response, at_ns: int) -> None:
        self.rtt_ns = at_ns - load.sent_ns
        verdict = self._judge.judge(response)
        if not verdict.code:
            message_id = verdict.id or load.reference.encode()
            self._events.submitted.append((load.index, at_ns, 0, message_id))
            self._events.receipts.extend(self._correlator.accepted(message_id, load.index))
        else:
            number = status.number(verdict.code)
            if number in self.codes or len(self.codes) < _MOST_CODES:
                self.codes[number], self.words[number] = verdict.code, verdict.words
            self._events.submitted.append((load.index, at_ns, number, b""))
        if response.retry_after:
            self.retry_after = response.retry_after
        self._soon()

    def on_silence(self, load: Load, at_ns: int) -> None:
        self._events.submitted.append((load.index, at_ns, NO_ANSWER, b""))
        self._soon()

    def on_unreachable(self, detail: str) -> None:
        self._end("lost", detail)

    # What happens inside.

    def _made(self, message: Message) -> tuple[str, bytes]:
        index, number, text = message
        words = text if isinstance(text, str) else text.decode("utf-16-be")
        reference = f"{self._prefix}-{index}"
        return reference, self._composer.octets(number, words, reference, self._moment())

    def _pulling(
        self, endpoint: Endpoint, settings: Settings, moment: Callable[[], Moment], clock: Clock
    ) -> Puller | None:
        pull = endpoint.vendor.receipts.pull
        if endpoint.receipts != "pull":
            return None
        if pull is None:
            raise ProtocolError(f"{endpoint.vendor.title.en} has no reports to be asked for")
        needed(endpoint.vendor, pull.request, settings.values)
        door, host = self._door, settings.host
        if pull.request.host and endpoint.host in endpoint.vendor.hosts:
            host = pull.request.host  # reports are asked for elsewhere
            door = _door(endpoint, host=host)
        writer = Writer(pull.request, host, {**settings.values, "host": host})
        return Puller(pull, writer, door, on_reports=self._pulled, moment=moment, clock=clock)

    def _pulled(self, reports: Sequence[Report]) -> None:
        self.reported(unclaimed(reports, self._clock()))

    async def _keep(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._pool.keep)
            if self._puller is not None:
                tasks.start_soon(self._puller.run)

    def _tick(self) -> None:
        now = self._clock()
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)
        before = now - int(self._door.answer_timeout_s * 1e9)
        released: list[Receipt] = self._correlator.release(before)
        self._events.receipts.extend(released)
        self._pool.tick(now)
        self._soon()

    def _soon(self) -> None:
        """All that one turn of the event loop brings becomes one batch."""
        if not self._due and any(self._events):
            self._due = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        events, self._events = self._events, Events([], [], [])
        self._due = False
        if self.closed is None:
            self._on_events(events)

    def _end(self, reason: str, detail: str) -> None:
        if self.closed is not None:
            return
        unanswered = [one.load.index for one in self._pool.busy if one.load is not None]
        self.closed = Closed(reason, detail, tuple(unanswered))
        self._pool.close()
        if self._timer is not None:
            self._timer.cancel()
        if self._keeper is not None:
            self._keeper.cancel()
        asyncio.get_running_loop().call_soon(self._tell_end)

    def _tell_end(self) -> None:
        events, self._events = self._events, Events([], [], [])
        self._on_events(events._replace(closed=self.closed))
        self._gone.set()


def _settings(endpoint: Endpoint) -> Settings:
    standard = 443 if endpoint.tls else 80
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    if endpoint.port != standard:
        host = f"{host}:{endpoint.port}"
    common = {
        "source": endpoint.source,
        "signature": endpoint.signature,
        "template": endpoint.template,
        "callback": endpoint.callback,
    }
    values = settings_of(endpoint.vendor, host, {**endpoint.credentials, **common})
    return Settings(host, values, endpoint.template_text)


def _door(endpoint: Endpoint, *, host: str = "") -> Door:
    context = ssl.create_default_context() if endpoint.tls is True else endpoint.tls or None
    return Door(
        host or endpoint.host,
        endpoint.port,
        context,
        endpoint.connect_timeout_s,
        endpoint.answer_timeout_s,
        endpoint.keepalive_s,
    )
