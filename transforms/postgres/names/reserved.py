"""The schema that Shardkeep keeps for itself in a target: the ledger of a restore. No backup holds it."""

LEDGER = "shardkeep_restore"
