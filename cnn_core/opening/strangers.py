"""Files that hold no network we can read: what each is, and what to bring in its place."""

from __future__ import annotations

from collections.abc import Iterable

from cnn_core.errors import StudentError, quoted

_SAVE_KERAS = 'Save the network with `model.save("model.keras")`, and open that file.'
_SAVE_TORCH = "Save its weights with `torch.save(net.state_dict(), ...)`, or as .safetensors."
_BEGINNINGS: tuple[tuple[bytes | tuple[bytes, ...], str, str], ...] = (
    (b"\x89PNG", "a picture (PNG)", ""),
    (b"\xff\xd8\xff", "a picture (JPEG)", ""),
    (b"GIF8", "a picture (GIF)", ""),
    (b"BM", "a picture (BMP)", ""),
    (b"RIFF", "a picture or a sound (RIFF)", ""),
    (b"%PDF", "a PDF", ""),
    (b"\x93NUMPY", "a NumPy array, without the network around it", _SAVE_KERAS),
    (b"RDX", "data saved by R", 'In R, save the network with `save_model_hdf5(model, "model.h5")`.'),
    (
        (b"X\n\x00\x00\x00", b"A\n2\n", b"A\n3\n"),
        "an object saved by R (.rds)",
        'In R, use `save_model_hdf5(model, "model.h5")`.',
    ),
    (b"MATLAB", "a file of MATLAB", "Export the network from MATLAB to ONNX, and open that."),
    (b"Rar!", "a RAR archive", "Unpack it, and choose the network inside."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it, and choose the network inside."),
    ((b"\x7fELF", b"MZ"), "a program", ""),
    (b"<", "a web page or another text", "Download the file itself, not the page that shows it."),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "Download the file itself."),
)
# The number with which such a file begins, as a pickle of its own. Source: torch/serialization.py, MAGIC_NUMBER.
_TORCH_OF_BEFORE = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"
_PICKLE = "a Python pickle, which may run any program when it is opened"


def refuse_stranger(content: bytes, name: str, members: Iterable[str] = ()) -> StudentError:
    """The refusal for a file that none of our readers reads.

    members: the names in it, where it is a zip.
    """
    what, hint = _zip(content, set(members)) if content[:2] == b"PK" else _plain(content, name.lower())
    usual = "Open a network of Keras (.keras, .h5), PyTorch (.safetensors, .pt) or ONNX (.onnx)."
    return StudentError(f"{quoted(name)} is {what}.", hint=hint or usual)


def _zip(content: bytes, members: set[str]) -> tuple[str, str]:
    ends = {member.rpartition("/")[2] for member in members}
    if "saved_model.pb" in ends or "keras_metadata.pb" in ends:
        return "a TensorFlow SavedModel in a zip, which holds a program", _SAVE_KERAS
    if "config.json" in ends and "model.weights.h5" in ends:
        return "a .keras file that was unpacked and packed again inside a folder", (
            "Pack config.json and model.weights.h5 without the folder, or open the file as Keras saved it."
        )
    if "config.json" in ends and "metadata.json" in ends:
        return "a .keras file without its weights (model.weights.h5 is missing)", _SAVE_KERAS
    if any(end.endswith((".h5", ".keras", ".onnx", ".safetensors", ".pt", ".pth")) for end in ends):
        return "a zip with other files in it", "Unpack it, and choose the network inside."
    if any(end.endswith(".npy") for end in ends):
        return "NumPy arrays in a zip (.npz), without the network around them", _SAVE_KERAS
    if any(member.startswith(("word/", "xl/", "ppt/")) for member in members):
        return "a document of an office program", ""
    return "a zip without a network in it", ""


def _plain(content: bytes, name: str) -> tuple[str, str]:
    if not content:
        return "empty", "Download or copy it again."
    if content[4:8] == b"TFL3":
        return "a TensorFlow Lite model, which no longer says how it was trained", _SAVE_KERAS
    for beginning, what, hint in _BEGINNINGS:
        if content.startswith(beginning):
            return what, hint
    if content.startswith(_TORCH_OF_BEFORE):
        return "saved in PyTorch's format of before version 1.6, which is a pickle throughout", (
            "Load it once in PyTorch, and save `net.state_dict()` with torch.save, or as .safetensors."
        )
    if content[:1] == b"\x80" and content[1:2] in b"\x00\x01\x02\x03\x04\x05":
        return _PICKLE, _SAVE_TORCH if name.endswith((".pt", ".pth")) else _SAVE_KERAS
    if content[:2] == b"\x1f\x8b":
        if name.endswith((".rds", ".rda", ".rdata")):
            return "an object saved by R", 'In R, use `save_model_hdf5(model, "model.h5")`.'
        return "a file packed with gzip", "Unpack it, and choose the network inside."
    if content[257:262] == b"ustar":
        return "a tar archive", "Unpack it, and choose the network inside."
    if content[:1] == b"x" and name.endswith((".pkl", ".joblib")):
        return _PICKLE, _SAVE_KERAS
    if content[:2] in (b"\x08\x01", b"\x0a\x1b") or name.endswith(".pb"):
        return "a graph of TensorFlow (.pb), which holds a program", _SAVE_KERAS
    if content[:1] == b"[":
        return "a list in JSON, and no design", ""
    if not content[:1_000].translate(None, bytes(range(32, 127)) + b"\t\r\n"):
        return "a text, and holds no weights", ""
    return "of a kind that cannot be read here", ""
