"""Who approved a photo, who agreed as the second reader or sent it back with a note, one after the other; the
chain begins with the approvals that older versions kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column(
            "photo_id",
            sa.String(64),
            sa.ForeignKey("photos.photo_id", name="fk_reviews_photo_id_photos"),
            nullable=False,
        ),
        sa.Column(
            "sample_id",
            sa.String(64),
            sa.ForeignKey("samples.sample_id", name="fk_reviews_sample_id_samples"),
            nullable=False,
        ),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.CheckConstraint("act IN ('approved', 'agreed', 'sent-back')", name=op.f("ck_reviews_act")),
    )
    op.create_index("ix_reviews_photo_id", "reviews", ["photo_id"])
    # Of a photo that was approved several times, the newest approval is that of its current sample.
    op.execute(
        "INSERT INTO reviews (photo_id, sample_id, act, note, author, made_at) "
        "SELECT photo_id, sample_id, 'approved', '', author, made_at FROM samples ORDER BY made_at, arrival"
    )
