"""`smsvet people`: who is known, where they can be reached, and what could not be delivered."""

import argparse

HELP = "list colleagues, where they are reached, and what could not be delivered; or let one go"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = actions.add_parser("list", help="everybody, with roles and channels (the default)")
    listing.add_argument("--json", action="store_true")
    leaving = actions.add_parser("remove", help="somebody has left: nothing reaches them any more")
    leaving.add_argument("name", metavar="NAME")
    parser.set_defaults(json=False)


def run(options: argparse.Namespace) -> int:
    from bot import colleagues

    if options.action == "remove":
        return colleagues.remove(options.name)
    return colleagues.show(as_json=options.json)
