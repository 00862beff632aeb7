"""The end of a process: the guide gives its folder up, and holds nobody up."""

import threading
from pathlib import Path

from bot import app
from bot.settings import load
from knowledge.dense import Ownership


def loaded() -> None:
    """Wait until the guide has loaded everything."""
    for name in ("guide", "guidance"):
        for thread in [each for each in threading.enumerate() if each.name == name]:
            thread.join()


def test_the_next_process_owns_the_guides_folder(tmp_path: Path) -> None:
    """Once the application is closed its folder is free, while this process goes on."""
    folder = tmp_path / "guidance" / "index"
    with app.opened(load({"SMSVET_HOME": str(tmp_path)})) as built:
        built.guide.warm()
        loaded()
        assert not Ownership(folder)
    after = Ownership(folder)
    assert after
    after.release()


def test_an_end_in_the_middle_of_loading(tmp_path: Path) -> None:
    """Whoever leaves at once leaves; what was loading gives the folder up when it is done."""
    with app.opened(load({"SMSVET_HOME": str(tmp_path)})) as built:
        built.guide.warm()
    loaded()
    built.guide.close()
    after = Ownership(tmp_path / "guidance" / "index")
    assert after
    after.release()
