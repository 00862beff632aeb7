"""Which workers are alive on a shared database, and whose work has to be taken over.

Only for PostgreSQL: on SQLite there is one worker, and the next one takes up its own work.
"""

from datetime import timedelta

import sqlalchemy as sa

SILENT_S = 10.0  # without a beat for so long, a worker counts as dead

_metadata = sa.MetaData(schema="dbos")  # beside the engine's own tables, apart from ours
_beat = sa.Table(
    "smsvet_worker",
    _metadata,
    sa.Column("executor", sa.String, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)


class Heartbeat:
    """Beats for one executor and finds those that have fallen silent, by the database's clock."""

    def __init__(self, engine: sa.Engine, executor: str) -> None:
        self._engine, self._executor = engine, executor
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(74687)"))
            _metadata.create_all(connection)

    def beat(self) -> None:
        with self._engine.begin() as connection:
            done = connection.execute(
                sa.update(_beat).where(_beat.c.executor == self._executor).values(at=sa.func.now())
            )
            if not done.rowcount:
                connection.execute(
                    sa.insert(_beat).values(executor=self._executor, at=sa.func.now())
                )

    def silent(self) -> list[str]:
        """Executors that have not beaten for `SILENT_S`."""
        late = _beat.c.at < sa.func.now() - timedelta(seconds=SILENT_S)
        with self._engine.connect() as connection:
            return list(connection.scalars(sa.select(_beat.c.executor).where(late)))

    def forget(self, executor: str) -> None:
        """Its work has been given to others."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_beat).where(_beat.c.executor == executor))
