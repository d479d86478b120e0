"""Images of three channels, and of another number of classes than ten, go through all of the core as grey ones do."""

import io
import os
import sys
import types

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from cnn_core.data import ImageSet, Portion, load_images, read_photo
from cnn_core.data.datasets import _load
from cnn_core.data.digits import fitted as fitted_drawing
from cnn_core.data.sources import KNOWN
from cnn_core.errors import StudentError
from cnn_core.export import export_keras, export_keras_r, export_onnx, export_pytorch
from cnn_core.export.program import SOURCES
from cnn_core.model import PRESETS, ModelSpec, build, fitted, inspect_draft, links, preset_of, summarize
from cnn_core.model.draft_edits import readable, well_named
from cnn_core.runs.submission import training
from cnn_core.training import (
    CHANGES,
    RECIPES,
    TrainSpec,
    changed_images,
    check_images,
    evaluate,
    load_model,
    save_model,
    train,
)
from tests.core.designs import lived_in

COLOUR = (3, 32, 32)


def photos(count, seed=0, classes=4):
    """Images whose class is told by their colour alone: red, green, blue and white light on noise."""
    chance = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % classes
    light = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])[labels]
    noise = torch.rand(count, *COLOUR, generator=chance)
    images = (255 * (0.5 * noise + 0.5 * light[:, :, None, None])).to(torch.uint8)
    return ImageSet("cifar10", "train", images, labels, tuple("rgbw")[:classes], "made")


# Designs for other images


@pytest.mark.parametrize(("shape", "classes"), [(COLOUR, 10), (COLOUR, 2), ((1, 28, 28), 26)])
@pytest.mark.parametrize("key", PRESETS)
def test_a_fitted_preset_keeps_its_layers_but_for_the_last_units(key, shape, classes):
    spec = fitted(PRESETS[key], shape, classes)
    assert (spec.input_shape, spec.classes) == (shape, classes)
    assert spec.layers[:-1] == PRESETS[key].layers[:-1]
    assert spec.layers[-1].units == summarize(spec)[-1].output_shape[0] == classes
    assert spec.layers[-1].activation == PRESETS[key].layers[-1].activation
    assert spec.name == PRESETS[key].name


@pytest.mark.parametrize("key", PRESETS)
def test_fitting_back_brings_the_preset_back_and_there_it_stays_the_same(key):
    preset = PRESETS[key]
    assert fitted(preset, (1, 28, 28), 10) is preset
    assert fitted(fitted(preset, COLOUR, 2), (1, 28, 28), 10) == preset


def test_the_lessons_convnet_on_cifar_has_the_parameters_worked_out_by_hand():
    rows = summarize(fitted(PRESETS["lesson"], COLOUR, 10))
    # 3x3x3 and 1; 3x3x32 and 1; 3x3x64 and 1; 4x4x64 maps' values and 1; 64 and 1
    assert [row.parameters for row in rows if row.parameters] == [
        28 * 32, 289 * 64, 577 * 64, 1025 * 64, 65 * 10,
    ]  # fmt: skip


def test_a_design_that_ends_with_maps_gets_as_many_maps_as_classes():
    draft = {"input_shape": [1, 28, 28], "classes": 10, "layers": [
        {"type": "conv2d", "filters": 8, "activation": "relu"}, {"type": "conv2d", "filters": 10},
        {"type": "global_average_pooling2d"},
    ]}  # fmt: skip
    spec = fitted(ModelSpec.from_dict(draft), COLOUR, 26)
    assert [layer.filters for layer in spec.layers[:2]] == [8, 26]


def test_layers_that_cannot_stand_on_smaller_images_are_refused_by_name():
    with pytest.raises(StudentError) as refusal:
        fitted(PRESETS["lesson"], (3, 8, 8), 10)
    assert refusal.value.layer == "max_pooling2d_2"


@pytest.mark.parametrize("key", PRESETS)
def test_a_fitted_preset_is_recognised_named_and_comes_back_from_its_link(key):
    draft = fitted(PRESETS[key], COLOUR, 2).to_dict()
    assert preset_of(draft) == key
    assert well_named({**draft, "name": f"{PRESETS[key].name}, changed"})["name"] == PRESETS[key].name
    assert readable(links.decode(links.encode(draft))) == draft
    assert inspect_draft(draft).problem is None


@pytest.mark.parametrize("shape", [[3, 32], [0, 28, 28], [3, 32, "x"], None, "28", [99, 28, 28]])
def test_a_link_for_impossible_images_is_refused(shape):
    with pytest.raises(StudentError, match="images"):
        readable({**PRESETS["tiny"].to_dict(), "input_shape": shape})
    with pytest.raises(StudentError, match="images"):
        readable({key: value for key, value in PRESETS["tiny"].to_dict().items() if key != "input_shape"})


def test_starting_anew_keeps_the_images_of_a_broken_design():
    draft = fitted(PRESETS["tiny"], COLOUR, 2).to_dict() | {"layers": [{"type": "flatten"}] * 2}
    remedies = {remedy.label: remedy.draft for remedy in inspect_draft(draft).remedies}
    begun = remedies.get("Start from the lesson’s convnet")
    assert begun is None or begun == fitted(PRESETS["lesson"], COLOUR, 2).to_dict()
    empty = inspect_draft({**draft, "layers": []}).remedies
    assert all(remedy.draft["input_shape"] == [3, 32, 32] for remedy in empty)


# Design and images


def test_a_design_for_other_images_is_refused_with_both_sizes():
    with pytest.raises(StudentError, match=r"28×28×1, and those of CIFAR-10 have 32×32×3"):
        check_images(PRESETS["lesson"], KNOWN["cifar10"])
    with pytest.raises(StudentError, match=r"gives 10 answers, and Cat or dog has 2 classes"):
        check_images(fitted(PRESETS["lesson"], COLOUR, 10), KNOWN["cat_or_dog"])
    with pytest.raises(StudentError, match="those of CIFAR-10"):
        training(PRESETS["lesson"], RECIPES["lesson"], "cifar10", None)
    for data in KNOWN.values():
        check_images(fitted(PRESETS["lesson"], data.shape, len(data.classes)), data)


def test_another_sets_sample_is_looked_for_and_mnists_places_are_only_mnists(monkeypatch):
    data = photos(12)
    part = Portion("cifar10", "complete", 45_000, 5_000)
    test = ImageSet("cifar10", "test", data.images, data.labels, data.classes, "made", is_sample=True)
    assert part.count_among(test) is None  # nobody here can tell


# Learning


def after(net, events):
    for _ in events:
        pass
    return torch.cat([value.flatten() for value in net.state_dict().values()])


@pytest.mark.parametrize("key", ["lesson", "small_vgg", "modern", "mlp"])
def test_a_training_in_colour_is_the_same_twice(key):
    data, recipe = photos(200), TrainSpec(epochs=1, batch_size=50, seed=3)
    spec = fitted(PRESETS[key], COLOUR, 4)
    first, second = (build(spec, seed=1) for _ in range(2))
    assert torch.equal(after(first, train(first, data, recipe)), after(second, train(second, data, recipe)))


def test_colours_are_learnt_and_a_grey_copy_is_not_enough():
    data, test = photos(400), photos(200, seed=9)
    net = build(fitted(PRESETS["tiny"], COLOUR, 4), seed=0)
    after(net, train(net, data, TrainSpec(epochs=4, batch_size=32)))
    assert evaluate(net, test).accuracy > 0.95
    grey = test.images.float().mean(1, keepdim=True).expand(-1, 3, -1, -1).to(torch.uint8)
    as_grey = ImageSet("cifar10", "test", grey.contiguous(), test.labels, test.classes, "made")
    assert evaluate(net, as_grey).accuracy < 0.7
    assert evaluate(net, test).confusion.shape == (4, 4)


def test_random_changes_move_all_channels_of_an_image_alike():
    from cnn_core.data import AugmentSpec
    from cnn_core.data.augment import augment

    one = torch.rand(5, 1, 32, 32)
    moved = augment(
        one.expand(-1, 3, -1, -1).contiguous(), AugmentSpec.lesson(), torch.Generator().manual_seed(0)
    )
    assert torch.equal(moved[:, 0], moved[:, 1])
    assert torch.equal(moved[:, 0], moved[:, 2])
    alone = augment(one, AugmentSpec.lesson(), torch.Generator().manual_seed(0))
    assert torch.equal(alone[:, 0], moved[:, 0])


@pytest.mark.parametrize("change", CHANGES)
def test_shift_turn_and_noise_take_photos(change):
    images = photos(6).images
    strengths, _ = CHANGES[change]
    changed = changed_images(images, change, strengths[-1])
    assert changed.shape == images.shape
    assert torch.equal(changed_images(images, change, 0), images / 255)


def test_a_saved_network_of_three_channels_comes_back(tmp_path):
    net = lived_in(fitted(PRESETS["small_vgg"], COLOUR, 26))
    save_model(tmp_path / "net.safetensors", net, net.spec)
    again, spec = load_model(tmp_path / "net.safetensors")
    images = torch.rand(3, *COLOUR)
    assert spec == net.spec
    assert torch.equal(again.predict(images), net.predict(images))


# A photo of one's own


def a_photo(width, height):
    """Red at the left end, green in the middle square, blue at the right end."""
    image = Image.new("RGB", (width, height), (0, 255, 0))
    edge = (width - height) // 2
    image.paste((255, 0, 0), (0, 0, edge, height))
    image.paste((0, 0, 255), (width - edge, 0, width, height))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("width", "height"), [(640, 480), (96, 64), (40, 20)])
def test_of_a_photo_the_middle_square_goes_into_a_colour_network(width, height):
    reading = read_photo(a_photo(width, height), "cifar10")
    assert reading.image.shape == COLOUR
    assert torch.allclose(reading.image, torch.tensor([0.0, 1, 0])[:, None, None].expand(COLOUR))
    left = (width - height) // 2
    assert reading.pieces[0].box == (0, left, height, left + height)


def test_a_photo_is_made_small_by_the_mean_of_what_each_pixel_stands_for():
    chance = np.random.default_rng(0)
    large = chance.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(large).save(file, "PNG")
    expected = large.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3)).transpose(2, 0, 1) / 255
    assert np.abs(read_photo(file.getvalue(), "cat_or_dog").image.numpy() - expected).max() < 1e-6


def test_a_drawing_is_no_photo_and_a_letter_leaves_its_margin():
    drawing = torch.zeros(56, 56)
    drawing[10:40, 20:30] = 1
    with pytest.raises(StudentError, match="A drawing is grey, and images of CIFAR-10 have 32×32×3"):
        fitted_drawing(drawing, KNOWN["cifar10"])
    rows = (fitted_drawing(drawing, KNOWN["emnist_letters"])[0] > 0).any(1).nonzero()[:, 0]
    assert (int(rows[0]), int(rows[-1])) == (2, 25)


# Beside Keras


@pytest.mark.parametrize("key", PRESETS)
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_every_preset_in_colour_gives_the_numbers_of_its_keras_twin(key):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    from tests.core.keras_twin import keras_outputs

    net = lived_in(fitted(PRESETS[key], COLOUR, 10))
    images = torch.rand(4, *COLOUR, generator=torch.Generator().manual_seed(1))
    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    theirs = keras_outputs(net.spec.to_dict(), weights, images.numpy())
    assert np.abs(theirs - net.predict(images).numpy()).max() < 1e-5


# What is taken home


def tiny_cifar(count):
    """Images (N, 32, 32, 3) uint8 and all ten labels, as Keras and torchvision hold them."""
    chance = np.random.default_rng(count)
    return chance.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), np.arange(count) % 10


@pytest.fixture
def ours_and_theirs(tmp_path, monkeypatch):
    """The same made images as CIFAR-10's binary files, for us, and in the hands of torchvision and of Keras."""
    from dataclasses import replace

    made = {True: tiny_cifar(50), False: tiny_cifar(10)}
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name, (images, labels) in zip([f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"],
                                      [(made[True][0][i : i + 10], made[True][1][i : i + 10])
                                       for i in range(0, 50, 10)] + [made[False]], strict=True):  # fmt: skip
        rows = np.concatenate([labels[:, None], images.transpose(0, 3, 1, 2).reshape(10, -1)], axis=1)
        (folder / name).write_bytes(rows.astype(np.uint8).tobytes())

    class Theirs:
        def __init__(self, root, train, download):
            self.data, self.targets = made[train][0], made[train][1].tolist()

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Theirs)
    keras = types.ModuleType("keras")
    keras.datasets = types.SimpleNamespace(
        cifar10=types.SimpleNamespace(load_data=lambda: tuple((x, y[:, None]) for x, y in made.values()))
    )
    monkeypatch.setitem(sys.modules, "keras", keras)

    def ours(key, split):
        files = replace(KNOWN[key].files, images_per_file=10)
        return _load(replace(KNOWN[key], files=files), split, tmp_path, None)

    return ours


def functions(source, *names):
    """Some functions of an exported program, and their imports."""
    import ast

    tree = ast.parse(source)
    tree.body = [
        node
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) or getattr(node, "name", "") in names
    ]
    tree.body = [
        node for node in tree.body if "keras" not in ast.unparse(node) or isinstance(node, ast.FunctionDef)
    ]
    found = {"keras": sys.modules.get("keras")}
    exec(compile(tree, "exported.py", "exec"), found)
    return found


@pytest.mark.parametrize("key", ["cifar10", "cat_or_dog"])
@pytest.mark.parametrize("is_train", [True, False])
def test_exported_programs_read_the_images_that_we_read(ours_and_theirs, key, is_train):
    ours = ours_and_theirs(key, "train" if is_train else "test")
    spec = fitted(PRESETS["tiny"], COLOUR, len(KNOWN[key].classes))
    images, labels = functions(export_pytorch(spec, RECIPES["lesson"], dataset=key), "read")["read"](is_train)
    assert torch.equal(images, ours.images / 255)
    assert labels.tolist() == ours.labels.tolist()
    program = functions(export_keras(spec, RECIPES["lesson"], dataset=key), "raw", "read")
    images, labels = program["read"](is_train)
    assert np.allclose(images.transpose(0, 3, 1, 2), ours.images.numpy() / 255, atol=1e-7)
    assert labels.tolist() == ours.labels.tolist()


def test_exported_programs_read_emnists_letters_upright(tmp_path, monkeypatch):
    letters = KNOWN["emnist_letters"]
    chance = np.random.default_rng(3)
    images, labels = chance.integers(1, 256, (26, 28, 28), dtype=np.uint8), np.arange(1, 27, dtype=np.uint8)
    raw = tmp_path / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, values in zip((*letters.files.train, *letters.files.test), [images, labels] * 2, strict=True):
        header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
        (raw / name).write_bytes(header + values.tobytes())
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path))

    class Theirs:
        def __init__(self, root, split, train, download):
            assert split == "letters"
            self.data, self.targets = torch.from_numpy(images), torch.from_numpy(labels)

    monkeypatch.setattr(torchvision.datasets, "EMNIST", Theirs)
    spec = fitted(PRESETS["tiny"], (1, 28, 28), 26)
    from dataclasses import replace

    ours = _load(replace(letters, counts=(26, 26)), "test", tmp_path, None)
    read, _ = functions(export_pytorch(spec, dataset="emnist_letters"), "read")["read"](False)
    assert torch.equal(read, ours.images / 255)
    program = functions(export_keras(spec, RECIPES["lesson"], dataset="emnist_letters"), "raw", "read")
    read, numbers = program["read"](False)
    assert np.allclose(read[..., 0], ours.images[:, 0].numpy() / 255, atol=1e-7)
    assert numbers.tolist() == ours.labels.tolist() == list(range(26))


@pytest.mark.parametrize("key", KNOWN)
def test_every_export_keeps_aside_what_the_dashboard_keeps_aside_and_knows_the_classes(key):
    from cnn_core.data.splits import split_sizes

    data = KNOWN[key]
    spec, noisy = fitted(PRESETS["tiny"], data.shape, len(data.classes)), TrainSpec(label_noise=0.2)
    aside = split_sizes(data.count("train"))[1]
    assert SOURCES[key].kept_aside == aside
    texts = [export(spec, noisy, dataset=key) for export in (export_pytorch, export_keras, export_keras_r)]
    assert all(str(aside) in text for text in texts)
    assert f"randint(1, {len(data.classes)}, " in texts[0]
    assert f"%% {len(data.classes)}\n" in texts[2]
    channels, height, width = data.shape
    assert f"{height}, {width}, {channels}" in texts[2]


def test_onnx_of_three_channels_gives_our_probabilities():
    runtime = pytest.importorskip("onnxruntime")
    net = lived_in(fitted(PRESETS["small_vgg"], COLOUR, 26))
    images = torch.rand(2, *COLOUR)
    session = runtime.InferenceSession(export_onnx(net), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {"images": images.numpy()})
    assert any(np.allclose(output, net.predict(images).numpy(), atol=1e-5) for output in outputs)


def test_a_photo_of_mnist_stays_a_digit():
    assert load_images("mnist", "test", fetch=False).images.shape[1:] == (1, 28, 28)
