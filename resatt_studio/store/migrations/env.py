"""Alembic's entry point: runs the steps on the connection, and in the transaction, of ``store.upgrade``."""

from __future__ import annotations

from alembic import context

from resatt_studio.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
