"""`smsvet send`: one send test outside the chat, same engine, same ledger."""

import argparse

HELP = "carry out one send test from a plan file"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN.yaml", help="see docs/send-tests.md; copy one")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--connection", metavar="NAME", help="instead of the plan's; sim:honest is simulated"
    )
    parser.add_argument("--pair", metavar="NAME", help="the second vendor of a comparison")
    parser.add_argument(
        "--mark",
        action="append",
        default=[],
        metavar="KIND@SECONDS",
        help="note a moment of a fault test: fault@60, restored@120",
    )
    parser.add_argument("--count", type=int, metavar="N", help="instead of the plan's")
    parser.add_argument(
        "--go", action="store_true", help="really send: without it a real vendor gets nothing"
    )


def run(options: argparse.Namespace) -> int:
    from bot import send

    return send.run(options)
