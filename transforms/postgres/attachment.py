"""The attachments of a backup of PostgreSQL, read without a server."""

from transforms.postgres.archive import ATTACHMENT as ARCHIVE
from transforms.postgres.inventory import ATTACHMENT as INVENTORY
from transforms.postgres.inventory import parse_inventory
from transforms.postgres.toc import parse


def check_attachment(name: str, data: bytes) -> None:
    """See `transforms.source.CheckAttachment`."""
    if name == ARCHIVE:
        parse(data)
    elif name == INVENTORY:
        parse_inventory(data)
