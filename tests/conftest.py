"""What every kind of test may use."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty state directory."""
    return tmp_path / "home"


def missing(what: str) -> NoReturn:
    """Skip on a user's machine, fail in CI: there the counterpart must be present."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing in CI")
    pytest.skip(f"{what} is not installed here")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL server of our own, on a Unix socket in a fresh directory."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
        Path(found).parent for found in [shutil.which("initdb")] if found
    ]
    if not binaries:
        missing("PostgreSQL")
    folder = tmp_path_factory.mktemp("postgres")
    binary, data, sockets = binaries[-1], folder / "data", folder / "s"
    sockets.mkdir()
    as_postgres: list[str] = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        shutil.chown(sockets, "postgres")
        for parent in folder.parents[:3]:  # one more where tests run side by side
            if parent.stat().st_uid == os.getuid():
                parent.chmod(parent.stat().st_mode | 0o011)
        as_postgres = ["runuser", "-u", "postgres", "--"]

    def call(*words: str) -> None:
        subprocess.run([*as_postgres, *words], check=True, capture_output=True, cwd="/")

    call(str(binary / "initdb"), "-D", str(data), "-A", "trust", "-U", "smsvet", "-E", "UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories='{sockets}'"
    log = str(folder / "log")
    call(str(binary / "pg_ctl"), "-D", str(data), "-o", options, "-l", log, "-w", "start")
    try:
        yield f"postgresql+psycopg://smsvet@/postgres?host={sockets}"
    finally:
        call(str(binary / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
