"""The real command on a pipe and on a terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pexpect

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "bot", "chat", "--user", "lin"]


def environment(home: Path) -> dict[str, str]:
    names = ("PATH", "HOME")
    return {name: os.environ[name] for name in names} | {
        "SMSVET_HOME": str(home),
        "LANG": "C.UTF-8",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "TERM": "xterm",
    }


def piped(home: Path, text: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        COMMAND, input=text, capture_output=True, cwd=ROOT, env=environment(home), timeout=60
    )


def test_a_pipe_is_read_line_by_line(home: Path) -> None:
    """On a pipe each line is one message, the replies are plain text, and the end is exit 0."""
    done = piped(home, "蓝海\n完整评估\n1\n否\n否\n两分五\n".encode())
    assert 0 == done.returncode
    assert b"" == done.stderr
    said = done.stdout.decode()
    assert said.index("为“蓝海”新建哪一种") < said.index("第 1 题") < said.index("已记第 1 题")
    assert "\x1b" not in said


def test_garbage_on_the_pipe_does_not_end_the_conversation(home: Path) -> None:
    """Bytes that are no text, control characters and an endless line are answered calmly."""
    done = piped(home, b"\xff\xfe\x00\x01\n" + b"a" * 100_000 + b"\n\x1b[31m\n\n\xe5\x8f\x96\n")
    assert 0 == done.returncode
    assert b"Traceback" not in done.stdout + done.stderr


def test_a_terminal_survives_ctrl_c_and_leaves_on_ctrl_d(home: Path) -> None:
    """Ctrl-C clears the line, Ctrl-D leaves, and what was answered is still there next time."""
    with pexpect.spawn(
        COMMAND[0], COMMAND[1:], cwd=str(ROOT), env=environment(home), timeout=30, encoding="utf-8"
    ) as child:
        child.expect("›")
        child.send("half a line")
        child.sendintr()
        child.expect("›")
        child.send("云信达\r")
        child.expect("新建哪一种")
        child.send("1\r")
        child.expect("主要发什么短信")
        child.expect("›")
        child.sendeof()
        child.expect(pexpect.EOF)
    assert 0 == child.exitstatus
    assert "主要发什么短信" in piped(home, b"").stdout.decode()


def test_what_was_typed_can_be_brought_back_and_completed(home: Path) -> None:
    """Arrow-up brings back earlier lines, also of an earlier visit; Tab completes a word."""
    piped(home, "云信达\n1\n".encode())
    with pexpect.spawn(
        COMMAND[0], COMMAND[1:], cwd=str(ROOT), env=environment(home), timeout=30, encoding="utf-8"
    ) as child:
        child.expect("主要发什么短信")
        child.send("\x1b[A\x1b[A")
        child.expect("云信达")
        child.sendintr()
        child.setwinsize(40, 60)  # a narrow window does not end it
        for _ in range(5):  # what is typed while the prompt begins anew may be lost
            child.send("\x15/sta\t")
            if child.expect(["/status", pexpect.TIMEOUT], timeout=5) == 0:
                break
        child.send("\r")
        child.expect("云信达")
        child.send("/quit\r")
        child.expect(pexpect.EOF)
