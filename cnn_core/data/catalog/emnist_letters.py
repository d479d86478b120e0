"""EMNIST letters: handwritten letters, capital and small ones together (Cohen, Afshar, Tapson and van Schaik 2017).

Its files are only to be had in one archive of 562 MB with five other data sets. They hold columns where rows belong,
and call the first class 1.
"""

from cnn_core.data.catalog.record import Archive, Dataset, IdxFiles

EMNIST_LETTERS = Dataset(
    key="emnist_letters",
    name="EMNIST letters",
    title="EMNIST letters",
    noun="letters",
    singular="letter",
    folder="EMNIST",
    classes=tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    keras=None,
    address="https://www.nist.gov/itl/products-and-services/emnist-dataset",
    axis_begins=70,
    margin=2,
    counts=(124_800, 20_800),
    files=IdxFiles(
        ("emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte"),
        ("emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte"),
        first_label=1,
        is_transposed=True,
    ),
    archive=Archive(
        "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
        "58c8d27c78d21e728a6bc7b3cc06412e",
        600_000_000,
        "gzip/",
    ),
    torchvision="EMNIST",
)
