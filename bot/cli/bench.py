"""`smsvet bench`: how fast we send beside our peers, what a turn costs, how well we answer."""

import argparse
from pathlib import Path

HELP = "measure how fast we send, how fast a conversation is, or how well the guidance answers"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["send", "chat", "ask"], help="what is measured")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--rounds", type=int, metavar="N", help="interleaved rounds; 5 by default")
    parser.add_argument("--quick", action="store_true", help="only to see that everything runs")
    parser.add_argument("--soak", action="store_true", help="a compressed day of sending as well")
    parser.add_argument("--keep", metavar="DIRECTORY", help="keep the raw rounds there")


def run(options: argparse.Namespace) -> int:
    import os
    import sys

    from bot.settings import CONTENT

    words = [f"--{name}" for name in ("json", "quick", "soak") if getattr(options, name)]
    words += ["--rounds", str(options.rounds)] if options.rounds else []
    words += ["--keep", str(Path(options.keep).absolute())] if options.keep else []
    program = _program(options.what, CONTENT.parent)
    os.execv(sys.executable, [sys.executable, str(program), *words])  # noqa: S606 - so Ctrl-C reaches it


def _program(what: str, root: Path) -> Path:
    """What does the work; it is no part of the installed package."""
    from bot.errors import UserError

    program = root / "benchmarks" / f"bench_{what}.py"
    if not program.is_file():
        raise UserError("Benchmarks need a checkout of the source: there is no benchmarks/ here.")
    return program
