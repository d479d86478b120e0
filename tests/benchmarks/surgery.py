"""Under the hood: a cut with what lies below it kept, against a full forward pass for each.

The peer is torch's own way: a hook that mutes one map, and the whole network again for each filter.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.data import load_images
from cnn_core.insight import NOTHING, OperatingTable, need_of_layer
from cnn_core.insight.surgery.operation import filters_of
from cnn_core.model import Network
from cnn_core.pretrained import load_pretrained
from tests.benchmarks import peers
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, alternate, in_milliseconds, multiplied

IN_TORCH = {"conv2d_1": 1, "conv2d_2": 4, "conv2d_3": 7}  # the relu of each layer in the plain network
TOGETHER = 250


def lines(plan: Plan, keras: KerasPeer | None) -> Iterator[Line]:
    """One line after the other, as they are measured."""
    net, _ = load_pretrained("lesson")
    data = load_images("mnist", "train").take(plan.pick(500, 2_000))
    plain, pixels = peers.same_weights(net), data.images.float() / 255
    for layer, index in IN_TORCH.items():
        yield one_cut(plan, net, plain, data.images, data.labels, pixels, layer, index)
    for layer in ("conv2d_1", "conv2d_2"):
        yield whole_ranking(plan, net, plain, data.images, data.labels, pixels, layer)


def hooked(plain: nn.Sequential, pixels: Tensor, index: int, filters: list[int]) -> Tensor:
    """The logits of all images with these maps muted: the plain way."""

    def mute(_layer: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        output = output.clone()
        output[:, filters] = 0
        return output

    hook = plain[index].register_forward_hook(mute)
    with torch.no_grad():
        logits = torch.cat([plain(part) for part in pixels.split(TOGETHER)])
    hook.remove()
    return logits


def one_cut(
    plan: Plan,
    net: Network,
    plain: nn.Sequential,
    images: Tensor,
    labels: Tensor,
    pixels: Tensor,
    layer: str,
    index: int,
) -> Line:
    table = OperatingTable(net, images, labels)
    half = list(range(filters_of(table.spec, layer) // 2))
    mine, theirs = alternate(
        lambda: table.outcome(NOTHING.mute(layer, half)).accuracy,
        lambda: hooked(plain, pixels, index, half).argmax(1).eq(labels).double().mean(),
        plan.rounds,
    )
    return Line(
        "surgery", f"half of {layer} muted, accuracy of {len(labels):,} digits", "ms",
        in_milliseconds(mine), in_milliseconds(theirs), "a hook, and all layers again",
        least=1.5, most=None if plan.quick else 300, note="after the first cut in a layer",
    )  # fmt: skip


def whole_ranking(
    plan: Plan, net: Network, plain: nn.Sequential, images: Tensor, labels: Tensor, pixels: Tensor, layer: str
) -> Line:
    """Ours does all filters. The peer's share is measured on a few of them, for each takes as long as the next."""
    count, few = filters_of(net.spec, layer), 2

    def ours(digits: int) -> None:
        need_of_layer(OperatingTable(net, images[:digits], labels[:digits]), layer)

    def one_by_one(digits: int) -> None:
        for filter in range(few):
            F.cross_entropy(hooked(plain, pixels[:digits], IN_TORCH[layer], [filter]), labels[:digits])

    mine, theirs = alternate(
        partial(ours, len(labels)),
        partial(one_by_one, len(labels)),
        min(plan.rounds, 3),
        first=[partial(ours, TOGETHER), partial(one_by_one, TOGETHER)],
    )
    return Line(
        "surgery", f"need of all {count} filters of {layer}, {len(labels):,} digits", "s",
        mine, multiplied(theirs, count // few), "a full forward pass for each filter",
        least=2, most=None if plan.quick else 5,
    )  # fmt: skip
