"""Photos are looked up by their path whenever one is added."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_photos_path"), "photos", ["path"], unique=False)
