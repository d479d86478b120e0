"""`read_picture` for an exported program: a picture of one's own, prepared as the pages prepare it.

A network that is right on the page and wrong at home has most often been given another picture: resized, but not
centred, or dark on light. So a program brings along the very code by which the page reads a photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from cnn_core.data.photo.reading import read_scene, read_strokes, read_thing
from cnn_core.data.sources import dataset_of
from cnn_core.export.own_source import source_with_all_it_needs

_BY_THE_PROGRAM = frozenset({"StudentError", "Dataset"})
# What a program needs beside what it needs for the network.
NEEDS = "numpy, pillow, scipy, scikit-image"


@dataclass(frozen=True)
class OwnPicture:
    """The pieces of source, without blank lines around them.

    imports:     statements, a line each.
    preparation: all that `read_picture` stands on, `IMAGES` included: what the preparation goes by.
    function:    the name of the one that reads the bytes of a file by `IMAGES`.
    """

    imports: str
    preparation: str
    function: str


@cache
def own_picture(dataset: str) -> OwnPicture:
    """How pictures become those that a network of this data set learnt from.

    dataset: a key that `dataset_of` knows, or "mnist_sample".
    """
    record = dataset_of("mnist" if dataset == "mnist_sample" else dataset)
    read = read_scene if record.is_colour else read_strokes if record.of_strokes else read_thing
    imports, definitions = source_with_all_it_needs(read, _BY_THE_PROGRAM)
    images = _IMAGES.format(
        name=record.name,
        singular=record.singular,
        shape=record.shape,
        of_strokes=record.of_strokes,
        by_mass=record.is_centred_by_mass,
        margin=record.margin,
        classes=list(record.classes),
    )
    parts = (_TITLE.strip("\n"), images.strip("\n"), _REFUSAL.strip("\n"), definitions)
    return OwnPicture(
        "\n".join([*imports, "import sys", "import types"]), "\n\n\n".join(parts), read.__name__
    )


_TITLE = """
# --- A picture of your own, prepared as Convscope's pages prepare it: this is their own code, put together ---

# A dataclass looks up its module, which is not there where this text is run without being imported.
sys.modules.setdefault(__name__, types.ModuleType(__name__))
"""

_IMAGES = '''
class IMAGES:
    """How the images of {name} were made, as far as a picture of your own has to be made alike."""

    singular = {singular!r}
    shape = {shape!r}  # channels, height, width
    of_strokes = {of_strokes!r}
    is_centred_by_mass = {by_mass!r}
    margin = {margin!r}
    classes = {classes!r}
'''

_REFUSAL = '''
class StudentError(ValueError):
    """A picture that cannot be read: why, and what to try."""

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(f"{what} {hint}".strip())
'''
