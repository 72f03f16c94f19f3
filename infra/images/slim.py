"""Takes out of an image what no service uses: `slim.py packages FOLDER`, `slim.py system ROOT`. Runs while images are built.

What is taken out of shared objects is what only debuggers read: symbols, debug information and the table of sections lie behind
everything that is loaded, so the file ends with its last segment (https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html).
"""

import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

BOTOCORE_SERVICES = frozenset({"s3", "sesv2", "sns", "sqs"})
"""Whom `shop_kit.aws.sdk` is connected to; the others' descriptions are 26 MB."""
_UNUSED_FILES = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "*.cpp", "*.a")
_UNUSED_FOLDERS = ("tests", "test", "testing/tests")
_UNUSED_OF_PYTHON = ("distutils", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter", "turtledemo")
_UNUSED_OF_SYSTEM = (
    "usr/bin/perl*",
    "usr/lib/*/perl*",
    "usr/share/perl*",
    "usr/lib/*/gconv",
    "usr/bin/apt*",
    "usr/bin/dpkg*",
    "usr/lib/apt",
    "usr/lib/*/libapt-*",
    "usr/lib/*/libdb-5*",
    "usr/sbin/*",
    "usr/lib/*/libgcrypt.*",  # this one and the following are apt's
    "usr/lib/*/libgmp.*",
    "usr/lib/*/libgnutls.*",
    "usr/lib/*/libhogweed.*",
    "usr/lib/*/libnettle.*",
    "usr/lib/*/libp11-kit.*",
    "usr/lib/*/libunistring.*",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/python-wheels",
    "usr/share/zoneinfo",  # services know UTC only
    "var/cache/*",
    "var/lib/apt",
    "var/lib/dpkg/info",
    "var/log/*",
    "root/.cache",
    "tmp/*",
)
_INSTALLERS = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack")
_IMPORTED_AT_START = "distutils-precedence.pth"


def slim_packages(packages: Path) -> None:
    """Slim what pip has installed into a folder."""
    for service in (packages / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in BOTOCORE_SERVICES:
            shutil.rmtree(service)
    for examples in packages.glob("botocore/data/*/*/examples-1.json*"):
        examples.unlink()
    _without_installers(packages)  # grpcio-tools asks for setuptools, and imports nothing of it
    for name in _UNUSED_FOLDERS:
        for folder in [*packages.glob(f"*/{name}")]:
            shutil.rmtree(folder)
    for pattern in _UNUSED_FILES:
        for file in packages.rglob(pattern):
            file.unlink()
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for file in packages.rglob("*.so*"):
        if file.is_file() and not file.is_symlink():
            strip(file)


def slim_system(root: Path) -> None:
    """Slim the system and Python's own library; what is left runs Python, and installs nothing any more."""
    for library in _libraries(root):
        for name in _UNUSED_OF_PYTHON:
            shutil.rmtree(library / name, ignore_errors=True)
        for packages in (library / "site-packages", library / "dist-packages", library.with_name("python3") / "dist-packages"):
            _without_installers(packages)
    for pattern in _UNUSED_OF_SYSTEM:
        for found in root.glob(pattern):
            if found.is_dir() and not found.is_symlink():
                shutil.rmtree(found)
            else:
                found.unlink()
    for pattern in ("usr/bin/pip*", "usr/local/bin/pip*", "usr/local/bin/idle*", "usr/local/bin/2to3*"):
        for found in root.glob(pattern):
            found.unlink()


def _without_installers(packages: Path) -> None:
    for name in _INSTALLERS:
        for found in (packages / name, *packages.glob(f"{name}-*")):
            shutil.rmtree(found, ignore_errors=True)
    (packages / _IMPORTED_AT_START).unlink(missing_ok=True)


def _libraries(root: Path) -> Iterator[Path]:
    for place in ("usr/lib", "usr/local/lib"):
        yield from (root / place).glob("python3.*")


def strip(file: Path) -> None:
    """End a 64-bit little-endian ELF file with its last segment; leave anything else as it is."""
    content = file.read_bytes()
    if content[:6] != b"\x7fELF\x02\x01":
        return
    (header_offset,) = struct.unpack_from("<Q", content, 32)
    header_size, headers = struct.unpack_from("<HH", content, 54)
    ends = [header_offset + header_size * headers]
    for number in range(headers):
        offset, _, _, size = struct.unpack_from("<QQQQ", content, header_offset + number * header_size + 8)
        ends.append(offset + size)
    kept = bytearray(content[: max(ends)])
    struct.pack_into("<Q", kept, 40, 0)  # where the table of sections is,
    struct.pack_into("<HHH", kept, 58, 0, 0, 0)  # and what it has
    if len(kept) < len(content):
        file.write_bytes(kept)


if __name__ == "__main__":
    {"packages": slim_packages, "system": slim_system}[sys.argv[1]](Path(sys.argv[2]))
