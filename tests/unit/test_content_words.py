"""A wrong content file is explained in words of its own, not in a library's."""

from pathlib import Path

import pytest

from evaluators.content import Content, read
from evaluators.errors import ContentError


class Sheet(Content):
    """A small one."""

    name: str
    count: int = 1
    share: float = 0.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n- b\n", r"sheet\.yaml:1: this is to be fields with their values"),
        ("count: 2\n", r"sheet\.yaml:1: name: this field is missing"),
        ("name: a\ncount: many\n", r"sheet\.yaml:2: count: this is to be a whole number, not 'man"),
        ("name: a\nshare: [1]\n", r"sheet\.yaml:2: share: this is to be a number$"),
        ("name: a\ncuont: 2\n", r"sheet\.yaml:2: cuont: there is no field of this name"),
        ("name: 5\n", r"sheet\.yaml:1: name: this is to be text, not 5"),
    ],
)
def test_a_mistake_is_said_plainly(tmp_path: Path, text: str, said: str) -> None:
    """Kind, absence and unknown fields are said with the line and without class names."""
    path = tmp_path / "sheet.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=said):
        read(path, Sheet)
