"""Named states of a photo's correction, each with the labels as they were, so that it can be gone back to
also after other strokes have taken the place of those that led to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("checkpoint_id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column(
            "photo_id",
            sa.String(64),
            sa.ForeignKey("photos.photo_id", name="fk_checkpoints_photo_id_photos"),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("edit_id", sa.String(32), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(40), nullable=False),
    )
    op.create_index("ix_checkpoints_photo_id", "checkpoints", ["photo_id"])
    op.create_table(
        "checkpoint_tiles",
        sa.Column(
            "checkpoint_id",
            sa.Integer(),
            sa.ForeignKey("checkpoints.checkpoint_id", name="fk_checkpoint_tiles_checkpoint_id_checkpoints"),
            primary_key=True,
        ),
        sa.Column("tile_row", sa.Integer(), primary_key=True),
        sa.Column("tile_column", sa.Integer(), primary_key=True),
        sa.Column("labels", sa.LargeBinary(), nullable=False),
    )
