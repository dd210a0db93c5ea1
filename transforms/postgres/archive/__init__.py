"""pg_dump's archive: how it is written, and how its table of contents and its SQL are read."""
