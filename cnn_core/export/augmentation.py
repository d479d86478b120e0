"""Augmentation settings written down as code for Keras in R, Keras in Python, and torchvision. No torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnn_core.data.augment_spec import LIGHT, AugmentSpec, in_pixels
from cnn_core.export.light import keras_layers, r_function, torchvision_steps

EXCHANGED = "# present Keras exchanges the two shifts, hence their order here"


def keras_r_lines(spec: AugmentSpec) -> str:
    """The R that does the same, as in the lesson: `datagen = image_data_generator(...)`, and how it is used."""
    settings, is_exchanged = _keras_settings(spec)
    arguments = ",\n".join(f"  {name} = {_r(value)}" for name, value in settings.items())
    remark = f"{EXCHANGED}\n" if is_exchanged else ""
    generator = f"image_data_generator(\n{arguments}\n)" if arguments else "image_data_generator()"
    if light := r_function(spec):
        generator = generator.removesuffix("\n)").removesuffix(")")
        generator += f"{',' if arguments else ''}\n  preprocessing_function = light\n)"
        light += "\n"
    return (
        f"library(keras)\n{light}{remark}datagen = {generator}\n"
        "changed = flow_images_from_data(train_images, train_labels, generator = datagen, batch_size = 64)"
    )


def _r(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (tuple, list)):
        return f"c({', '.join(_r(one) for one in value)})"
    return f"{value:g}"


def _keras_settings(spec: AugmentSpec) -> tuple[dict[str, Any], bool]:
    """What differs from Keras's defaults, by Keras's names, and whether the two shifts are exchanged."""
    defaults = AugmentSpec()
    width, height = spec.width_shift_range, spec.height_shift_range
    settings = {**spec.to_dict(), "width_shift_range": height, "height_shift_range": width}
    known = {n: v for n, v in settings.items() if n not in LIGHT and v != getattr(defaults, n)}
    return known, width != height


def keras_line(spec: AugmentSpec) -> str:
    """The Python that does the same in Keras: an import and `augmentation = ImageDataGenerator(...)`.

    The generator knows no changes of light like these: they are layers, to stand in front of the network.
    """
    settings, is_exchanged = _keras_settings(spec)
    remark = f"  {EXCHANGED}" if is_exchanged else ""
    arguments = [f"{name}={value!r}" for name, value in settings.items()]
    return (
        "from tensorflow.keras.preprocessing.image import ImageDataGenerator\n"
        f"{_light_in_keras(spec)}augmentation = ImageDataGenerator({', '.join(arguments)}){remark}"
    )


def _light_in_keras(spec: AugmentSpec) -> str:
    if not spec.changes_light:
        return ""
    layers = ", ".join(keras_layers(spec))
    return f"import keras\nfrom keras import layers\nlight = keras.Sequential([{layers}])  # before the network\n"


def torchvision_line(spec: AugmentSpec, size: tuple[int, int] = (28, 28)) -> str:
    """The Python that does nearly the same in torchvision: imports and `augmentation = v2.Compose(...)`.

    size: (rows, columns) of the images.
    Three differences stay: torchvision zooms both axes alike, shifts by whole pixels, and fills with a
    colour, so that the other fill modes need an image enlarged beforehand and cut to size afterwards.
    """
    rows, columns = size
    pads = (
        spec.fill_mode != "constant"
        and not replace(spec, horizontal_flip=False, vertical_flip=False).moves_nothing
    )
    steps = []
    if pads and spec.fill_mode == "wrap":
        pad = f"({columns}, {columns}, {rows}, {rows})"
        steps.append(f'v2.Lambda(lambda images: torch.nn.functional.pad(images, {pad}, mode="circular"))')
    elif pads:
        mode = {"nearest": "edge", "reflect": "symmetric"}[spec.fill_mode]
        steps.append(f'v2.Pad(({columns}, {rows}), padding_mode="{mode}")')
    if arguments := _random_affine_arguments(spec, size, enlarged=3 if pads else 1):
        steps.append(f"v2.RandomAffine({', '.join(arguments)})")
    if pads:
        steps.append(f"v2.CenterCrop(({rows}, {columns}))")
    steps += ["v2.RandomHorizontalFlip()"] * spec.horizontal_flip
    steps += ["v2.RandomVerticalFlip()"] * spec.vertical_flip
    steps += torchvision_steps(spec)
    imports = "import torch\n" * ("torch." in str(steps)) + "from torchvision.transforms import v2\n"
    return f"{imports}augmentation = v2.Compose([{', '.join(steps or ['v2.Identity()'])}])"


def _random_affine_arguments(spec: AugmentSpec, size: tuple[int, int], enlarged: int) -> list[str]:
    arguments = []
    rows, columns = size
    across = min(1.0, in_pixels(spec.width_shift_range, columns) / (columns * enlarged))
    down = min(1.0, in_pixels(spec.height_shift_range, rows) / (rows * enlarged))
    smallest, largest = spec.zoom_limits
    if across or down:
        arguments.append(f"translate=({across:.4g}, {down:.4g})")
    if (smallest, largest) != (1, 1):
        # Keras's zoom of 2 is a scale of 1/2.
        arguments.append(f"scale=({1 / largest:.4g}, {1 / smallest:.4g})")
    if spec.shear_range:
        arguments.append(f"shear={spec.shear_range:g}")
    if not arguments and not spec.rotation_range:
        return []
    bilinear = "interpolation=v2.InterpolationMode.BILINEAR"
    fill = [f"fill={spec.cval:g}"] * (spec.cval > 0)
    return [f"degrees={spec.rotation_range:g}", *arguments, bilinear, *fill]
