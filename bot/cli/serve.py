"""`smsvet serve`: takes what phones and vendors post, and keeps a worker alive."""

import argparse
from pathlib import Path

HELP = "take what real phones show and what vendors push; keep a worker alive"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="ADDRESS", help="default: SMSVET_WEB_HOST or 127.0.0.1")
    parser.add_argument("--port", type=int, help="default: SMSVET_WEB_PORT or 8377; 0: any free")
    parser.add_argument(
        "--record",
        metavar="FOLDER",
        type=Path,
        help="write down there what platforms send and are sent, without secrets and people's ids",
    )


def run(options: argparse.Namespace) -> int:
    from bot import serving

    return serving.run(options.host, options.port, options.record)
