"""Tables and constraints of a project database, in portable column types only.

Times are ISO 8601 text with zone. Content hashes are 64 hex digits. The layout is explained for people in
``docs/PROJECT-FORMAT.md``; how old databases reach it, in ``migrations/versions``.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

SCHEMA_VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""Revisions of ``migrations/versions`` from oldest to newest; kept here so that opening a current database
needs no Alembic."""

_HASH = 64
_NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=_NAMING)

photo_groups = Table(
    "photo_groups",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("split", String(16)),
    Column("turn", Integer, unique=True),  # 0, 1, 2 ... in the order in which sides were decided
    Column("decided_at", String(40)),
    CheckConstraint("split IN ('train', 'validation')", name="split"),
    CheckConstraint("(split IS NULL) = (turn IS NULL)", name="decided"),
)

photos = Table(
    "photos",
    metadata,
    Column("photo_id", String(_HASH), primary_key=True),
    Column("arrival", Integer, nullable=False, unique=True),
    Column("path", Text, nullable=False, index=True),
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("orientation", Integer, nullable=False),
    Column("taken_at", String(40), nullable=False),
    Column("camera", Text, nullable=False),
    Column("group_name", String(255), ForeignKey("photo_groups.name"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("added_at", String(40), nullable=False),
    Column("surface", LargeBinary),  # its descriptor, float32 little-endian; NULL until it was predicted
)

edits = Table(
    "edits",
    metadata,
    Column("edit_id", String(32), primary_key=True),
    Column("photo_id", String(_HASH), ForeignKey("photos.photo_id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("data", LargeBinary, nullable=False),
    CheckConstraint("state IN ('done', 'undone', 'discarded')", name="state"),
    UniqueConstraint("photo_id", "seq"),
)

correction_tiles = Table(
    "correction_tiles",
    metadata,
    Column("photo_id", String(_HASH), ForeignKey("photos.photo_id"), primary_key=True),
    Column("tile_row", Integer, primary_key=True),
    Column("tile_column", Integer, primary_key=True),
    Column("labels", LargeBinary, nullable=False),  # zlib of the tile's bytes
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("checkpoint_id", Integer, primary_key=True, autoincrement=True),
    Column("photo_id", String(_HASH), ForeignKey("photos.photo_id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("edit_id", String(32), nullable=False),  # the newest done edit then, "" when there was none
    Column("author", Text, nullable=False),
    Column("made_at", String(40), nullable=False),
)

checkpoint_tiles = Table(
    "checkpoint_tiles",
    metadata,
    Column("checkpoint_id", Integer, ForeignKey("checkpoints.checkpoint_id"), primary_key=True),
    Column("tile_row", Integer, primary_key=True),
    Column("tile_column", Integer, primary_key=True),
    Column("labels", LargeBinary, nullable=False),  # as in correction_tiles
)

samples = Table(
    "samples",
    metadata,
    Column("sample_id", String(_HASH), primary_key=True),
    Column("arrival", Integer, nullable=False, unique=True),
    Column("photo_id", String(_HASH), ForeignKey("photos.photo_id"), nullable=False, index=True),
    Column("labels_blob", String(_HASH), nullable=False),
    Column("predicted_blob", String(_HASH), nullable=False),
    Column("dehazer_id", String(_HASH), nullable=False, server_default=""),  # of that prediction
    Column("threshold", Float, nullable=False, server_default="0.5"),  # at which it was shown
    Column("complete", Boolean, nullable=False),
    Column("is_current", Boolean, nullable=False),  # False once a later approval of the photo replaced it
    Column("author", Text, nullable=False),
    Column("made_at", String(40), nullable=False),
)
Index(
    "one_current_sample_per_photo",
    samples.c.photo_id,
    unique=True,
    sqlite_where=samples.c.is_current,
    postgresql_where=samples.c.is_current,
)

reviews = Table(  # the chain of each photo, newest last; only ever added to
    "reviews",
    metadata,
    Column("review_id", Integer, primary_key=True, autoincrement=True),
    Column("photo_id", String(_HASH), ForeignKey("photos.photo_id"), nullable=False, index=True),
    Column("sample_id", String(_HASH), ForeignKey("samples.sample_id"), nullable=False),
    Column("act", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("made_at", String(40), nullable=False),
    CheckConstraint("act IN ('approved', 'agreed', 'sent-back')", name="act"),
)

label_answers = Table(
    "label_answers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("photo_id", String(_HASH), ForeignKey("photos.photo_id"), nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("made_at", String(40), nullable=False),
)

predictions = Table(
    "predictions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("photo_id", String(_HASH), ForeignKey("photos.photo_id"), nullable=False),
    Column("weights_id", String(_HASH), nullable=False),
    Column("probability_blob", String(_HASH), nullable=False),
    Column("mean_entropy", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("device", Text, nullable=False),
    Column("made_at", String(40), nullable=False),
    Column("dehazer_id", String(_HASH), nullable=False, server_default=""),  # "" for the photo itself
    Column("value_counts", LargeBinary),  # pixels with each of the 256 values, uint32 little-endian
    UniqueConstraint("photo_id", "weights_id", "dehazer_id"),
)

weights = Table(
    "weights",
    metadata,
    Column("weights_id", String(_HASH), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("model", String(64), nullable=False),
    Column("config", JSON, nullable=False),
    Column("header", JSON, nullable=False),  # the rest of the file's header, all strings
    Column("file_hash", String(_HASH), nullable=False),
    Column("parent", String(_HASH), nullable=False),
    Column("state", String(16), nullable=False),
    Column("scores", JSON, nullable=False),  # before, after, reference_before, reference_after, labels
    Column("reliability", JSON),  # before, after: of the probabilities of a network that was judged
    Column("threshold", Float),  # that draws its best mask on what judged it
    Column("undecided", Boolean, nullable=False, server_default=false()),  # refused for want of evidence
    Column("reason", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("made_at", String(40), nullable=False),
    CheckConstraint("state IN ('candidate', 'active', 'retired', 'refused')", name="state"),
)
Index(
    "one_active_version_per_model",
    weights.c.model,
    unique=True,
    sqlite_where=weights.c.state == "active",
    postgresql_where=weights.c.state == "active",
)

weights_samples = Table(
    "weights_samples",
    metadata,
    Column("weights_id", String(_HASH), ForeignKey("weights.weights_id"), primary_key=True),
    Column("sample_id", String(_HASH), ForeignKey("samples.sample_id"), primary_key=True),
)

activations = Table(  # a stack per model: promoting pushes, rolling back marks the top as taken back
    "activations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("model", String(64), nullable=False, index=True),
    Column("weights_id", String(_HASH), ForeignKey("weights.weights_id"), nullable=False),
    Column("taken_back", Boolean, nullable=False),
    Column("made_at", String(40), nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=True),
    Column("base", String(_HASH), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("sample_ids", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("weights_id", String(_HASH), nullable=False),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("started_at", String(40), nullable=False),
    Column("ended_at", String(40), nullable=False),
    CheckConstraint("state IN ('running', 'finished', 'stopped', 'failed')", name="state"),
)

run_points = Table(
    "run_points",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Integer, ForeignKey("runs.run_id"), nullable=False, index=True),
    Column("step", Integer, nullable=False),
    Column("loss", Float),
    Column("dice", Float),
    Column("seconds", Float, nullable=False),
    Column("phase", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("photo_id", String(_HASH), nullable=False),
    Column("weights_id", String(_HASH), nullable=False),
    Column("author", Text, nullable=False),
    Column("made_at", String(40), nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("value", JSON, nullable=False),
)
