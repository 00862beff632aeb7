"""How strong a piece of evidence is: claimed < documented < verified < measured."""

from enum import IntEnum


class Level(IntEnum):
    """The evidence level behind an answer (E0 to E4 of the scoring model)."""

    NONE = 0
    CLAIMED = 1  # somebody said so
    DOCUMENTED = 2  # a paper shows it
    VERIFIED = 3  # an official look-up or a third party confirms it
    MEASURED = 4  # we tested it

    @property
    def word(self) -> str:
        """The name used in data files, tables and JSON."""
        return self.name.lower()


def level(word: str) -> Level:
    """Level from its word; raises KeyError for an unknown one."""
    return Level[word.upper()]
