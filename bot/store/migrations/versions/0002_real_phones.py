"""Real phones and what they show; receipts that vendors push; more about numbers and runs.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-22
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("token", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("reach_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("beat_every_s", sa.Integer(), nullable=False),
        sa.Column("beat_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("reread_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("clock_samples", sa.JSON(), nullable=False),
        sa.Column("clock_offset_ms", sa.Integer(), nullable=True),
        sa.Column("clock_unsure_ms", sa.Integer(), nullable=True),
        sa.Column("trouble", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("retired_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["number_id"], ["number.id"], name=op.f("fk_handset_number_id_number")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_handset_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handset")),
        sa.UniqueConstraint("name", name=op.f("uq_handset_name")),
        sa.UniqueConstraint("token", name=op.f("uq_handset_token")),
    )
    with op.batch_alter_table("handset", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handset_number_id"), ["number_id"], unique=False)

    op.create_table(
        "control",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handset_id", sa.Integer(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["handset_id"], ["handset.id"], name=op.f("fk_control_handset_id_handset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control")),
    )
    with op.batch_alter_table("control", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_control_handset_id"), ["handset_id"], unique=False)

    op.create_table(
        "presence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handset_id", sa.Integer(), nullable=False),
        sa.Column("from_ns", sa.BigInteger(), nullable=False),
        sa.Column("upto_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["handset_id"], ["handset.id"], name=op.f("fk_presence_handset_id_handset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence")),
    )
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_presence_handset_id"), ["handset_id"], unique=False)

    op.create_table(
        "pushed_receipt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("came_ns", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("err", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reported_ns", sa.BigInteger(), nullable=True),
        sa.Column("raw_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_pushed_receipt_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushed_receipt")),
    )
    with op.batch_alter_table("pushed_receipt", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pushed_receipt_connection_id", ["connection_id", "taken", "id"], unique=False
        )

    op.create_table(
        "sighting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handset_id", sa.Integer(), nullable=False),
        sa.Column("sender", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("received_ns", sa.BigInteger(), nullable=False),
        sa.Column("came_ns", sa.BigInteger(), nullable=False),
        sa.Column("unsure_ms", sa.Integer(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purge_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["handset_id"], ["handset.id"], name=op.f("fk_sighting_handset_id_handset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sighting")),
        sa.UniqueConstraint("handset_id", "digest", name=op.f("uq_sighting_handset_id")),
    )
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sighting_body"), ["body"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_purge_at"), ["purge_at"], unique=False)

    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("facts", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_journal_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journal_run_id"), ["run_id"], unique=False)

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("filed", sa.JSON(), server_default=sa.text("'{}'"), nullable=False)
        )

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("handset_source", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.add_column(sa.Column("handset_unsure_ms", sa.Integer(), nullable=True))

    with op.batch_alter_table("number", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ported", sa.Boolean(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "region",
                sqlmodel.sql.sqltypes.AutoString(),
                server_default=sa.text("''"),
                nullable=False,
            )
        )
        batch_op.add_column(
            sa.Column(
                "country",
                sqlmodel.sql.sqltypes.AutoString(),
                server_default=sa.text("'CN'"),
                nullable=False,
            )
        )
        batch_op.add_column(
            sa.Column("announced", sa.Boolean(), server_default=sa.text("false"), nullable=False)
        )
        batch_op.add_column(
            sa.Column("dead", sa.Boolean(), server_default=sa.text("false"), nullable=False)
        )

    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "test",
                sqlmodel.sql.sqltypes.AutoString(),
                server_default=sa.text("'arrival'"),
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("pair_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("facts", sa.JSON(), server_default=sa.text("'{}'"), nullable=False)
        )


def downgrade() -> None:
    for table, columns in _ADDED.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
    for table in ("journal", "sighting", "pushed_receipt", "presence", "control", "handset"):
        op.drop_table(table)


_ADDED = {
    "connection": ("filed",),
    "message": ("handset_source", "handset_unsure_ms"),
    "number": ("ported", "region", "country", "announced", "dead"),
    "run": ("test", "pair_id", "facts"),
}
