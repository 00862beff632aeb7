"""Where warnings and errors go."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path


def to(path: Path) -> None:
    """Warnings and errors go to a file of bounded size; a person's screen stays calm."""
    handler = RotatingFileHandler(path, maxBytes=1 << 20, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    path.touch(mode=0o600)
    root = logging.getLogger()
    for before in root.handlers:
        before.close()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
