"""Whether a design and a data set fit together: the same images, as many classes. Arithmetic, no torch."""

from __future__ import annotations

from cnn_core.data.sources import Dataset
from cnn_core.errors import StudentError
from cnn_core.model.shapes import shape_text
from cnn_core.model.spec import ModelSpec


def check_images(spec: ModelSpec, dataset: Dataset) -> None:
    """Raise StudentError where a design is for other images than a data set's, or for another number of classes."""
    classes = len(dataset.classes)
    if spec.input_shape != dataset.shape:
        raise StudentError(
            f"“{spec.name}” reads images of {shape_text(spec.input_shape)}, and those of {dataset.name} have "
            f"{shape_text(dataset.shape)}.",
            hint="Fit the design to these images, or choose another data set.",
        )
    if spec.classes != classes:
        raise StudentError(
            f"“{spec.name}” gives {spec.classes} answers, and {dataset.name} has {classes} classes.",
            hint="Fit the design to these classes, or choose another data set.",
        )
