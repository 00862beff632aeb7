"""`smsvet doctor`: what is configured, what is missing, what to do about it."""

import argparse

HELP = "check what is configured and what is missing"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace) -> int:
    from bot import doctor

    return doctor.run(as_json=options.json)
