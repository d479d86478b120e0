"""Fashion-MNIST: photos of clothes, cut out and grey (Xiao, Rasul and Vollgraf 2017)."""

from pathlib import Path

from cnn_core.data.catalog.record import Dataset

_CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
FASHION_MNIST = Dataset(
    key="fashion_mnist",
    name="Fashion-MNIST",
    title="Fashion-MNIST clothes",
    noun="clothes",
    singular="garment",
    folder="FashionMNIST",
    classes=_CLOTHES,
    keras="fashion_mnist",
    of_strokes=False,
    axis_begins=76,
    system_folder=Path("/usr/share/datasets/fashion-mnist"),  # Debian's package dataset-fashion-mnist
    mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    md5=(
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)
