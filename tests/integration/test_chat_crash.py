"""A chat killed at any moment loses no answer and says nothing twice that was told."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import select

from bot.settings import load
from bot.store import cases
from bot.store.database import Database
from bot.store.tables import Outbox, Turn

ROOT = Path(__file__).parent.parent.parent
OPENING = ["云信达", "完整评估", "1", "否", "否"]


@contextmanager
def chat(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A chat on a pipe; killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "chat", "--user", "lin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={"SMSVET_HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    ) as process:
        yield process
        process.kill()


def said_to(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str], wanted: str) -> str:
    """Read on until `wanted` was printed."""
    assert process.stdout is not None
    text = ""
    while wanted not in text:
        line = process.stdout.readline()
        assert line, f"ended before saying {wanted!r}: {text}"
        text += line
    return text


def stored(home: Path) -> tuple[list[str], list[str | None], int]:
    """Words of all turns, choices of all answers, replies not yet told."""
    database = Database.open(load({"SMSVET_HOME": str(home)}))
    with database.read() as sql:
        turns = sql.exec(select(Turn)).all()
        words = [database.vault.unseal(t.words_sealed or b"", "turn.words") for t in turns]
        case = cases.load(sql, database.vault, 1)
        waiting = [row for row in sql.exec(select(Outbox)) if row.delivered_at is None]
    database.close()
    return words, [given.choice for given in case.answers] if case else [], len(waiting)


def test_kill_in_the_middle_of_turns_loses_no_answer(home: Path) -> None:
    """Over several kills, each answer whose reply was seen is stored, and stored once."""
    seen = 0
    for round_ in range(4):
        with chat(home) as process:
            if round_ == 0:
                for line in OPENING:
                    said_to(process, line)
            heard(process, "【第 1/6")
            for _ in range(3):
                said_to(process, "以后")
                heard(process, "已记第")
                seen += 1
            said_to(process, "以后")  # may or may not be kept: nobody has seen a reply
            time.sleep(0.01 * round_)
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        words, choices, _ = stored(home)
        assert seen <= len(choices) <= seen + 1
        assert len(choices) == words.count("以后")
        seen = len(choices)


def test_a_reply_not_yet_told_is_told_after_the_restart(home: Path) -> None:
    """What was kept but not printed when the chat died is printed by the next one."""
    with chat(home) as first:
        for line in OPENING:
            said_to(first, line)
        heard(first, "第 1 题")
        said_to(first, "/quit")
        first.wait(30)
    database = Database.open(load({"SMSVET_HOME": str(home)}))
    with database.write() as sql:
        newest = sql.exec(select(Outbox).order_by(Outbox.id.desc())).first()  # type: ignore[union-attr]
        newest.delivered_at = None
        sql.add(newest)
    database.close()
    with chat(home) as second:
        assert "第 1 题" in heard(second, "接着上次")
