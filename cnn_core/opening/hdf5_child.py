"""The inside of one HDF5 file, told by a process of its own: a file that is made to harm can end this process, no more.

A program, started by `hdf5` and imported by nobody. The file comes in on stdin, after its length; what is in it goes
out as JSON; a list of datasets comes in, and their numbers go out, as float32. It has no file but those pipes, little
memory and few seconds. A link is looked at before it is followed, and a dataset before it is read: nothing leads
outside the file, no filter comes from a plugin, and no group holds itself.
"""

from __future__ import annotations

import io
import json
import math
import re
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import h5py
import numpy as np

MEMORY = 500_000_000  # bytes that this process may take
SECONDS = 5  # of computing
MAX_DEPTH = 16  # groups inside groups; Keras has 8 for a network in a network
MAX_OBJECTS = 5_000  # groups, datasets, attributes of a group
MAX_NAME = 300  # characters
MAX_TEXT = 4_000_000  # bytes of an attribute
MAX_CHUNK = 32_000_000  # bytes that have to be unpacked at once
WANTED = re.compile(r"model_config|keras_version|convscope|(layer|weight)_names\d*|name")  # attributes
FILTERS = {1: "gzip", 2: "shuffle", 3: "a checksum"}  # that every HDF5 library has


class Refusal(Exception):
    """What is wrong, in one of the words that `hdf5` makes sentences of, and where."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(what)
        self.what, self.where = what, where


def limit() -> None:
    """Give up what this process does not need. Without a word on systems that have no limits."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def survey(file: h5py.File) -> dict[str, Any]:
    """{"attributes": {group: {name: text or texts}}, "datasets": {path: [shape, type of number]}}"""
    attributes: dict[str, Any] = {}
    datasets: dict[str, Any] = {}
    for path, thing in walk(file):
        if isinstance(thing, h5py.Dataset):
            refuse_unless_plain(path, thing)
            datasets[path] = [list(thing.shape or ()), "<bf2" if is_bfloat16(thing) else thing.dtype.str]
        elif texts := dict(texts_of(path, thing)):
            attributes[path] = texts
    return {"attributes": attributes, "datasets": datasets}


def walk(file: h5py.File) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Every group and dataset with its path, "" for the file itself. Follows hard links alone."""
    visited = {address(file)}
    waiting: list[tuple[str, h5py.Group]] = [("", file)]
    count = 0
    while waiting:
        path, group = waiting.pop()
        yield path, group
        if path.count("/") >= MAX_DEPTH:
            raise Refusal("deep", path)
        count += len(group)
        if count > MAX_OBJECTS:
            raise Refusal("many")
        for name in group:
            if len(name) > MAX_NAME:
                raise Refusal("many")
            inner = f"{path}/{name}".lstrip("/")
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise Refusal("external" if isinstance(link, h5py.ExternalLink) else "soft", inner)
            thing = group[name]
            if isinstance(thing, h5py.Group):
                if address(thing) in visited:
                    raise Refusal("cycle", inner)
                visited.add(address(thing))
                waiting.append((inner, thing))
            elif isinstance(thing, h5py.Dataset):
                yield inner, thing


def is_bfloat16(dataset: h5py.Dataset) -> bool:
    """Whether two bytes are the upper half of a float32, for which HDF5 has no type: Keras says it beside them."""
    if dataset.dtype.str != "|V2" or "dtype" not in dataset.attrs:
        return False
    said = dataset.attrs.get_id("dtype")
    return said.get_type().get_size() <= 16 and dataset.attrs["dtype"] in ("bfloat16", b"bfloat16")


def address(group: h5py.Group) -> int:
    return h5py.h5o.get_info(group.id).addr


def refuse_unless_plain(path: str, dataset: h5py.Dataset) -> None:
    """Raise Refusal for numbers that lie elsewhere, or are packed in a way that needs a plugin or too much room."""
    created = dataset.id.get_create_plist()
    if dataset.is_virtual:
        raise Refusal("virtual", path)
    if created.get_external_count():
        raise Refusal("elsewhere", path)
    for place in range(created.get_nfilters()):
        if created.get_filter(place)[0] not in FILTERS:
            raise Refusal("filter", path)
    if dataset.chunks and math.prod(dataset.chunks) * dataset.dtype.itemsize > MAX_CHUNK:
        raise Refusal("chunk", path)


def texts_of(path: str, group: h5py.Group) -> Iterator[tuple[str, str | list[str]]]:
    """The attributes that say what a network is like."""
    if len(group.attrs) > MAX_OBJECTS:
        raise Refusal("many", path)
    for name in group.attrs:
        if not WANTED.fullmatch(name):
            continue
        described = group.attrs.get_id(name)
        size = math.prod(described.shape) * described.get_type().get_size()
        if size > MAX_TEXT or len(described.shape) > 1:
            raise Refusal("text", path)
        value = group.attrs[name]
        if isinstance(value, np.ndarray):
            yield name, [text(one) for one in value.tolist() if isinstance(one, bytes | str)]
        elif isinstance(value, bytes | str):
            yield name, text(value)


def text(value: bytes | str) -> str:
    if len(value) > MAX_TEXT:
        raise Refusal("text")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def numbers(file: h5py.File, path: str, shape: list[int]) -> bytes:
    """A dataset as float32 in C order. Raises Refusal when it has another shape than it said."""
    dataset = file[path]
    if list(dataset.shape) != shape:
        raise Refusal("damaged", path)
    if is_bfloat16(dataset):
        halves = np.ascontiguousarray(dataset[()]).view("<u2").astype("<u4")
        return np.left_shift(halves, 16).tobytes()
    with np.errstate(
        over="ignore"
    ):  # a float64 beyond float32 becomes infinite, which is refused like any other
        return np.ascontiguousarray(dataset[()], dtype="<f4").tobytes()


def say(out: BinaryIO, message: bytes) -> None:
    out.write(len(message).to_bytes(8, "little") + message)
    out.flush()


def hear(source: BinaryIO) -> bytes:
    return source.read(int.from_bytes(source.read(8), "little"))


def main() -> None:
    """One file: survey, then the numbers that are asked for."""
    limit()
    source, out = sys.stdin.buffer, sys.stdout.buffer
    try:
        with h5py.File(io.BytesIO(hear(source)), "r") as file:
            say(out, json.dumps(survey(file)).encode())
            for path, shape in json.loads(hear(source) or b"[]"):
                say(out, numbers(file, path, shape))
    except Refusal as refusal:
        say(out, json.dumps({"refused": refusal.what, "where": refusal.where}).encode())
    except (
        Exception
    ):  # whatever the library makes of a damaged file: that it is damaged is all that can be said
        say(out, b'{"refused": "damaged", "where": ""}')


if __name__ == "__main__":
    main()
