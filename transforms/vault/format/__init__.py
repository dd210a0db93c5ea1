"""The format of a vault's objects, as docs/vault.md specifies it: names, encoding and decoding."""
