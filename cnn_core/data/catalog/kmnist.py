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
    mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    md5=(
        "bdb82020997e1d708af4cf47b453dcf7",
        "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "7320c461ea6c1c855c0b718fb2a4b134",
    ),
)
