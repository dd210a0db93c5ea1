"""Bigtable for launches: tables to back up, damage to a backup, and how large a staged job is."""

import json
from dataclasses import replace

from google.cloud.bigtable_admin_v2.types import CreateTableRequest, Table

from tests.launches.project import PROJECT, REGION, Project
from tests.servers.dataflow_jobs import Job
from tests.tables import PROJECT as DATA_PROJECT
from tests.tables import Content, Tables, admin, new_instance

CONTENTS = {
    "orders": Content(
        ["a", "b"],
        {
            b"order-%04d" % number: [
                ("a", b"q", number * 1000, b"value" * number),
                ("a", b"q", 0, b"older"),
                ("b", b"", 7000, bytes(range(256))),
            ]
            for number in range(1, 301)
        },
    ),
    "carts": Content(["cart"], {b"\x00\xff": [("cart", b"\xfe", 0, b"")]}),
    "nothing": Content(["f"]),
}


def instance_of(count: int) -> Tables:
    """An instance with so many empty tables."""
    made = new_instance()
    client, parent = admin(), f"projects/{DATA_PROJECT}/instances/{made.instance}"
    for number in range(count):
        client.create_table(CreateTableRequest(parent=parent, table_id=f"t{number}", table=Table()))
    return made


def damage(shop: Project, prefix: str, copy: str) -> None:
    """Copy all objects below a prefix, with one bit of one shard turned over."""
    names = shop.objects(prefix)
    shard = next(name for name in names if "/data/orders/" in name and name.endswith(".avro"))
    for name in names:
        data = bytearray(shop.files.read(f"gs://{shop.bucket}/{name}") or b"")
        if name == shard:
            data[len(data) // 2] ^= 1
        shop.files.write(f"gs://{shop.bucket}/{copy}{name.removeprefix(prefix)}", bytes(data))


def size_of(shop: Project, like: Job, tables: Tables) -> tuple[int, int]:
    """Bytes of the job's file and of its graph, for a backup of all tables of an instance that is only staged."""
    jobs = shop.service.jobs
    job = jobs.add(PROJECT, REGION, like.name, like.folder.rpartition("/")[0])
    changed = {
        "instance": tables.instance,
        "table": "*",
        "vault": shop.vault("many"),
        "template_location": f"{job.folder}/job_object",
    }
    kept = [each for each in like.arguments if each.partition("=")[0].removeprefix("--") not in changed]
    job = replace(job, arguments=tuple(sorted([*kept, *(f"--{name}={value}" for name, value in changed.items())])))
    launcher = shop.service.launcher
    assert launcher.stage(job, shop.service.containers(launcher.image, like.image)), launcher.log(job, "launcher")
    text = shop.files.text(f"{job.folder}/job_object")
    graph = shop.files.read(json.loads(text)["environment"]["sdkPipelineOptions"]["options"]["pipelineUrl"])
    assert graph
    return len(text), len(graph)
