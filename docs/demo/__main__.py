"""Back up and restore a Bigtable and a PostgreSQL database: `make demo`."""

import shutil
import sys

from docs.demo import bigtable, postgres
from docs.demo.story import FOLDER, VAULT, say


def main() -> int:
    """Run the demonstration; returns the exit code, 0 if everything came back."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    same = [bigtable.demonstrate(), postgres.demonstrate()]
    say("What to try next:")
    print(f"  .venv/bin/shardkeep list --vault={VAULT}")
    print(f"  .venv/bin/shardkeep show --vault={VAULT} --backup=latest --source=bigtable+demo-project+demo-instance")
    print("  invert a byte of a shard, and run verify again")
    print("  docs/vault.md: what lies in the vault, and how to read it without Shardkeep")
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
