"""`smsvet doctor`: what is configured, what is missing, what to do about it."""

import argparse

HELP = "check what is configured and what is missing"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--contact",
        action="store_true",
        help="also sign in as the bots, where smsvet serve does not run; "
        "whoever else uses them is interrupted for a minute",
    )


def run(options: argparse.Namespace) -> int:
    from bot import doctor

    return doctor.run(as_json=options.json, contact=options.contact)
