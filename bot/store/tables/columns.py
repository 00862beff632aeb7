"""How columns are written down; one place for names of constraints."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    LargeBinary,
    MetaData,
    text,
)
from sqlmodel import Field, SQLModel

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {  # without names, no constraint can be changed later
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def json() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def json_added() -> Any:
    """A column that older rows were given: the database knows what to put there."""
    column = Column(JSON, nullable=False, server_default=text("'{}'"))
    return Field(default_factory=dict, sa_column=column)


def added(default: Any, stored: str) -> Any:
    return Field(default=default, sa_column_kwargs={"server_default": text(stored)})


def sealed(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


def nanoseconds() -> Any:
    return Field(default=None, sa_column=Column(BigInteger, nullable=True))
