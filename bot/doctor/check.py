"""What is looked at, and what was found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing looked at; `advice` says what to do where it is not fine."""

    name: str
    fine: bool
    found: str
    advice: str = ""
