"""The `smsvet` command. Each file of `bot/cli/` is a command; its name is its registration."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from bot import cli
from bot.errors import UserError


class Command(Protocol):
    """What a file of `bot/cli/` offers."""

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, options: argparse.Namespace) -> int: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. What a person can put right is said without a traceback."""
    parser = argparse.ArgumentParser(
        prog="smsvet",
        description="Evaluate SMS vendors in a conversation, by what was proven.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in pkgutil.iter_modules(cli.__path__):
        command = cast(Command, importlib.import_module(f"bot.cli.{module.name}"))
        sub = commands.add_parser(module.name, help=command.HELP, description=command.HELP)
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has gone, as with `| head`
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
