"""Schema: the migrations end where the tables are, old databases are brought there, newer ones refused."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from resatt_studio.errors import ProjectError
from resatt_studio.store.engine import open_engine, sqlite_url
from resatt_studio.store.schema import SCHEMA_VERSIONS, metadata
from resatt_studio.store.upgrade import MIGRATIONS, schema_version, upgrade


def test_the_migrations_lead_to_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "x.sqlite3"))
    assert schema_version(engine) == ""
    assert upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_list_of_versions_is_that_of_the_migration_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert tuple(reversed([step.revision for step in script.walk_revisions()])) == SCHEMA_VERSIONS


@pytest.mark.parametrize("name", ["a b", "100%", "wände [1] #?&", "裂缝"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    engine = open_engine(sqlite_url(folder / "x.sqlite3"))
    upgrade(engine)
    engine.dispose()
    assert (folder / "x.sqlite3").stat().st_size > 0


def test_a_current_database_needs_no_upgrade_and_no_alembic(empty_database: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from resatt_studio.store.engine import open_engine, sqlite_url\n"
        "from resatt_studio.store.samples import SampleStore\n"
        "from resatt_studio.store.versions import WeightsShelf\n"
        "from resatt_studio.store.upgrade import upgrade\n"
        "assert not upgrade(open_engine(sqlite_url(Path(sys.argv[1]))))\n"
        "print(sorted({'alembic', 'torch', 'scipy', 'skimage'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(empty_database)], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path, empty_database: Path) -> None:
    path = tmp_path / "x.sqlite3"
    path.write_bytes(empty_database.read_bytes())
    engine = open_engine(sqlite_url(path))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ProjectError, match="newer") as caught:
        upgrade(engine)
    assert "newer ResAtt Studio" in caught.value.hint
    assert schema_version(engine) == "9999"
    engine.dispose()


def test_the_newest_migration_can_be_run_on_a_postgresql_server() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    step = ScriptDirectory.from_config(config).get_revision(SCHEMA_VERSIONS[-1])
    written = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        opts={"as_sql": True, "output_buffer": written, "target_metadata": metadata},
    )
    with Operations.context(context):
        step.module.upgrade()
    wanted = CreateTable(metadata.tables["reviews"]).compile(dialect=postgresql.dialect())
    assert _words(str(wanted)) == _words(written.getvalue().partition(";")[0])
    assert "INSERT INTO reviews" in written.getvalue()


def _words(statement: str) -> list[str]:
    """Columns and constraints of a CREATE TABLE in any order."""
    return sorted(line.strip().rstrip(",").strip() for line in statement.strip().splitlines())


def test_every_table_can_be_made_on_a_postgresql_server() -> None:
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect)).strip().startswith("CREATE TABLE")
        for index in table.indexes:
            assert "CREATE" in str(CreateIndex(index).compile(dialect=dialect))
