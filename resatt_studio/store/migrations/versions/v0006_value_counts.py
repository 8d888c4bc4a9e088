"""Predictions say how many of their pixels have each value, so that doubt is known without reading them;
older ones are counted when the project is next opened in the window, or ranked by the terminal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("value_counts", sa.LargeBinary(), nullable=True))
