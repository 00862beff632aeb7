"""`smsvet vendor`: how a vendor is reached."""

import argparse

HELP = "add or list connections to vendors"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="list the connections; secrets are not shown")
    add = actions.add_parser("add", help="add a connection; the password is asked for")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--smpp", required=True, metavar="HOST:PORT")
    add.add_argument("--system-id", required=True)
    add.add_argument("--source", default="", metavar="NUMBER", help="the sender number, 106…")
    add.add_argument("--window", type=int, default=16, help="unanswered messages allowed")
    add.add_argument("--rate", type=float, default=50, help="messages per second allowed")
    add.add_argument("--tls", action="store_true")


def run(options: argparse.Namespace) -> int:
    from bot import connections

    if options.action == "list":
        return connections.show()
    return connections.add(options)
