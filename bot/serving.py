"""`smsvet serve`: every configured channel, the web application, and a worker for each test.

It speaks plain HTTP on loopback: TLS is the company's proxy's.
"""

import fcntl
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import anyio
import uvicorn
from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError

from bot import app, logs
from bot import settings as settings_
from bot.channels import web
from bot.channels.web import Guard
from bot.configured import configured, escalations, routes
from bot.errors import UserError
from bot.front import Desk
from bot.inbound.web import application
from bot.reminders import Sweeper
from bot.settings import Settings
from bot.switchboard import Switchboard
from bot.webdesk import WebDesk

TEND_S = 5.0  # between two looks whether a test is without its worker
LEAVE_S = 5  # for requests under way, once told to end
HEAD_BYTES = 16 * 1024
AT_ONCE = 1000  # connections and requests

logger = logging.getLogger(__name__)


def run(host: str | None, port: int | None, record: Path | None = None) -> int:
    """Serve until told to end; what platforms send is written below `record`."""
    settings = settings_.load()
    host = host or settings.web_host
    port = settings.web_port if port is None else port
    with _alone(settings.home), app.opened(settings) as built:
        logs.to(settings.home / "serve.log")
        listening = _listen(host, port)
        built.guide.warm()  # or the first question would wait for it
        board = _switchboard(settings, built, record)
        page = WebDesk(built.assistant, board.desk, built.progress, lambda: server.should_exit)
        more = [*routes(board.channels), *web.routes(page, Guard(host, settings.public_url))]
        serves = application(
            built.database,
            time.time_ns,
            time.monotonic,
            more=more,
            late=built.judge.catch_up,
        )
        server = uvicorn.Server(
            uvicorn.Config(
                serves,
                log_config=None,
                access_log=False,  # addresses hold secrets
                server_header=False,
                proxy_headers=False,
                ws="none",
                timeout_graceful_shutdown=LEAVE_S,
                h11_max_incomplete_event_size=HEAD_BYTES,
                limit_concurrency=AT_ONCE,
            )
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _ended)  # uvicorn ends by itself, and raises the signal again
        at = listening.getsockname()
        channels = [channel.name for channel in board.channels]
        ready = {"listening": f"{at[0]}:{at[1]}", "channels": channels}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        anyio.run(_serve, server, listening, built, board)
    return 0


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One `smsvet serve` per state directory; the lock goes with the process, however it ends.

    That makes the holder of a lease certain: after a kill the next one need not wait for it.
    """
    with (home / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(f"smsvet serve already runs on {home}") from error
        yield


def _switchboard(settings: Settings, built: app.App, record: Path | None) -> Switchboard:
    folder = settings.home / "incoming"
    folder.mkdir(mode=0o700, exist_ok=True)
    desk = Desk(built.assistant, built.database, app.now, time.monotonic, folder)
    if record is not None:
        record.mkdir(mode=0o700, parents=True, exist_ok=True)
    channels = configured(settings, folder, record)
    holder = f"{socket.gethostname()}:{settings.home}"
    return Switchboard(channels, desk, built.database, app.now, time.monotonic, holder)


async def _serve(
    server: uvicorn.Server, listening: socket.socket, built: app.App, board: Switchboard
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_tend, built)
        tasks.start_soon(board.run)
        tasks.start_soon(_sweeper(built, board).run)
        await server.serve(sockets=[listening])
        tasks.cancel_scope.cancel()
        # A thread that is busy, with loading the guidance say, is not waited for any longer.
        threading.Thread(target=_leave, daemon=True).start()
    await board.close()


def _sweeper(built: app.App, board: Switchboard) -> Sweeper:
    """Tells what is due, whichever process is up."""
    return Sweeper(
        built.database,
        built.wordings,
        built.assistant.scenery.checklist,
        app.now,
        board.desk.wake,
        board.desk.threads,
        group=escalations(board.channels),
    )


async def _tend(built: app.App) -> None:
    """A test that was confirmed in a chat goes on, also where its worker has died."""
    begin = built.take_up
    while True:
        try:
            await run_sync(begin)
            begin = built.finish_what_runs
        except SQLAlchemyError:  # the database is away for a while
            logger.exception("could not look whether a test is without its worker")
        await anyio.sleep(TEND_S)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UserError(f"{host}:{port} cannot be listened on: {error.strerror}") from error


def _leave() -> None:
    time.sleep(LEAVE_S)
    os._exit(0)


def _ended(_signal: int, _frame: FrameType | None) -> None:
    """Nothing: the serving loop has ended by then."""
