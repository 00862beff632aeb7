"""A real Kannel gateway on loopback: bearerbox and smsbox, in front of what a test gives it."""

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

FAKESMSC = Path("/usr/lib/kannel/test/fakesmsc")
USERNAME, PASSWORD = "tester", "secret"

_CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = bar
admin-interface = "127.0.0.1"
smsbox-port = {boxes}
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"
dlr-storage = internal

group = smsc
{smsc}

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = "127.0.0.1"
global-sender = 10690001

group = sendsms-user
username = {username}
password = {password}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
text = "No service"
"""


def installed() -> bool:
    return bool(shutil.which("bearerbox") and shutil.which("smsbox") and FAKESMSC.exists())


def fake(port: int) -> str:
    """An SMSC group to which fakesmsc connects."""
    return f"smsc = fake\nsmsc-id = FAKE\nport = {port}\nconnect-allow-ip = 127.0.0.1"


def smpp(port: int, system_id: str, password: str) -> str:
    """An SMSC group that logs in to an SMPP server, as Kannel's users configure it."""
    return (
        f"smsc = smpp\nsmsc-id = SMPP1\nhost = 127.0.0.1\nport = {port}\ntransceiver-mode = true\n"
        f'smsc-username = "{system_id}"\nsmsc-password = "{password}"\nsystem-type = ""\n'
        "interface-version = 34\nmax-pending-submits = 500\nenquire-link-interval = 30"
    )


def free_ports(count: int) -> list[int]:
    """Ports nobody had a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@asynccontextmanager
async def running(folder: Path, smsc: str, *, fake_port: int = 0) -> AsyncIterator[int]:
    """The gateway while the context lasts; gives the port of its sendsms interface.

    With `fake_port` fakesmsc connects to it there.
    """
    admin, boxes, sendsms = free_ports(3)
    configuration = folder / "kannel.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            admin=admin,
            boxes=boxes,
            sendsms=sendsms,
            smsc=smsc,
            username=USERNAME,
            password=PASSWORD,
        )
    )
    started: list[subprocess.Popen[bytes]] = []
    try:
        started.append(_start(folder, "bearerbox", "-v", "1", str(configuration)))
        await _listens(boxes, started)
        if fake_port:
            words = ("-H", "127.0.0.1", "-r", str(fake_port), "-m", "0", "100 200 text nop")
            await _listens(fake_port, started)
            started.append(_start(folder, str(FAKESMSC), *words))
        started.append(_start(folder, "smsbox", "-v", "1", str(configuration)))
        await _listens(sendsms, started)
        yield sendsms
    finally:
        for process in reversed(started):  # smsbox before bearerbox, which waits for it
            await anyio.to_thread.run_sync(_end, process)


def _start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    log = (folder / f"{Path(words[0]).name}.log").open("wb")
    with log:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _listens(port: int, started: Sequence[subprocess.Popen[bytes]]) -> None:
    with anyio.fail_after(20):
        while True:
            for process in started:
                assert process.poll() is None, f"{process.args!r} ended: {process.returncode}"
            try:
                stream = await anyio.connect_tcp("127.0.0.1", port)
            except OSError:
                await anyio.sleep(0.05)
            else:
                await stream.aclose()
                return
