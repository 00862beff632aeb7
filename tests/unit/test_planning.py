"""How a plan of a send test is told."""

import pytest

from bot.dialogue.proposing import roughly


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.2, 1),
        (29.4, 29),
        (59.6, 60),
        (80, 90),
        (899, 900),
        (929, 930),
        (86_300, 86_400),
        (259_679, 259_200),
    ],
)
def test_how_long_sending_lasts_is_said_roughly(seconds: float, expected: float) -> None:
    """Nobody reads that a test lasts 259,679 seconds."""
    assert expected == roughly(seconds)
