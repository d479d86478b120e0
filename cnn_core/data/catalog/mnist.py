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
    mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    md5=(
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)
