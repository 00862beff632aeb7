"""`smsvet chat`: the conversation in the terminal."""

import argparse
import getpass

HELP = "talk to smsvet in the terminal; on a pipe, one message per line"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", metavar="NAME", help="who is speaking (default: the login name)")
    parser.add_argument(
        "--role",
        choices=["technical", "legal", "business", "approver"],
        help="only this department's questions (default: all)",
    )


def run(options: argparse.Namespace) -> int:
    from bot.channels.terminal import converse
    from bot.desk import TerminalDesk

    with TerminalDesk(options.user or _login(), options.role) as desk:
        converse(desk.load)
    return 0


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "me"
