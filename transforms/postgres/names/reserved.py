"""The name of Shardkeep's own schema in a target, with the ledger of a restore. It is never backed up."""

LEDGER = "shardkeep_restore"
