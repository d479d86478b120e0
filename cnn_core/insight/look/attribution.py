"""Why this answer? Which pixels of an image it depends on, by four methods, each with its own blind spot.

Computed by captum, on logits: softmax would mix in what all other classes say. Sources: Simonyan et al. 2013
(saliency), Sundararajan et al. 2017 (integrated gradients), Zeiler & Fergus 2013 (occlusion), Selvaraju et al. 2016
(Grad-CAM).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnn_core.checks import is_index
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.look.features import feature_maps
from cnn_core.insight.look.twin import as_weights, checked_image, frozen, known_layer
from cnn_core.model import summarize
from cnn_core.model.network import Network

METHODS = ("saliency", "integrated_gradients", "occlusion", "grad_cam")
PATH_STEPS = 50  # images between black and the digit, for integrated gradients
PATCH = 4  # pixels a side that occlusion covers, moved by one pixel
TOGETHER = 64  # covered images at a time: captum's default of one takes three times as long


@dataclass(frozen=True, eq=False)
class Attribution:
    """How much each pixel counts for one class.

    values: (H, W); saliency and grad_cam 0 or more, the others signed, in logits. Of an image of several channels
            saliency gives the largest of a pixel, integrated gradients their sum; occlusion covers all at once.
    target: the class.
    method: one of METHODS.
    layer:  of grad_cam, where it looked; else None.
    places: of grad_cam, rows and columns of that layer's maps; else None.
    completeness_error: of integrated gradients, sum of the values minus (logit of the image - logit of black): zero in
            theory; else None.
    """

    values: Tensor
    target: int
    method: str
    layer: str | None = None
    completeness_error: float | None = None
    places: tuple[int, int] | None = None


def attribute(
    net: Network,
    image: Tensor,
    method: str = "saliency",
    target: int | None = None,
    layer: str | None = None,
) -> Attribution:
    """How much each pixel of an image counts for the net's answer.

    image:  (C, H, W) in [0, 1].
    method: one of METHODS.
    target: the class to explain; None is the net's own answer.
    layer:  for grad_cam, a layer with maps; None is `default_layer`. The other methods have no layer.
    Raises StudentError for an unknown method, class or layer, and for grad_cam where there are no maps.
    """
    if method not in METHODS:
        raise StudentError(f"There is no method {quoted(method)}.", hint=f"Choose {', '.join(METHODS)}.")
    batch = as_weights(net, checked_image(image, net.spec.input_shape))
    twin = frozen(net)
    if layer is not None and method != "grad_cam":
        known_layer(net, layer)
        raise StudentError(f"{method} looks at the whole net, not at {layer}.", hint="Leave the layer out.")
    if method == "grad_cam":
        layer = _checked_layer(net, batch, layer)
    # A hosted page may run under no_grad; captum needs gradients of the image, and gets its own copy to hang them on.
    with torch.inference_mode(False), torch.enable_grad():
        batch = batch.clone().requires_grad_()
        class_ = _checked_target(twin(batch).detach()[0], target)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # captum warns of what we mean to do
            values, error = _COMPUTE[method](twin, batch, class_, layer)
    return Attribution(values.detach().cpu(), class_, method, layer, error, _places(net, layer))


def default_layer(net: Network) -> str | None:
    """Where Grad-CAM looks if nobody says: the last convolution, as its authors do (Selvaraju et al. 2016).

    Its maps are coarse (3×3 in the lesson's net), but what follows an earlier one mixes them again: there a filter's
    mean gradient says little of its places. None for a net without convolutions.
    """
    rows = zip(net.spec.layers, summarize(net.spec), strict=True)
    return next((row.name for layer, row in reversed(list(rows)) if layer.has_filters), None)


def _places(net: Network, layer: str | None) -> tuple[int, int] | None:
    if layer is None:
        return None
    _, height, width = next(row.output_shape for row in summarize(net.spec) if row.name == layer)
    return height, width


def _saliency(net: nn.Module, batch: Tensor, target: int, _layer: str | None) -> tuple[Tensor, None]:
    from captum.attr import Saliency

    return Saliency(net).attribute(batch, target=target, abs=True)[0].amax(0), None


def _integrated_gradients(
    net: nn.Module, batch: Tensor, target: int, _layer: str | None
) -> tuple[Tensor, float]:
    from captum.attr import IntegratedGradients

    values, error = IntegratedGradients(net).attribute(
        batch,
        baselines=torch.zeros_like(batch),
        target=target,
        n_steps=PATH_STEPS,
        method="gausslegendre",
        return_convergence_delta=True,
    )
    return values[0].sum(0), error.item()


def _occlusion(net: nn.Module, batch: Tensor, target: int, _layer: str | None) -> tuple[Tensor, None]:
    from captum.attr import Occlusion

    channels, height, width = batch.shape[1:]
    patch = (channels, min(PATCH, height), min(PATCH, width))
    values = Occlusion(net).attribute(
        batch,
        sliding_window_shapes=patch,
        strides=(channels, 1, 1),
        baselines=0,
        target=target,
        perturbations_per_eval=TOGETHER,
    )
    return values[0, 0], None  # the patch covers all channels, and each is given the whole difference


def _grad_cam(net: nn.Module, batch: Tensor, target: int, layer: str | None) -> tuple[Tensor, None]:
    from captum.attr import LayerAttribution, LayerGradCam

    assert layer is not None
    coarse = LayerGradCam(net, getattr(net, layer)).attribute(batch, target=target, relu_attributions=True)
    values = LayerAttribution.interpolate(coarse, tuple(batch.shape[2:]), interpolate_mode="bilinear")
    return values[0, 0], None


_Compute = Callable[[Network, Tensor, int, str | None], tuple[Tensor, float | None]]
_COMPUTE: dict[str, _Compute] = {
    "saliency": _saliency,
    "integrated_gradients": _integrated_gradients,
    "occlusion": _occlusion,
    "grad_cam": _grad_cam,
}


def _checked_target(logits: Tensor, target: int | None) -> int:
    if target is None:
        return int(logits.argmax())
    if not is_index(target, len(logits)):
        raise StudentError(
            f"There is no class {quoted(target)}.", hint=f"Choose one from 0 to {len(logits) - 1}."
        )
    return int(target)


def _checked_layer(net: Network, batch: Tensor, layer: str | None) -> str:
    layer = default_layer(net) if layer is None else layer
    if layer is None:
        raise StudentError(
            "Grad-CAM asks where in the maps the answer arose, and this network has no maps.",
            hint="Choose another method, or a network with a convolution.",
        )
    if feature_maps(net, batch, [layer])[layer].ndim != 3:
        raise StudentError(
            f"Grad-CAM needs maps, and {layer} outputs plain numbers.",
            hint=f"Choose {default_layer(net)}." if default_layer(net) else "Choose another method.",
            layer=layer,
        )
    return layer
