"""The options for a vault, a backup in it, and the sizes of its parts."""

from pipelines.command.options.arguments import OptionParser

_EXAMPLE = "gs://my-bucket/backups"
BACKUP = "id of the backup, the beginning or the end of one that no other has, SOURCE/ID, or latest"


def add_written_vault(parser: OptionParser) -> None:
    """Declare the options that name the vault that a backup is written to."""
    parser.group("Vault")
    parser.add_folder("--vault", "folder of the vault; made if it is not there", written=True, example=_EXAMPLE)
    parser.add_text("--name", "your name for the backup", label="Name of the backup", example="before the migration")


def add_backup(parser: OptionParser, source: str) -> None:
    """Declare the options that name a backup in a vault; `source` is an example of a source's folder."""
    parser.group("Backup")
    parser.add_folder("--vault", "folder of the vault", written=False, example=_EXAMPLE)
    parser.add_text(
        "--backup",
        BACKUP,
        required=True,
        example="latest",
        pattern="^([^/]+/)?[0-9A-Za-z-]+$",
    )
    parser.add_text(
        "--name",
        "only a backup that you gave this name, for latest as well",
        label="Name of the backup",
        example="nightly",
    )
    parser.add_text(
        "--source",
        "the backup's source, a folder's name in the vault; needed for latest if the vault has several",
        example=source,
        pattern="^[^/]+$",
    )


def add_sizes(parser: OptionParser) -> None:
    """Declare the options for the sizes of a backup's parts."""
    parser.group("Sizes")
    parser.add_size("--chunk_size", "bytes of records in a chunk", default="1MiB")
    parser.add_size("--shard_size", "bytes on disk in the source that a shard holds at most, about", default="256MiB")
    parser.add_count(
        "--ranges", "ranges that each table is cut into; by default as many as its size asks for", example="64"
    )


def add_output(parser: OptionParser, printed: str, *, plan: bool) -> None:
    """Declare the options for output and, with `plan`, for only showing the plan; templates do not have them."""
    parser.group("Output")
    if plan:
        parser.add_flag("--plan_only", "show what would be done, and write nothing", template=False)
    parser.add_flag("--json", f"print {printed} as JSON", template=False)
