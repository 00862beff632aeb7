"""The vendor behind a connection: a real one as configured, or a simulated one kept running.

A simulated vendor is a process of its own that outlives this worker, so that a run taken up after
a crash still finds its receipts. It ends by itself once nobody has asked it for a while.
"""

import http.client
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

from bot.errors import UserError
from bot.store import sends
from bot.store.database import Database
from bot.store.tables import Connection
from evaluators.protocols.correlator import IdForm
from evaluators.sending.panel import HttpPanel

LEASE_S = 120.0
COMMAND = (sys.executable, "-m", "bot", "simulate", "--until-idle", f"{LEASE_S:g}")
HOST = "127.0.0.1"
_PATIENCE_S = 30.0  # for a simulated vendor to say that it listens


class Reached(NamedTuple):
    """Where a vendor is, and how it is logged in to.

    `login` holds fields of the protocol's endpoint beyond host and port, and perhaps others that
    are none of it. `control` is the port of a simulated vendor's panel and controls.
    """

    protocol: str
    host: str
    port: int
    login: dict[str, Any]
    id_form: IdForm
    panel: HttpPanel | None
    connections: int = 1
    control: int | None = None


class Vendors:
    """Finds vendors; starts simulated ones with `command` where none runs."""

    def __init__(self, database: Database, command: Sequence[str] = COMMAND) -> None:
        self._database, self._command = database, command
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def reach(self, connection_id: int) -> Reached:
        """Where the vendor of a connection is now; raises UserError where it cannot be started."""
        with self._database.read() as session:
            row = session.get_one(Connection, connection_id)
        if row.simulated is not None:
            with self._lock:
                row = row if _answers(row) else self._start(row)
        login = row.options | sends.secret(self._database.vault, row)
        port = row.options.get("panel")
        return Reached(
            row.protocol,
            row.host,
            row.port,
            login,
            row.options.get("id_form", "as_is"),
            HttpPanel(HOST, port) if port else None,
            connections=int(row.options.get("connections", 1)),
            control=port,
        )

    def control(self, connection_id: int, path: str) -> None:
        """Ask something of a simulated vendor, such as to break; nothing of a real one."""
        with self._database.read() as session:
            row = session.get_one(Connection, connection_id)
        if row.simulated is not None and row.options.get("panel"):
            ask(row.options["panel"], path)

    def release(self) -> None:
        """End the simulated vendors that this worker started; nobody needs them any more."""
        for child in self._children:
            child.terminate()
            child.wait()
        self._children.clear()

    def _start(self, row: Connection) -> Connection:
        words = ("--personality", row.simulated or "", f"--{row.protocol}", "0", "--panel", "0")
        child = subprocess.Popen(  # noqa: S603 - our own program
            [*self._command, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._children.append(child)
        told = _first_line(child)
        with self._database.write() as session:
            stored = session.get_one(Connection, row.id)
            stored.host, stored.port = HOST, int(told[row.protocol])
            stored.options = stored.options | {"panel": told["panel"], "pid": child.pid}
            secret = json.dumps(told["accounts"][row.protocol])
            stored.secret_sealed = self._database.vault.seal(secret, "connection.secret")
            session.add(stored)
        return stored


def ask(port: int, path: str) -> None:
    """One request to a simulated vendor's controls."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=5)) as line:
        line.request("GET", path)
        line.getresponse().read()


def _answers(row: Connection) -> bool:
    """Whether the simulated vendor started earlier for this connection is still there."""
    pid, port = row.options.get("pid"), row.options.get("panel")
    if not pid or not port:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with closing(HttpPanel(HOST, port)) as panel:
        return panel.alive()


def _first_line(child: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What the program says once it listens."""
    assert child.stdout is not None  # noqa: S101 - it was asked for
    with child.stdout as said:
        ready, _, _ = select.select([said], [], [], _PATIENCE_S)
        line = said.readline() if ready else b""
    try:
        told: dict[str, Any] = json.loads(line)
    except ValueError as error:
        child.kill()
        child.wait()
        raise UserError("The simulated vendor did not start.") from error
    return told
