"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("weights_id", sa.String(length=64), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_table(
        "photo_groups",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("split", sa.String(length=16), nullable=True),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.String(length=40), nullable=True),
        sa.CheckConstraint("split IN ('train', 'validation')", name=op.f("ck_photo_groups_split")),
        sa.CheckConstraint("(split IS NULL) = (turn IS NULL)", name=op.f("ck_photo_groups_decided")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_photo_groups")),
        sa.UniqueConstraint("turn", name=op.f("uq_photo_groups_turn")),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("sample_ids", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("weights_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("started_at", sa.String(length=40), nullable=False),
        sa.Column("ended_at", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'finished', 'stopped', 'failed')", name=op.f("ck_runs_state")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )
    op.create_table(
        "weights",
        sa.Column("weights_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("parent", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "state IN ('candidate', 'active', 'retired', 'refused')", name=op.f("ck_weights_state")
        ),
        sa.PrimaryKeyConstraint("weights_id", name=op.f("pk_weights")),
        sa.UniqueConstraint("number", name=op.f("uq_weights_number")),
    )
    op.create_index(
        "one_active_version_per_model",
        "weights",
        ["model"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "activations",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("weights_id", sa.String(length=64), nullable=False),
        sa.Column("taken_back", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["weights_id"], ["weights.weights_id"], name=op.f("fk_activations_weights_id_weights")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activations")),
    )
    op.create_index(op.f("ix_activations_model"), "activations", ["model"], unique=False)
    op.create_table(
        "photos",
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("arrival", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("orientation", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.String(length=40), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("group_name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added_at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_name"], ["photo_groups.name"], name=op.f("fk_photos_group_name_photo_groups")
        ),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_photos")),
        sa.UniqueConstraint("arrival", name=op.f("uq_photos_arrival")),
    )
    op.create_index(op.f("ix_photos_group_name"), "photos", ["group_name"], unique=False)
    op.create_table(
        "run_points",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Float(), nullable=True),
        sa.Column("dice", sa.Float(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_points_run_id_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_points")),
    )
    op.create_index(op.f("ix_run_points_run_id"), "run_points", ["run_id"], unique=False)
    op.create_table(
        "correction_tiles",
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("tile_row", sa.Integer(), nullable=False),
        sa.Column("tile_column", sa.Integer(), nullable=False),
        sa.Column("labels", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.photo_id"], name=op.f("fk_correction_tiles_photo_id_photos")
        ),
        sa.PrimaryKeyConstraint("photo_id", "tile_row", "tile_column", name=op.f("pk_correction_tiles")),
    )
    op.create_table(
        "edits",
        sa.Column("edit_id", sa.String(length=32), nullable=False),
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("state IN ('done', 'undone', 'discarded')", name=op.f("ck_edits_state")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.photo_id"], name=op.f("fk_edits_photo_id_photos")),
        sa.PrimaryKeyConstraint("edit_id", name=op.f("pk_edits")),
        sa.UniqueConstraint("photo_id", "seq", name=op.f("uq_edits_photo_id")),
    )
    op.create_table(
        "label_answers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.photo_id"], name=op.f("fk_label_answers_photo_id_photos")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_answers")),
    )
    op.create_index(op.f("ix_label_answers_photo_id"), "label_answers", ["photo_id"], unique=False)
    op.create_table(
        "predictions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("weights_id", sa.String(length=64), nullable=False),
        sa.Column("probability_blob", sa.String(length=64), nullable=False),
        sa.Column("mean_entropy", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.photo_id"], name=op.f("fk_predictions_photo_id_photos")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictions")),
        sa.UniqueConstraint("photo_id", "weights_id", name=op.f("uq_predictions_photo_id")),
    )
    op.create_table(
        "samples",
        sa.Column("sample_id", sa.String(length=64), nullable=False),
        sa.Column("arrival", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("labels_blob", sa.String(length=64), nullable=False),
        sa.Column("predicted_blob", sa.String(length=64), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.photo_id"], name=op.f("fk_samples_photo_id_photos")),
        sa.PrimaryKeyConstraint("sample_id", name=op.f("pk_samples")),
        sa.UniqueConstraint("arrival", name=op.f("uq_samples_arrival")),
    )
    op.create_index(op.f("ix_samples_photo_id"), "samples", ["photo_id"], unique=False)
    op.create_index(
        "one_current_sample_per_photo",
        "samples",
        ["photo_id"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "weights_samples",
        sa.Column("weights_id", sa.String(length=64), nullable=False),
        sa.Column("sample_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["samples.sample_id"], name=op.f("fk_weights_samples_sample_id_samples")
        ),
        sa.ForeignKeyConstraint(
            ["weights_id"], ["weights.weights_id"], name=op.f("fk_weights_samples_weights_id_weights")
        ),
        sa.PrimaryKeyConstraint("weights_id", "sample_id", name=op.f("pk_weights_samples")),
    )
