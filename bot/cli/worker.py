"""`smsvet worker`: carries out confirmed send tests."""

import argparse

HELP = "carry out confirmed send tests; one per state directory"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--until-idle",
        type=float,
        metavar="SECONDS",
        help="leave once there has been nothing to do for so long",
    )


def run(options: argparse.Namespace) -> int:
    from bot import app

    return app.worker(options.until_idle)
