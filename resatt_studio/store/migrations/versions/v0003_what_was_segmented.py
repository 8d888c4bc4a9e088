"""Predictions, and samples made of them, say whether the photo or the dehazed photo was segmented.

What is there already came from the photo itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unique = op.f("uq_predictions_photo_id")
    with op.batch_alter_table("predictions") as table:
        table.add_column(sa.Column("dehazer_id", sa.String(64), nullable=False, server_default=""))
        table.drop_constraint(unique, type_="unique")
        table.create_unique_constraint(unique, ["photo_id", "weights_id", "dehazer_id"])
    op.add_column("samples", sa.Column("dehazer_id", sa.String(64), nullable=False, server_default=""))
