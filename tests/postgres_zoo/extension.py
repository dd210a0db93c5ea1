"""An extension with configuration tables, which no extension of PostgreSQL's own has.

From PostgreSQL 18 on an extension may lie in a folder of its own (`extension_control_path`), so that the server's
installation stays as it is.
"""

from tests.servers.postgres_server import PostgresServer

NAME = "zoo_settings"
CONTROL = """\
comment = 'what the keepers may set'
default_version = '1.0'
relocatable = false
superuser = false
schema = settings
"""
SCRIPT = """\
CREATE TABLE choices (name text PRIMARY KEY, value jsonb, built_in boolean NOT NULL DEFAULT false);
INSERT INTO choices VALUES ('water', '"daily"', true), ('light', '12', true);
CREATE SEQUENCE choice_numbers;
CREATE TABLE history (number integer DEFAULT nextval('choice_numbers'), said timestamptz, who text);
CREATE TABLE fixed (code integer);
INSERT INTO fixed VALUES (1), (2);
SELECT pg_catalog.pg_extension_config_dump('choices', 'WHERE NOT built_in');
SELECT pg_catalog.pg_extension_config_dump('history', '');
SELECT pg_catalog.pg_extension_config_dump('choice_numbers', '');
"""


def install(server: PostgresServer) -> None:
    """Let a server find the extension; every database of it may create it from then on."""
    folder = server.data / "zoo" / "extension"
    if folder.exists():
        return
    folder.mkdir(parents=True)
    (folder / f"{NAME}.control").write_text(CONTROL)
    (folder / f"{NAME}--1.0.sql").write_text(SCRIPT)
    for path in (folder.parent, folder, *folder.iterdir()):
        path.chmod(0o755)
    server.sql(f"ALTER SYSTEM SET extension_control_path = '$system:{folder.parent}'")
    server.sql("SELECT pg_reload_conf()")
