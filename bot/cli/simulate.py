"""`smsvet simulate`: a simulated vendor as a program of its own."""

import argparse

PROTOCOLS = ("smpp", "cmpp", "sgip", "smgp", "http")
HELP = "run a simulated vendor with a simulated handset panel, on loopback"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--personality", metavar="NAME", help="how it behaves (see --list)")
    parser.add_argument("--list", action="store_true", help="list the personalities")
    for protocol in PROTOCOLS:
        parser.add_argument(
            f"--{protocol}",
            type=int,
            metavar="PORT",
            help=f"speak {protocol.upper()} (0: on any free port; SMPP where none is named)",
        )
    parser.add_argument(
        "--panel", type=int, default=0, metavar="PORT", help="the handsets' inbox and the controls"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same fates")
    parser.add_argument("--time-scale", type=float, default=1.0, help="0.1 is ten times as fast")
    parser.add_argument(
        "--until-idle", type=float, metavar="SECONDS", help="end by itself once nobody asks"
    )


def run(options: argparse.Namespace) -> int:
    from bot import app

    return app.simulate(options)
