"""Versions keep how reliable their probabilities are, their threshold, and whether the gate was undecided;
samples keep the threshold at which their prediction was approved.

Until now every mask was approved and judged at the project's own threshold. A project whose threshold was
changed by hand keeps it as its own; the others follow the version in use.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

USUAL = 0.5


def upgrade() -> None:
    op.add_column("weights", sa.Column("reliability", sa.JSON, nullable=True))
    op.add_column("weights", sa.Column("threshold", sa.Float, nullable=True))
    undecided = sa.Column("undecided", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("weights", undecided)
    op.add_column("samples", sa.Column("threshold", sa.Float, nullable=False, server_default="0.5"))
    settings = sa.table("settings", sa.column("key", sa.String), sa.column("value", sa.JSON))
    connection = op.get_bind()
    kept = connection.scalar(sa.select(settings.c.value).where(settings.c.key == "threshold"))
    if kept is not None and kept != USUAL:
        connection.execute(sa.insert(settings).values(key="threshold_automatic", value=False))
        connection.execute(sa.text("UPDATE samples SET threshold = :kept"), {"kept": float(kept)})
