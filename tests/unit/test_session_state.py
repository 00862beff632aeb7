"""The conversation's state as it is stored."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.session import Pending, Session

words = st.text(max_size=20)
pendings = st.builds(
    Pending,
    st.sampled_from(["answer", "reason", "confirm", "walk"]),
    words,
    st.dictionaries(
        words, st.one_of(words, st.integers(), st.lists(words, max_size=3)), max_size=3
    ),
)
sessions = st.builds(
    Session,
    language=st.sampled_from(["zh", "en"]),
    case=st.one_of(st.none(), st.integers(0, 10**6)),
    asked=st.integers(0, 10**6),
    pending=st.one_of(st.none(), pendings),
    trail=st.lists(words, max_size=5).map(tuple),
    last=words,
    part_only=st.booleans(),
)


@given(sessions)
def test_a_session_comes_back_as_it_was_stored(session: Session) -> None:
    """Storing a session as JSON and reading it gives the same session."""
    assert session == Session.from_json(json.loads(json.dumps(session.to_json())))


def test_a_session_of_an_earlier_release_is_read() -> None:
    """Fields that are missing take their usual value."""
    assert Session() == Session.from_json({})
