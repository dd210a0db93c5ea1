"""The demonstration's second part: a PostgreSQL database is backed up while somebody writes to it, and restored."""

import psycopg

from docs.demo import postgres_tables
from docs.demo.postgres_proof import Proof
from docs.demo.postgres_writer import FlightWriter
from docs.demo.story import VAULT, count_shards, say, shardkeep, show_a_record
from tests.servers.postgres_server import PostgresServer, newest, running

DATABASE, COPY = "flights", "flights_restored"


def demonstrate() -> bool:
    """Whether the restored database equals the original as of the backup's snapshot."""
    with running(newest()) as server:
        _load(server)
        source = f"--source=postgres+{server.host}+{server.port}+{DATABASE}"
        with FlightWriter(server.url(DATABASE), postgres_tables.later_flights()) as writer:
            before = writer.committed
            shardkeep("postgres-backup", f"--vault={VAULT}", f"--database={server.url(DATABASE)}")
            after = writer.committed
        shardkeep("verify", f"--vault={VAULT}", "--backup=latest", source, "--level=L3")
        place = (f"--database={server.url(COPY)}", "--create_database")
        shardkeep("postgres-restore", f"--vault={VAULT}", "--backup=latest", source, *place)
        same = _compare(Proof(server, DATABASE, COPY), before, after)
    say(f"The backup is yours: {count_shards('postgres')} Avro files below {VAULT}. Any Avro reader reads them:")
    show_a_record("postgres", "public+flights")
    return same


def _load(server: PostgresServer) -> None:
    say(f"Loading flights, planes, airports, airlines and weather into PostgreSQL {server.binaries.major} ...")
    server.sql(f"CREATE DATABASE {DATABASE}")
    server.sql(postgres_tables.SCHEMA, DATABASE)
    with psycopg.connect(server.url(DATABASE)) as connection:
        for table, rows in postgres_tables.small_tables().items():
            _copy(connection, table, rows)
        flights = postgres_tables.first_flights()
        summary = (len(flights), sum(flight[-1] for flight in flights))
        connection.execute("INSERT INTO batches VALUES (0, %s, %s)", summary)
        _copy(connection, "flights", flights)
    server.sql("ANALYZE", DATABASE)


def _copy(connection: "psycopg.Connection[postgres_tables.Row]", table: str, rows: list[postgres_tables.Row]) -> None:
    command = f"COPY {table} ({postgres_tables.COLUMNS[table]}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(command.encode()) as copy:
        for row in rows:
            copy.write_row(row)
    print(f"{table}: {len(rows):,} rows")


def _compare(proof: Proof, before: int, after: int) -> bool:
    batch = proof.last_batch()
    say(
        f"A writer had committed {before} batches of flights when the backup began and {after} when it ended. "
        f"The copy ends with batch {batch}. Comparing it with the original as of that moment ..."
    )
    checks = {
        "the snapshot lies within the backup": before <= batch <= after,
        **{f"{table}: {rows:,} rows, identical": same for table, rows, same in proof.tables(batch)},
        "each batch is whole: its flights are those that the writer counted": proof.batches_are_whole(),
        "the sequence has passed every id": proof.sequence_is_ahead(),
        "the view says the same": proof.views_agree(batch),
        "tables, keys, foreign keys, index, view, sequence: pg_dump prints the same schema": proof.schemas_agree(),
    }
    for what, holds in checks.items():
        print(f"{'yes' if holds else 'NO ':5}{what}")
    return all(checks.values())
