"""SQL names in options: identifiers, patterns, and what they select."""
