"""Names of SQL as people write them: identifiers, patterns, and what they select."""
