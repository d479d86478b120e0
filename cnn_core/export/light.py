"""The random changes of light as other libraries write them, in the order of computation. No torch."""

from __future__ import annotations

from cnn_core.data.augment_spec import PATCH_SHARE, AugmentSpec

_LEAST, _MOST = PATCH_SHARE


def keras_layers(spec: AugmentSpec) -> list[str]:
    """Keras's layers: "layers.GaussianNoise(0.1)". Given the same draws they give our pixels."""
    layers = []
    if spec.contrast:
        # A pair: by a single number Keras 3 would only raise the contrast.
        layers.append(f"layers.RandomContrast(({spec.contrast!r}, {spec.contrast!r}), value_range=(0, 1))")
    if spec.brightness:
        layers.append(f"layers.RandomBrightness({spec.brightness!r}, value_range=(0, 1))")
    if spec.noise:
        layers.append(f"layers.GaussianNoise({spec.noise!r})")
    if spec.erasing:
        # A pair here too: of a single number Keras draws a new probability for each image.
        layers.append(
            f"layers.RandomErasing(({spec.erasing!r}, {spec.erasing!r}), fill_value=0.0, value_range=(0, 1))"
        )
    return layers


def r_function(spec: AugmentSpec) -> str:
    """R: a function `light` of one image (rows, columns, channels), for `preprocessing_function`; "" for no change."""
    if not spec.changes_light:
        return ""
    lines = []
    if spec.contrast:
        lines += [
            "  mean_of_channel = rep(apply(image, 3, mean), each = prod(dim(image)[1:2]))",
            f"  factor = runif(1, {1 - spec.contrast!r}, {1 + spec.contrast!r})",
            "  image[] = pmin(pmax((image - mean_of_channel) * factor + mean_of_channel, 0), 1)",
        ]
    if spec.brightness:
        lines.append(
            f"  image[] = pmin(pmax(image + runif(1, -{spec.brightness!r}, {spec.brightness!r}), 0), 1)"
        )
    if spec.noise:
        lines.append(f"  image[] = image + rnorm(length(image), sd = {spec.noise!r})")
    if spec.erasing:
        lines += [
            f"  if (runif(1) < {spec.erasing!r}) {{",
            f"    side = sqrt(runif(2, {_LEAST}, {_MOST})) * dim(image)[1:2]",
            "    first = runif(2) * (dim(image)[1:2] - side)",
            "    row = seq_len(dim(image)[1]) - 1",
            "    column = seq_len(dim(image)[2]) - 1",
            "    image[row >= first[1] & row < first[1] + side[1], "
            "column >= first[2] & column < first[2] + side[2], ] = 0",
            "  }",
        ]
    return "\n".join(["light = function(image) {", *lines, "  image", "}"])


def torch_lines(spec: AugmentSpec) -> str:
    """The end of an exported `augment`, where `moved` are the images (count, C, height, width), `lot` draws."""
    code = ""
    if spec.contrast:
        code += (
            "    mean = moved.mean(dim=(2, 3), keepdim=True)\n"
            f"    factor = lot({1 - spec.contrast!r}, {1 + spec.contrast!r})[:, None]\n"
            "    moved = ((moved - mean) * factor + mean).clamp(0, 1)\n"
        )
    if spec.brightness:
        code += f"    moved = (moved + lot(-{spec.brightness!r}, {spec.brightness!r})[:, None]).clamp(0, 1)\n"
    if spec.noise:
        code += f"    moved = moved + {spec.noise!r} * torch.randn_like(moved)\n"
    if spec.erasing:
        code += (
            f"    wide, high = lot({_LEAST}, {_MOST}).sqrt() * width, lot({_LEAST}, {_MOST}).sqrt() * height\n"
            "    left, top = lot(0, 1) * (width - wide), lot(0, 1) * (height - high)\n"
            "    x, y = torch.arange(width)[None, None, :], torch.arange(height)[None, :, None]\n"
            "    patch = (x >= left) & (x < left + wide) & (y >= top) & (y < top + high)\n"
            f"    patch = patch & (lot(0, 1) < {spec.erasing!r})\n"
            "    moved = moved.masked_fill(patch[:, None], 0.0)\n"
        )
    return code


def torchvision_steps(spec: AugmentSpec) -> list[str]:
    """torchvision's transforms. Its RandomErasing draws an area and proportions, where Keras draws both sides."""
    steps = []
    if spec.contrast:
        steps.append(f"v2.ColorJitter(contrast=({1 - spec.contrast:g}, {1 + spec.contrast:g}))")
    if spec.brightness:
        shift = f"images + {spec.brightness:g} * (2 * torch.rand(()) - 1)"
        steps.append(f"v2.Lambda(lambda images: ({shift}).clamp(0, 1))")
    if spec.noise:
        steps.append(f"v2.Lambda(lambda images: images + {spec.noise:g} * torch.randn_like(images))")
    if spec.erasing:
        steps.append(f"v2.RandomErasing({spec.erasing:g}, scale=({_LEAST}, {_MOST}))")
    return steps
