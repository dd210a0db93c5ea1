"""A second room: tables in this process's memory, which prove that the transforms know no database."""
