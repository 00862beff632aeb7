"""The terminal: a prompt with history on a TTY, one message per line on a pipe."""

import shlex
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bot.assistant import Assistant, Chat, Message
from bot.store.chats import Outgoing

LEAVING = frozenset({"/quit", "quit", "exit", "/exit", ":q", "退出", "再见"})
WAITING = frozenset({"/wait", "等结果"})
FILING = ("证据", "材料", "evidence", "/evidence")
POLL = 0.4  # seconds between looks for news of a running test


@dataclass
class Terminal:
    """One person at one terminal. `progress` is the running test in a line, or nothing."""

    assistant: Assistant
    chat: Chat
    progress: Callable[[str], str]
    out: TextIO = sys.stdout

    def greet(self) -> None:
        """Say where we are, or what this is."""
        self.assistant.greet(self.chat)
        self.tell_waiting()

    def run(self) -> None:
        """Handle messages until the person leaves or the input ends."""
        lines = _typed(self) if _is_tty(self.out) else _piped(sys.stdin)
        for line in lines:
            if line.strip().lower() in LEAVING:
                return
            if line.strip().lower() in WAITING:
                self.wait()
                continue
            if line.strip():
                self.assistant.handle(self.chat, read_line(line))
            self.tell_waiting()

    def tell_waiting(self) -> None:
        """Print what waits in the outbox, then mark it as told."""
        replies = self.assistant.waiting(self.chat)
        if replies and _is_tty(self.out):
            self.out.write("\n")
        for reply in replies:
            self.out.write(show(reply) + "\n")
        self.out.flush()
        if replies:
            self.assistant.told(replies)

    def wait(self) -> None:
        """Stay until no test runs any more, printing its progress as it changes."""
        last = ""
        while line := self.progress(self.chat.key):
            if line != last:
                self.out.write(line + "\n")
                self.out.flush()
            last = line
            time.sleep(POLL)
        self.tell_waiting()


def read_line(line: str) -> Message:
    """A line as a message; `证据 7 "一份 合同.pdf"` carries a file."""
    text = line.strip()
    head, _, rest = text.partition(" ")
    if head.lower() in FILING and rest.strip():
        caption, path = _caption_and_path(rest.strip())
        if path is not None:
            return Message(uuid.uuid4().hex, text=caption, paths=(path,))
    return Message(uuid.uuid4().hex, text=text)


def _caption_and_path(rest: str) -> tuple[str, Path | None]:
    """`7 path`, `path`, either with quotes; `to 7` is no file."""
    number, _, after = rest.partition(" ")
    caption = number if number.isdigit() and after.strip() else ""
    named = after.strip() if caption else rest
    if named.lower().startswith("to ") or named.isdigit():
        return "", None
    try:
        parts = shlex.split(named)
    except ValueError:  # an odd quote is part of the name
        parts = [named]
    name = parts[0] if len(parts) == 1 else named
    return caption, Path(name).expanduser()


def show(reply: Outgoing) -> str:
    """A reply as lines of text; choices carry the number that picks them."""
    lines = [reply.text]
    if reply.buttons:
        labels = [label for label, _ in reply.buttons]
        if reply.numbered:
            labels = [f"{number} {label}" for number, label in enumerate(labels, start=1)]
        lines.append("   " + "  ·  ".join(labels))
    if reply.file:
        lines.append(f"   → {reply.file}")
    return "\n".join(lines) + "\n"


def _is_tty(out: TextIO) -> bool:
    return sys.stdin.isatty() and out.isatty()


def _piped(source: TextIO) -> Iterator[str]:
    """Lines as they come; a byte that is no text does not end the conversation."""
    reconfigure = getattr(source, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace")
    yield from source


def _typed(terminal: Terminal) -> Iterator[str]:
    """Lines from a person, with editing; news of a running test appears above the prompt."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.formatted_text import FormattedText
    from prompt_toolkit.patch_stdout import patch_stdout

    def toolbar() -> str:
        # Looked up while the prompt waits, so that a verdict appears as soon as it is there.
        terminal.tell_waiting()
        return terminal.progress(terminal.chat.key)

    def bar() -> FormattedText | None:
        line = toolbar()
        return FormattedText([("", line)]) if line else None

    session: PromptSession[str] = PromptSession(refresh_interval=POLL, bottom_toolbar=bar)
    while True:
        try:
            with patch_stdout():
                terminal.out = sys.stdout
                yield session.prompt("› ")
        except KeyboardInterrupt:
            continue  # Ctrl-C clears the line; Ctrl-D leaves
        except EOFError:
            return
