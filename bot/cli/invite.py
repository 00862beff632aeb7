"""`smsvet invite`: a one-time code with which a colleague is known on a channel."""

import argparse

HELP = "invite a colleague: prints a one-time code for Telegram, WeCom or the web page"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "--role",
        action="append",
        choices=["technical", "legal", "business", "approver"],
        metavar="ROLE",
        help="technical, legal, business, approver (may confirm sends); may be given again; "
        "needed the first time",
    )
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    from bot import colleagues

    return colleagues.invite(options.name, options.role, as_json=options.json)
