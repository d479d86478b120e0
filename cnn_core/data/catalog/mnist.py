"""MNIST: handwritten digits (LeCun, Cortes and Burges 1998). 5,000 of them are always here."""

from cnn_core.data.catalog.record import Dataset

MNIST = Dataset(
    key="mnist",
    name="MNIST",
    title="MNIST digits",
    noun="digits",
    singular="digit",
    folder="MNIST",
    classes=tuple("0123456789"),
    keras="mnist",
    is_centred_by_mass=True,
    axis_begins=88,
    has_sample=True,
)
