"""`smsvet demo`: a whole evaluation by script, against a simulated vendor over real sockets."""

import argparse

HELP = "run a whole evaluation by script against a simulated vendor"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document and no chat")
    parser.add_argument(
        "--personality", default="inflating", metavar="NAME", help="the vendor's behaviour"
    )
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="messages to send")


def run(options: argparse.Namespace) -> int:
    from bot import demo

    return demo.run(options.personality, options.count, as_json=options.json)
