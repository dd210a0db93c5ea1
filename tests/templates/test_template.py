from pipelines.command.rooms import COMMANDS
from templates.template import TITLES, image_of, metadata_path


def test_each_template_is_the_module_of_a_command_and_has_metadata() -> None:
    modules = {command.module.removeprefix("pipelines.") for command in COMMANDS.values()}
    assert set(TITLES) <= modules
    assert all(metadata_path(template).is_file() for template in TITLES)
    assert len(set(TITLES.values())) == len(TITLES)


def test_images_share_a_prefix_and_a_tag() -> None:
    assert image_of("europe-docker.pkg.dev/p/r", "1", "verify") == "europe-docker.pkg.dev/p/r/verify:1"
