"""What a vault's objects are called and made of, read and written; what it says is in docs/vault.md."""
