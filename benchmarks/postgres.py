"""A PostgreSQL server of our own for as long as a benchmark lasts, as it is set up by default."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import machine


def binaries() -> Path | None:
    """Where the newest server's programs are; None where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = shutil.which("initdb")
    return found[-1] if found else Path(path).parent if path else None


@contextmanager
def served(programs: Path, folder: Path) -> Iterator[str]:
    """The URL of an empty database; everything of it is in `folder`, on a Unix socket there."""
    sockets, data = folder / "s", folder / "data"
    sockets.mkdir()
    as_postgres: list[str] = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        shutil.chown(sockets, "postgres")
        as_postgres = ["runuser", "-u", "postgres", "--"]

    def call(program: str, *words: str) -> None:
        command = [*as_postgres, str(programs / program), "-D", str(data), *words]
        done = subprocess.run(command, check=False, capture_output=True, cwd="/")  # noqa: S603
        if done.returncode:
            raise machine.BenchmarkError(f"{program} failed: {done.stderr.decode()[-300:]}")

    call("initdb", "-A", "trust", "-U", "smsvet", "-E", "UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories='{sockets}'"
    call("pg_ctl", "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql+psycopg://smsvet@/postgres?host={sockets}"
    finally:
        call("pg_ctl", "-m", "immediate", "stop")
