"""Distribution `shardkeep`: the packages, their compiled modules and their dependencies.

The direct dependencies are version ranges with which the test suite has run; `requirements.lock`
pins every package for development and for the image.
"""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup

ROOT = Path(__file__).parent

PACKAGES = sorted(find_packages(str(ROOT), include=["pipelines", "pipelines.*", "transforms", "transforms.*"]))

# For every module. A file says only where it differs, and why.
DIRECTIVES = {"language_level": "3", "boundscheck": False, "wraparound": False}
# Cython generates conversions for every struct, and each module gets every fault, also where it does not need them.
FLAGS = ["-O3", "-Wno-unused-function", "-Wno-unused-const-variable"]


def extensions() -> list[Extension]:
    """One extension for each `.pyx` file of the packages, named after its path."""
    folders = [Path(package.replace(".", "/")) for package in PACKAGES]
    sources = sorted(path for folder in folders for path in folder.glob("*.pyx"))
    names = [".".join(path.with_suffix("").parts) for path in sources]
    return [Extension(name, [str(path)], extra_compile_args=FLAGS) for name, path in zip(names, sources, strict=True)]


if __name__ == "__main__":
    setup(
        name="shardkeep",
        version="0.1.0.dev0",
        description="Backups of Cloud Bigtable and Cloud SQL as plain Avro shards that you hold yourself",
        long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
        long_description_content_type="text/markdown",
        license="Apache-2.0",
        python_requires=">=3.10,<3.14",
        packages=PACKAGES,
        package_data={"": ["py.typed", "*.pyi", "*.pxd", "*.avsc"]},
        ext_modules=cythonize(extensions(), compiler_directives=DIRECTIVES),
        install_requires=[
            "apache-beam[gcp]>=2.77,<2.78",
            "google-cloud-bigtable>=2.50,<3",
            "google-cloud-storage>=3.1,<4",
            "fastavro>=1.12,<2",
            "isal>=1.7,<2",
            "google-api-core>=2.20,<3",
            "google-auth>=2.35,<3",
            "google-crc32c>=1.7,<2",
            "google-cloud-secret-manager>=2.20,<3",
            "psycopg[binary]>=3.2,<4",
            "requests>=2.31,<3",
            "urllib3>=2,<3",
        ],
        entry_points={"console_scripts": ["shardkeep = pipelines.command.dispatch:main"]},
    )
