"""Taking a data set's files out of the one archive that its makers offer: a .tar.gz or a .zip.

Only members that the catalogue names are read, and they are written under the catalogue's own names: what an archive
calls its members is compared, never used as a path. Links and everything else in it are left alone.
"""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from cnn_core.data.catalog.record import SPLITS, Archive, Dataset
from cnn_core.data.idx import damaged
from cnn_core.data.sources import sizes

_CANNOT_BE_READ = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error, RuntimeError)


def unpack(dataset: Dataset, archive: Archive, packed: Path, folder: Path) -> None:
    """Write the files of a data set, unpacked, into `folder`.

    packed: the archive, on this machine.
    Raises StudentError where it cannot be read, lacks a file, or a file has not the bytes that it should have.
    """
    wanted = {
        name: size
        for split in SPLITS
        for name, size in zip(dataset.names(split), sizes(dataset, split), strict=True)
    }
    try:
        if packed.suffix == ".zip":
            found = _from_zip(packed, archive.members, wanted, folder)
        else:
            found = _from_tar(packed, archive.members, wanted, folder)
    except _CANNOT_BE_READ as error:
        raise damaged(packed, "it cannot be unpacked, as if its end were missing") from error
    if missing := sorted(wanted.keys() - found):
        raise damaged(packed, f"it does not hold {', '.join(missing)}")


def _from_tar(packed: Path, members: str, wanted: dict[str, int], folder: Path) -> set[str]:
    found = set()
    with tarfile.open(packed, "r|gz") as archive:
        for member in archive:
            name = member.name.removeprefix(members)
            if name in wanted and member.name != name and member.isreg():
                content = archive.extractfile(member)
                assert content is not None  # a regular file has one
                _write(content, packed, folder / name, wanted[name])
                found.add(name)
    return found


def _from_zip(packed: Path, members: str, wanted: dict[str, int], folder: Path) -> set[str]:
    with zipfile.ZipFile(packed) as archive:
        there = set(archive.namelist())
        found = {name for name in wanted if f"{members}{name}.gz" in there}
        for name in sorted(found):
            with archive.open(f"{members}{name}.gz") as inner, gzip.open(inner) as content:
                _write(content, packed, folder / name, wanted[name])
    return found


def _write(content: IO[bytes] | gzip.GzipFile, packed: Path, target: Path, size: int) -> None:
    """Exactly `size` bytes, and not one more is ever unpacked."""
    with target.open("wb") as file:
        left = size
        while chunk := content.read(min(left, 1 << 20)) if left else b"":
            file.write(chunk)
            left -= len(chunk)
        if left or content.read(1):
            raise damaged(
                packed, f"{target.name} in it has {'more' if not left else 'less'} than {size:,} bytes"
            )
