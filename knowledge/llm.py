"""A language model that fills in forms. It is asked, it never acts; its silence costs nothing.

`Model.ask` gives the filled form as plain values, or None: an outage, a time-out and nonsense all
look the same, and nothing is raised. A whole call has one deadline, also against a server that
sends a byte now and then. After failures nobody waits for it again for a while.
Importing this module loads nothing heavy.
"""

import asyncio
import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from knowledge.forms import Filled, Form

DEADLINE_S = 8.0  # a whole call: all ways of asking, and reading the answer
MOST_PATIENT = 2.5  # no form has more times the deadline
REST_S, LONGEST_REST_S = 30.0, 600.0  # nobody asks for so long after failures; doubled each time
PATIENCE = 3  # answers in a row that are no use, before it counts as a failure
AT_ONCE = 4  # calls; whoever comes then goes on without
LONGEST = 60_000  # characters of an answer
BRACES = 20  # places looked at where an object might begin
UNSUPPORTED = frozenset({400, 404, 405, 415, 422, 501})  # of a way of asking, not of everything
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
# LangChain's own ways of sending what is asked to others as well, or instead
_ELSEWHERE = (
    "LANGSMITH_TRACING",
    "LANGCHAIN_TRACING_V2",
    "LANGCHAIN_TRACING",
    "LANGSMITH_GATEWAY",
)
_STATUS = {
    401: "the key is refused",
    403: "the key may not do this",
    404: "no such address or model",
    429: "too many calls, or no credit left",
}
_SHAPE = "Reply with one JSON object and nothing else. Its JSON schema:\n"

log = logging.getLogger(__name__)


@dataclass
class Breaker:
    """Keeps away from what failed: after `rest_s` one call tries, the others still go without."""

    clock: Callable[[], float]
    rest_s: float = REST_S
    failures: int = 0
    useless: int = 0
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def allows(self, for_s: float) -> bool:
        """Whether to ask now; the one that tries again has `for_s` to come back."""
        with self.lock:
            now = self.clock()
            if now < self.until:
                return False
            if self.failures:
                self.until = now + for_s
            return True

    def answered(self, *, of_use: bool) -> None:
        """It answered; answers that are no use are put up with a few times."""
        with self.lock:
            self.useless = 0 if of_use else self.useless + 1
            if self.useless < PATIENCE:
                self.failures, self.until = 0, 0.0
                return
        self.failed()

    def failed(self, asked_s: float = 0.0) -> None:
        """It failed, and may have asked to be left alone for so long."""
        with self.lock:
            self.failures, self.useless = self.failures + 1, 0
            rest = max(self.rest_s * 2 ** (self.failures - 1), asked_s)
            self.until = self.clock() + min(rest, LONGEST_REST_S)


class Model:
    """One language model by LangChain's name for it, such as `openai:gpt-4.1-mini`.

    What follows a `?` goes into each request to an OpenAI-compatible server, see `with_options`.
    May be shared between threads. `options` go to LangChain as they are (base_url, api_key); what
    is not given there comes from the provider's own environment variables.
    """

    def __init__(
        self, name: str, deadline_s: float, rest_s: float, options: dict[str, Any]
    ) -> None:
        self.name, self.deadline_s = name, deadline_s
        self._asked_for, self._body = with_options(name)
        self.trouble = ""  # why it was of no use the last time; empty when it was
        self._options = options
        self._breaker = Breaker(time.monotonic, rest_s)
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._loading, self._loaded = threading.Lock(), threading.Event()
        self._started = False
        self._chat: Any = None
        self._way = 0

    @classmethod
    def open(
        cls, name: str, deadline_s: float = DEADLINE_S, rest_s: float = REST_S, **options: Any
    ) -> "Model":
        """Cheap, loads nothing yet and reaches nobody."""
        return cls(name, deadline_s, rest_s, options)

    def warm(self) -> None:
        """Start loading in the background; calling it again does nothing."""
        with self._loading:
            if self._started:
                return
            self._started = True
        threading.Thread(target=self._load, name="language model", daemon=True).start()

    def load(self) -> None:
        """Load and wait for it; nobody is reached yet."""
        self.warm()
        self._loaded.wait()

    def ask(
        self, task: str, material: str, form: Form, *, within: float | None = None
    ) -> Filled | None:
        """Have the form filled in from the material within so many seconds; None: do without."""
        longest = self.deadline_s * form.patience
        ends = time.monotonic() + min(within or longest, longest)
        self.warm()
        if not self._loaded.wait(ends - time.monotonic()):
            log.warning("language model: still loading")
            return None
        if self._chat is None:
            return None
        if not self._room.acquire(blocking=False):
            return None
        try:
            left = ends - time.monotonic()
            return self._asked(task, material, form, left) if self._breaker.allows(left) else None
        finally:
            self._room.release()

    def _asked(self, task: str, material: str, form: Form, left: float) -> Filled | None:
        messages = [("system", f"{task}\n\n{_SHAPE}{json.dumps(form.schema)}"), ("user", material)]
        asking = asyncio.run_coroutine_threadsafe(self._filled(messages, form), _loop())
        try:
            found = asking.result(max(0.0, left))
        except Exception as error:  # noqa: BLE001 - whatever a provider's client may raise
            asking.cancel()
            self._breaker.failed(_asked_for(error))
            self._say(_named(error))
            return None
        self._breaker.answered(of_use=found is not None)
        self._say("" if found is not None else "it answered, but not in the form asked for")
        return found

    def _say(self, trouble: str) -> None:
        """Keep what went wrong, for the doctor, and log it; no word of the server's is in it."""
        self.trouble = trouble
        if trouble:
            log.warning("language model %s: %s; going on without it", self._asked_for, trouble)

    async def _filled(self, messages: Sequence[tuple[str, str]], form: Form) -> Filled | None:
        """Ask in the best way the server knows, and remember it."""
        ways = _ways(self._chat, form, self._body)
        for number in range(self._way, len(ways)):
            try:
                said = await _heard(ways[number], messages, form)
            except Exception as error:
                if number + 1 < len(ways) and _is_unsupported(error):
                    continue
                raise
            self._way = number
            return next((found for text in said if (found := object_in(text, form))), None)
        return None

    def _load(self) -> None:
        try:
            for name in _ELSEWHERE:
                os.environ[name] = "false"
            from langchain.chat_models import init_chat_model

            # of one silence; the whole call's deadline is ours
            options = {"max_retries": 0, "timeout": MOST_PATIENT * self.deadline_s} | self._options
            self._chat = init_chat_model(self._asked_for, **options)
        except Exception as error:  # noqa: BLE001 - no package, no key, no such provider
            self.trouble = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
            log.warning("no language model: %s", self.trouble)
        finally:
            self._loaded.set()


def with_options(name: str) -> tuple[str, dict[str, Any]]:
    """`openai:m?thinking.type=disabled&n=1` as the name and {"thinking": {"type": ..}, "n": 1}."""
    model, _, query = name.partition("?")
    body: dict[str, Any] = {}
    for key, value in parse_qsl(query):
        *path, last = key.split(".")
        place = body
        for each in path:
            place = place.setdefault(each, {})
        try:
            place[last] = json.loads(value)
        except ValueError:
            place[last] = value
    return model, body


def object_in(text: str, form: Form) -> Filled | None:
    """The first JSON object in a text that fits the form."""
    plain, decoder = _THOUGHTS.sub("", text), json.JSONDecoder()
    for found in list(re.finditer(r"\{", plain))[:BRACES]:
        try:
            value, _ = decoder.raw_decode(plain, found.start())
        except (ValueError, RecursionError):
            continue
        if form.fits(value):
            filled: Filled = value
            return filled
    return None


def _ways(chat: Any, form: Form, asked: dict[str, Any]) -> list[Callable[[], Any]]:
    """The model bound in three ways, the strictest first."""
    wanted = {"name": form.name, "schema": form.schema, "strict": True}
    # in extra_body, because as an argument the client would parse the answer itself, and raise
    body = {**asked, "response_format": {"type": "json_schema", "json_schema": wanted}}
    more = {"extra_body": asked} if asked else {}
    tool = {"name": form.name, "description": form.name, "parameters": form.schema}
    function = {"type": "function", "function": tool}
    return [
        lambda: chat.bind(extra_body=body),
        lambda: chat.bind_tools([function], tool_choice=form.name, **more),
        lambda: chat.bind(**more),
    ]


async def _heard(
    way: Callable[[], Any], messages: Sequence[tuple[str, str]], form: Form
) -> tuple[str, str]:
    """What came for the form as a tool's arguments, and as text; other tools are not known here."""
    from langsmith import tracing_context

    names: dict[object, str] = {}
    arguments: list[str] = []
    texts: list[str] = []
    size = 0
    with tracing_context(enabled=False):
        async for chunk in way().astream(list(messages)):
            texts.append(_text(chunk.content))
            size += len(texts[-1])
            for call in getattr(chunk, "tool_call_chunks", ()):
                names[call["index"]] = names.get(call["index"], "") + (call["name"] or "")
                size += len(call["args"] or "")
                if names[call["index"]] == form.name:
                    arguments.append(call["args"] or "")
            if size > LONGEST:
                raise ValueError("the answer does not end")
    return "".join(arguments), "".join(texts)


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict))


def _is_unsupported(error: Exception) -> bool:
    """Whether the server does not know this way of asking, and may know another."""
    status = getattr(error, "status_code", None)
    return status in UNSUPPORTED or isinstance(error, NotImplementedError | TypeError)


def _named(error: Exception) -> str:
    """What went wrong, without a word of the server's: those could hold anything."""
    status = getattr(error, "status_code", None)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(status, int):
        words = _STATUS.get(status, "its server has trouble" if status >= 500 else "it refused")
        return f"{words} (HTTP {status})"
    if "Connection" in type(error).__name__:
        return f"not reached, or cut off ({type(error).__name__})"
    return f"no sensible answer ({type(error).__name__})"


def _asked_for(error: Exception) -> float:
    """The seconds of a Retry-After header; 0 without one that is a number."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    wait = str(headers.get("retry-after", ""))
    return float(wait) if re.fullmatch(r"\d{1,9}(?:\.\d+)?", wait) else 0.0


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One thread for all calls, on which a call can be cut off at any byte."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language model calls", daemon=True).start()
    return loop
