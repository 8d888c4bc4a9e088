"""Photos remember what their surface looks like; those that were predicted before are described when next
predicted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("photos", sa.Column("surface", sa.LargeBinary(), nullable=True))
