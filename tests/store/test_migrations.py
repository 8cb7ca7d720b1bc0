"""The migrations, up and down, with rows in every table, on both databases."""

import ast
import os
import subprocess
import sys

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlmodel import SQLModel

from app.settings import ROOT
from app.store.db.database import (
    find_newest_revision,
    migration_config,
    read_schema_revision,
    upgrade_schema,
)
from app.store.db.server_records import list_served_rulebooks
from tests.store.rows import A_ROW_OF, fill


def test_every_table_has_a_row_here_to_be_migrated_with() -> None:
    assert set(A_ROW_OF) == set(SQLModel.metadata.tables)


def test_no_migration_imports_the_program_that_goes_on_changing() -> None:
    files = [ROOT / "migrations/append_only.py", *(ROOT / "migrations/versions").glob("*.py")]
    assert len(files) > 6
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            assert not [name for name in (*names, module) if name.split(".")[0] == "app"], file


def test_the_newest_migration_is_known_by_its_file(
    database: Engine, empty_database: Engine
) -> None:
    head = ScriptDirectory.from_config(migration_config(database)).get_current_head()
    assert find_newest_revision() == read_schema_revision(database) == head
    assert read_schema_revision(empty_database) is None


def test_the_migrations_and_the_tables_agree(database: Engine) -> None:
    command.check(migration_config(database))


def test_the_migrations_go_up_down_and_up_again_with_rows_in_every_table(
    empty_database: Engine,
) -> None:
    config = migration_config(empty_database)
    upgrade_schema(empty_database)
    fill(empty_database)

    command.downgrade(config, "base")
    assert set(inspect(empty_database).get_table_names()) == {"alembic_version"}

    upgrade_schema(empty_database)
    fill(empty_database)
    command.check(config)


def test_each_step_can_be_taken_back_alone_with_rows_in_every_table(database: Engine) -> None:
    config = migration_config(database)
    for revision in ScriptDirectory.from_config(config).walk_revisions():
        fill(database)
        command.downgrade(config, f"{revision.revision}-1")
        upgrade_schema(database)
    command.check(config)


def test_an_upgrade_that_has_nothing_to_do_keeps_every_row(database: Engine) -> None:
    fill(database)
    upgrade_schema(database)
    assert len(list_served_rulebooks(database)) == 1


def test_servers_that_start_at_once_wait_for_each_other(empty_database: Engine) -> None:
    address = empty_database.url.render_as_string(hide_password=False)
    start = [sys.executable, "-m", "alembic", "upgrade", "head"]
    environment = os.environ | {"CALCINOSIS_DATABASE_URL": address}
    servers = [
        subprocess.Popen(start, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [server.communicate()[1] for server in servers]
    assert [server.returncode for server in servers] == [0, 0, 0], said
    command.check(migration_config(empty_database))
