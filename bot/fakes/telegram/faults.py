"""How Telegram, or the way to it, can misbehave: set beforehand, used up call by call."""

from dataclasses import dataclass, field

from bot.fakes.telegram.params import RefusalError

KINDS = frozenset({"flood", "outage", "slow", "silent", "drop", "garbage", "refuse"})


@dataclass
class Fault:
    """One kind of trouble for the next `times` calls of `method` (all methods: "*").

    flood: 429 with `seconds`. outage: HTTP `code` with an HTML page. slow: the answer comes
    `seconds` late. silent: it never comes. drop: the connection breaks in the middle of the
    answer, after the call was done; with `before` it was not done. garbage: not JSON.
    refuse: `code` and `words`. `chat`: only calls for this chat.
    """

    kind: str
    method: str = "*"
    times: int = 1
    seconds: float = 1.0
    code: int = 502
    words: str = "refused"
    chat: str = ""
    before: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}")

    def hits(self, method: str, chat: str) -> bool:
        """Whether this call is one of those in trouble."""
        wanted = self.method in {"*", method} and self.chat in {"", chat}
        return self.times > 0 and wanted

    def refusal(self) -> RefusalError | None:
        """What the caller is told, where the trouble is an answer of Telegram's own."""
        if self.kind == "flood":
            wait = max(1, round(self.seconds))
            return RefusalError(f"retry after {wait}", 429, retry_after=wait)
        if self.kind == "refuse":
            return RefusalError(self.words, self.code)
        return None


@dataclass
class Faults:
    """Those that are set, first in first used."""

    waiting: list[Fault] = field(default_factory=list)

    def set(self, fault: Fault) -> None:
        """Have some trouble from now on."""
        self.waiting.append(fault)

    def clear(self) -> None:
        """All is well again."""
        self.waiting.clear()

    def next(self, method: str, chat: str) -> Fault | None:
        """The trouble this call gets into, used up by it."""
        for fault in self.waiting:
            if fault.hits(method, chat):
                fault.times -= 1
                if not fault.times:
                    self.waiting.remove(fault)
                return fault
        return None
