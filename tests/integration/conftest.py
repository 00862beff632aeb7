"""What every test with sockets, processes or a database may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import load
from bot.store.database import Database
from tests.integration.scripted_peer import Recorder


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    opened = Database.open(load({"SMSVET_HOME": str(home)}))
    yield opened
    opened.close()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()
