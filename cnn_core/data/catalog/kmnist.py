"""KMNIST: Japanese characters from old books (Clanuwat and others 2018)."""

from cnn_core.data.catalog.record import Dataset

_CHARACTERS = ("お o", "き ki", "す su", "つ tsu", "な na", "は ha", "ま ma", "や ya", "れ re", "を wo")
KMNIST = Dataset(
    key="kmnist",
    name="KMNIST",
    title="KMNIST characters",
    noun="characters",
    singular="character",
    folder="KMNIST",
    classes=_CHARACTERS,
    keras=None,
    address="http://codh.rois.ac.jp/kmnist",
    axis_begins=76,
)
