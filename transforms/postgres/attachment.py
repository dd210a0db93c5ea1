"""Checks the attachments of a PostgreSQL backup, without a server."""

from transforms.postgres.archive.dump import ATTACHMENT as ARCHIVE
from transforms.postgres.archive.toc import parse
from transforms.postgres.inventory.inventory import ATTACHMENT as INVENTORY
from transforms.postgres.inventory.inventory import parse_inventory


def check_attachment(name: str, data: bytes) -> None:
    """See `transforms.source.CheckAttachment`."""
    if name == ARCHIVE:
        parse(data)
    elif name == INVENTORY:
        parse_inventory(data)
