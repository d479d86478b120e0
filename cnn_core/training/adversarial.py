"""Learning against an attack: every second image of a batch is changed, before the step, in the way that hurts most.

The change is one step of a given size along the sign of the gradient, pixel by pixel (FGSM). The network is asked for
that gradient as it is in use: nothing drops out and no average moves. It costs a forward and a backward pass of half
the batch at each step, about half as much time again. Goodfellow, Shlens & Szegedy 2015, "Explaining and Harnessing
Adversarial Examples", equation 6, with the weight of a half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from cnn_core.model.modes import in_mode

EVERY = 2  # one of so many images of a batch is attacked


def lead(logits: Tensor, labels: Tensor) -> Tensor:
    """How far the right class is ahead of the best other: (N,), below 0 where an image is misread.

    logits: (N, classes), before softmax.  labels: (N,) int64.
    """
    right = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return right - others.amax(1)


def slope_against(net: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> Tensor:
    """The gradient of (best other score - right score) by each pixel: (N, C, H, W). Along it the answer gets worse.

    Of scores, not of the loss: that is flat where a network is over 99.9999 % sure, and then shows no direction.

    net:    images -> logits; its weights get no gradient.
    images: (N, C, H, W), where the weights are.
    labels: (N,), the same.
    """
    with torch.inference_mode(False), torch.enable_grad():
        pixels = images.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(-lead(net(pixels), labels.clone()).sum(), pixels)
    return slope.detach()


def attacked_in_part(
    net: nn.Module, modules: Iterable[nn.Module], images: Tensor, labels: Tensor, size: float
) -> Tensor:
    """A batch in which every second image, from the first, is changed by `size` a pixel against the network as it is.

    modules: all of the net.
    images:  (B, C, H, W) in [0, 1]; changed in place and returned.
    """
    with in_mode(modules, training=False):
        slope = slope_against(net, images[::EVERY], labels[::EVERY])
    images[::EVERY] = (images[::EVERY] + size * slope.sign()).clamp_(0, 1)
    return images
