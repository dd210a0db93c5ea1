"""The options of commands: declared, read and checked."""
