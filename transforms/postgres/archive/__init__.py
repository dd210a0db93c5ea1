"""pg_dump's archive: written by the client programs, and what its table of contents and SQL say."""
