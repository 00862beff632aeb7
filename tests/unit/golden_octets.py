"""Messages laid out by hand: hexadecimal octets, two blanks, and what they are."""

from pathlib import Path


def octets(path: Path) -> bytes:
    """The octets of one such file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return bytes.fromhex("".join(line.split("  ")[0] for line in lines))
