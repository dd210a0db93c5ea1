"""The steps that workers do in a backup, one after the other, without the engine and the command."""

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from transforms.backup_work import BackupWork, index_group
from transforms.vault.format.index import IndexFile

READERS = 2


def backup_rows(work: BackupWork) -> list[IndexFile]:
    """Plan, read, write shards and write the index: the steps of `transforms.backup.Backup` up to the commit."""
    portions = [portion for number in work.plans(None) for portion in work.plan(number)]
    with ThreadPoolExecutor(READERS) as readers:
        receipts = list(readers.map(work.backup_portion, portions))
    return [work.write_index(group) for group in groupby(receipts, index_group)]
