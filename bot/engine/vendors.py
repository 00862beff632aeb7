"""The vendor behind a connection: a real one as configured, or a simulated one kept running.

A simulated vendor is a process of its own that outlives this worker, so that a run taken up after
a crash still finds its receipts. It ends by itself once nobody has asked it for a while.
"""

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
    """Where a vendor is: `login` are the fields of the protocol's endpoint beyond host and port."""

    protocol: str
    host: str
    port: int
    login: dict[str, Any]
    id_form: IdForm
    panel: HttpPanel | None


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
        secret = sends.secret(self._database.vault, row)
        login = {name: row.options[name] for name in _LOGIN if name in row.options} | secret
        id_form = row.options.get("id_form", "as_is")
        port = row.options.get("panel")
        panel = HttpPanel(HOST, port) if port else None
        return Reached(row.protocol, row.host, row.port, login, id_form, panel)

    def release(self) -> None:
        """End the simulated vendors that this worker started; nobody needs them any more."""
        for child in self._children:
            child.terminate()
            child.wait()
        self._children.clear()

    def _start(self, row: Connection) -> Connection:
        words = ("--personality", row.simulated or "", "--smpp", "0", "--panel", "0")
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
            stored.host, stored.port = HOST, int(told["smpp"])
            kept = {name: told[name] for name in ("panel", "system_id")}
            stored.options = stored.options | kept | {"pid": child.pid}
            secret = json.dumps({"password": told["password"]})
            stored.secret_sealed = self._database.vault.seal(secret, "connection.secret")
            session.add(stored)
        return stored


_LOGIN = ("system_id", "system_type", "source", "window", "tls", "encoding", "bind")


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
