"""CIFAR-10: small colour photos of animals and vehicles (Krizhevsky 2009), in its binary version, without pickles."""

from cnn_core.data.catalog.record import Archive, CifarFiles, Dataset

_THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR10 = Dataset(
    key="cifar10",
    name="CIFAR-10",
    title="CIFAR-10 photos",
    noun="photos",
    singular="photo",
    folder="cifar-10-batches-bin",
    classes=_THINGS,
    keras="cifar10",
    address="https://www.cs.toronto.edu/~kriz/cifar.html",
    of_strokes=False,
    axis_begins=40,
    counts=(50_000, 10_000),
    shape=(3, 32, 32),
    files=CifarFiles(),
    # The checksum is in torchvision's sources neither in this form nor in Keras's: it is the one of the makers' page.
    archive=Archive(
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "c32a1d4ab5d03f1284b67883e8d87530",
        175_000_000,
        "cifar-10-batches-bin/",
    ),
    torchvision="CIFAR10",
    sample_zip="cifar10_sample.zip",
)
