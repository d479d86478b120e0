"""An exported program reads a picture of one's own as the page does: the same probabilities, to four digits."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from cnn_core.data import load_images, read_photo
from cnn_core.data.centring import resized
from cnn_core.export import export_keras, export_pytorch
from cnn_core.export.own_picture import own_picture
from cnn_core.model import PRESETS
from cnn_core.pretrained import load_pretrained
from cnn_core.training import RECIPES
from tests.benchmarks.photos import photo

KINDS = ("plain", "shaded", "ruled")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """{path: what the page reads in it, (1, 28, 28)}."""
    folder, digits = tmp_path_factory.mktemp("photos"), load_images("mnist", "test")
    images = {}
    for number, kind in enumerate(KINDS):
        path = folder / f"{kind}.jpg"
        path.write_bytes(photo(digits.images[number, 0].numpy(), kind, seed=number))
        images[path] = read_photo(path.read_bytes()).image
    return images


def garment() -> bytes:
    """A dark skirt on a pale table."""
    grey = np.full((240, 200), 210, np.uint8)
    for row in range(60, 200):
        half = 20 + (row - 60) // 4
        grey[row, 100 - half : 100 + half] = 70
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue()


def printed(program: str, folder, *arguments: str) -> list[float]:
    """The shares that a program prints for some pictures, in order."""
    (folder / "net.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "net.py", *arguments], cwd=folder, capture_output=True, text=True, timeout=200,
        env=os.environ | {"KERAS_BACKEND": "torch"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [float(line.split()[-1]) for line in done.stdout.splitlines() if ".jpg: " in line]


@pytest.mark.parametrize("export", [export_pytorch, export_keras])
def test_a_photo_gets_the_pages_probabilities(export, photos, tmp_path):
    net, spec = load_pretrained("lesson")
    save_file(net.state_dict(), tmp_path / "weights.safetensors")
    shares = printed(export(spec, RECIPES["lesson"]), tmp_path, "weights.safetensors", *map(str, photos))
    ours = net.predict(torch.stack(list(photos.values()))).flatten().tolist()
    assert shares == pytest.approx(ours, abs=1e-4)


@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist", "cifar10", "emnist_letters"])
def test_the_source_brought_along_finds_what_the_page_finds(dataset, photos):
    own, space = own_picture(dataset), {}
    exec(f"from __future__ import annotations\n{own.imports}\n{own.preparation}", space)  # our own text
    files = [garment()] if dataset == "fashion_mnist" else [path.read_bytes() for path in photos]
    for content in files:
        reading = space[own.function](content, space["IMAGES"])
        theirs = reading.pieces[reading.main].pixels
        np.testing.assert_array_equal(theirs, read_photo(content, dataset).image.numpy())


@pytest.mark.parametrize("export", [export_pytorch, export_keras])
def test_a_program_can_be_run_without_being_imported(export):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    names = {"__name__": "nobody_imported_me"}
    exec(export(PRESETS["tiny"], RECIPES["lesson"]), names)  # our own text
    assert names["read_picture"]


def test_only_what_is_used_comes_along():
    clothes, digits = own_picture("fashion_mnist").preparation, own_picture("mnist").preparation
    assert "without_lines" not in clothes
    assert "cut_out" not in digits
    assert "import torch" not in digits
    assert "cnn_core" not in "\n".join(line for line in digits.splitlines() if "import" in line)


@pytest.mark.parametrize("size", [(20, 15), (28, 28), (7, 40), (61, 33)])
def test_sizes_are_changed_as_torch_changes_them(size):
    ink = torch.rand(33, 28, generator=torch.Generator().manual_seed(0))
    smaller = max(ink.shape) > max(size)
    how = {"mode": "area"} if smaller else {"mode": "bilinear", "align_corners": False}
    theirs = torch.nn.functional.interpolate(ink[None, None], size=size, **how)[0, 0]
    np.testing.assert_allclose(resized(ink.numpy(), size), theirs.numpy(), atol=5e-6)
