"""Alembic's entry: runs the migrations in one transaction against the configured database."""

import sqlalchemy as sa
from alembic import context

from bot.store import tables

config = context.config
target = tables.metadata


def run() -> None:
    engine = sa.create_engine(config.get_main_option("sqlalchemy.url", ""))
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA busy_timeout=30000")
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            # Alone from the first look on, or two first starts would both create the tables.
            connection.commit()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(74686)")
        context.configure(connection=connection, target_metadata=target, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
