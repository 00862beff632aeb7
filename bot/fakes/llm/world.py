"""What the model is to say, how the server is to say it, and what it was asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]
KINDS = frozenset(
    {
        *("answer", "garbage", "half", "truncated", "drip", "stall"),
        *("error", "reset", "huge", "toolcall"),
    }
)


@dataclass
class Script:
    """One kind of behaviour for the next `times` calls.

    answer: `said` (an object becomes JSON; a function is given the call). garbage: words that are
    no JSON. half: JSON that breaks off, in a well-formed answer. truncated: the stream breaks off.
    drip: one byte each `seconds`. stall: the head of an answer, then nothing. error: HTTP `code`.
    reset: the connection is reset. huge: an answer without end. toolcall: a call of the tool
    `tool`, made up, with `said` as arguments.
    """

    kind: str = "answer"
    said: object = ""
    times: int = 1_000_000
    code: int = 500
    seconds: float = 0.05
    tool: str = "send_sms"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such behaviour: {self.kind}")


@dataclass(frozen=True)
class Asked:
    """One call as it arrived."""

    body: JSON

    @property
    def streams(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def form(self) -> str:
        """The name of the JSON schema or of the tool asked for."""
        wanted = self.body.get("response_format", {}).get("json_schema", {})
        tools = [tool["function"]["name"] for tool in self.body.get("tools", ())]
        return str(wanted.get("name") or next(iter(tools), ""))

    @property
    def way(self) -> str:
        """How the form is asked for: json_schema, function_calling or text."""
        if "response_format" in self.body:
            return str(self.body["response_format"].get("type"))
        return "function_calling" if self.body.get("tools") else "text"

    @property
    def words(self) -> str:
        """Everything said to the model."""
        return "\n".join(str(message.get("content")) for message in self.body["messages"])

    @property
    def material(self) -> JSON:
        """The last message where it is JSON."""
        found = json.loads(str(self.body["messages"][-1]["content"]))
        return found if isinstance(found, dict) else {}


@dataclass
class Fake:
    """A model that says what it is told to. `knows`: ways of asking the server does not refuse."""

    key: str = "test-key"
    name: str = "fake-1"
    knows: frozenset[str] = frozenset({"json_schema", "json_object", "function_calling", "text"})
    scripts: list[Script] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def says(self, said: object, *, times: int = 1_000_000) -> None:
        """Answer so from now on."""
        self.scripts.append(Script("answer", said, times))

    def does(self, kind: str, **how: Any) -> None:
        """Behave so from now on."""
        self.scripts.append(Script(kind, **how))

    def anew(self) -> None:
        """Forget what was set and what was asked."""
        self.scripts.clear()
        self.asked.clear()

    def next(self) -> Script:
        """What this call gets, used up by it."""
        if not self.scripts:
            return Script("answer", "Hello.")
        script = self.scripts[0]
        script.times -= 1
        if script.times <= 0:
            self.scripts.pop(0)
        return script


def said(script: Script, asked: Asked) -> str:
    """The words of an answer."""
    found = script.said
    if callable(found):
        speak: Callable[[Asked], object] = found
        found = speak(asked)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
