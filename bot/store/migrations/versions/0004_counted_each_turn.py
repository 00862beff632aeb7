"""Indexes for what is counted with every message: evaluations by walk, people still there.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-23
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_evaluation_walk", "evaluation", ["walk"])
    op.create_index("ix_person_left_at", "person", ["left_at"])


def downgrade() -> None:
    op.drop_index("ix_person_left_at", "person")
    op.drop_index("ix_evaluation_walk", "evaluation")
