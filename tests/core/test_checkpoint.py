"""Files of weights: they come back whole, and whatever is not ours is refused before it can do harm."""

import io
import json
import pickle
import struct
import zipfile

import pytest
import torch
from safetensors.torch import save as save_tensors
from torch import nn

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, build
from cnn_core.training import load_model, load_training, save_model, save_training
from cnn_core.training.events import TrainState
from tests.core.designs import same_weights
from tests.core.work import counted

TINY = PRESETS["tiny"]


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "net.safetensors"
    save_model(path, build(TINY, seed=3), TINY)
    return path


def changed(path, change):
    """The file's bytes with its header changed by `change`, a function of the parsed header."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + raw[8 + length :]


def a_weight(header):
    return header[next(name for name in sorted(header) if name != "__metadata__")]


def with_spec(header, change):
    spec = json.loads(header["__metadata__"]["spec"])
    change(spec)
    header["__metadata__"]["spec"] = json.dumps(spec)


def test_a_network_comes_back_the_same(saved):
    net, spec = load_model(saved)
    original = build(TINY, seed=3)
    assert spec == TINY
    assert not net.training
    assert all(value.equal(original.state_dict()[name]) for name, value in net.state_dict().items())


def test_an_upload_is_read_from_its_bytes(saved):
    net, _ = load_model(saved.read_bytes())
    assert next(net.parameters()).equal(next(build(TINY, seed=3).parameters()))


def test_moving_averages_are_saved_too(tmp_path):
    net = build(PRESETS["modern"], seed=0).train()
    net(torch.rand(8, 1, 28, 28))
    save_model(tmp_path / "net", net, PRESETS["modern"])
    back, _ = load_model(tmp_path / "net")
    assert all(value.equal(net.state_dict()[name]) for name, value in back.state_dict().items())


def test_half_precision_halves_the_file_and_comes_back_as_float32(tmp_path):
    net = build(PRESETS["lesson"])
    save_model(tmp_path / "whole", net, PRESETS["lesson"])
    save_model(tmp_path / "half", net, PRESETS["lesson"], dtype=torch.float16)
    assert (tmp_path / "half").stat().st_size < 0.52 * (tmp_path / "whole").stat().st_size
    back, _ = load_model(tmp_path / "half")
    for ours, original in zip(back.parameters(), net.parameters(), strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, original, rtol=1e-3, atol=1e-6)


def test_saving_and_loading_leave_net_and_chance_alone(tmp_path):
    net = build(TINY).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    chance = torch.get_rng_state()
    save_model(tmp_path / "net", net.to(memory_format=torch.channels_last), TINY)
    load_model(tmp_path / "net")
    assert net.training
    assert torch.get_rng_state().equal(chance)
    assert all(value.equal(before[name]) for name, value in net.state_dict().items())


def test_a_failed_write_leaves_the_old_file_and_no_litter(saved):
    before = saved.read_bytes()
    net = build(TINY)
    with torch.no_grad():
        next(net.parameters()).fill_(float("nan"))
    with pytest.raises(StudentError, match="infinite"):
        save_model(saved, net, TINY)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_training_state_comes_back_the_same(tmp_path):
    net = build(TINY, seed=1)
    name, weight = next(iter(net.named_parameters()))
    state = TrainState(
        17, 2.5, 0.01, {f"{name}/mean_square": torch.rand_like(weight), f"{name}/step": torch.tensor(17.0)}
    )
    save_training(tmp_path / "run", net, TINY, state)
    fresh = build(TINY, seed=2)
    back = load_training(tmp_path / "run", fresh)
    assert (back.step, back.seconds, back.learning_rate) == (17, 2.5, 0.01)
    assert back.optimizer.keys() == state.optimizer.keys()
    assert all(value.equal(back.optimizer[key]) for key, value in state.optimizer.items())
    assert all(value.equal(net.state_dict()[key]) for key, value in fresh.state_dict().items())
    loaded, _ = load_model(tmp_path / "run")  # such a file is a network, too
    assert next(loaded.parameters()).equal(next(net.parameters()))


def test_weights_alone_are_no_training(saved):
    with pytest.raises(StudentError, match="no training"):
        load_training(saved, build(TINY))


@pytest.mark.parametrize(
    "changes",
    [{"step": step} for step in (-1, 1.5, "4", None, True, [4])]
    + [{"seconds": seconds} for seconds in (-1.0, float("nan"), float("inf"), "2.5", None)]
    + [{"learning_rate": rate} for rate in (0, -1, float("nan"), "0.1", [0.1])],
    ids=str,
)
def test_a_training_that_stands_nowhere_is_refused_and_its_weights_with_it(tmp_path, changes):
    save_training(tmp_path / "run", build(TINY, seed=1), TINY, TrainState(4, 2.5, 0.01))
    numbers = {"step": 4, "seconds": 2.5, "learning_rate": 0.01} | changes
    file = changed(tmp_path / "run", lambda h: h["__metadata__"].update(training=json.dumps(numbers)))
    net = build(TINY, seed=2)
    with pytest.raises(StudentError):
        load_training(file, net)
    assert same_weights(net, build(TINY, seed=2))


def test_a_variance_below_zero_is_refused(tmp_path):
    net = build(PRESETS["modern"])
    net.batch_normalization_2.norm.running_var[3] = -1.0
    save_model(tmp_path / "net", net, PRESETS["modern"])
    with pytest.raises(StudentError, match=r"batch_normalization_2.* below 0"):
        load_model(tmp_path / "net")


def test_a_training_of_another_design_is_refused(tmp_path):
    save_training(tmp_path / "run", build(TINY), TINY, TrainState())
    with pytest.raises(StudentError):
        load_training(tmp_path / "run", build(PRESETS["mlp"]))


def test_an_upload_is_held_to_the_limits_and_a_file_of_our_own_is_not(tmp_path, monkeypatch):
    save_training(tmp_path / "run", build(TINY, seed=1), TINY, TrainState(step=4))
    monkeypatch.setenv("CONVSCOPE_MAX_PARAMETERS", "99")
    with pytest.raises(StudentError, match="This server allows 99"):
        load_model(tmp_path / "run")
    assert load_model(tmp_path / "run", check_limits=False)[1] == TINY
    assert load_training(tmp_path / "run", build(TINY)).step == 4  # its network is built already


@pytest.mark.parametrize("length", [0x1080, 0x4B50])  # little-endian, these begin with \x80 and with PK
def test_a_network_whose_file_begins_like_a_pickle_is_opened(tmp_path, length):
    net = build(PRESETS["tiny"], seed=3)
    save_model(tmp_path / "net.safetensors", net, PRESETS["tiny"])
    content = (tmp_path / "net.safetensors").read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    assert end <= 8 + length
    padded = struct.pack("<Q", length) + content[8:end].ljust(length) + content[end:]
    opened, _ = load_model(padded)
    assert same_weights(opened, net)


def bomb():
    class Harm:
        def __reduce__(self):
            return exec, ("raise SystemExit('a pickle was opened')",)

    return pickle.dumps(Harm())


def torch_file(tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "old.pt")
    assert zipfile.is_zipfile(tmp_path / "old.pt")
    return (tmp_path / "old.pt").read_bytes()


def keras_file(ending):
    """How a file of Keras 3 begins: .h5 is HDF5, .keras is a ZIP whose first file is metadata.json."""
    if ending == ".h5":
        return b"\x89HDF\r\n\x1a\n" + bytes(2000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            archive.writestr(name, "{}")
    return packed.getvalue()


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_a_file_of_keras_is_refused_by_its_name_and_says_what_to_do(ending):
    with pytest.raises(StudentError, match="saved by Keras") as refusal:
        load_model(keras_file(ending))
    assert "Open your own network" in refusal.value.hint


HOSTILE = {
    "nothing": lambda path: b"",
    "a few letters": lambda path: b"hello",
    "text": lambda path: b"A network, I promise. " * 100,
    "a pickle": lambda path: bomb(),
    "torch.save": lambda path: torch_file(path.parent),
    "a header of 10^18 bytes": lambda path: struct.pack("<Q", 10**18) + b"{}",
    "a header of 10 MB": lambda path: struct.pack("<Q", 10**7) + b" " * 10**7,
    "deep brackets": lambda path: struct.pack("<Q", 900_000) + b"[" * 900_000,
    "only half": lambda path: path.read_bytes()[: path.stat().st_size // 2],
    "one byte short": lambda path: path.read_bytes()[:-1],
    "one byte more": lambda path: path.read_bytes() + b"x",
    "somebody else's": lambda path: save_tensors({"weight": torch.ones(2)}),
    "no tensors": lambda path: changed(path, lambda h: [h.pop(k) for k in list(h) if k != "__metadata__"]),
    "another format": lambda path: changed(path, lambda h: h["__metadata__"].update(format="99")),
    "no spec": lambda path: changed(path, lambda h: h["__metadata__"].pop("spec")),
    "a spec of no sense": lambda path: changed(path, lambda h: h["__metadata__"].update(spec="{{")),
    "a spec that is a list": lambda path: changed(path, lambda h: h["__metadata__"].update(spec="[]")),
    "a billion filters": lambda path: changed(
        path, lambda h: with_spec(h, lambda s: s["layers"][0].update(filters=10**9))
    ),
    "another design": lambda path: changed(
        path, lambda h: with_spec(h, lambda s: s["layers"][0].update(filters=9))
    ),
    "a foreign shape": lambda path: changed(path, lambda h: a_weight(h).update(shape=[2, 4])),
    "a huge shape": lambda path: changed(path, lambda h: a_weight(h).update(shape=[10**18, 10**18])),
    "a shape of text": lambda path: changed(path, lambda h: a_weight(h).update(shape="8")),
    "a shape of fractions": lambda path: changed(path, lambda h: a_weight(h).update(shape=[8.0])),
    "a foreign type": lambda path: changed(path, lambda h: a_weight(h).update(dtype="F8_E4M3")),
    "a type that is a list": lambda path: changed(path, lambda h: a_weight(h).update(dtype=[])),
    "bytes for floats": lambda path: changed(path, lambda h: a_weight(h).update(dtype="I64")),
    "places beyond the end": lambda path: changed(
        path, lambda h: a_weight(h).update(data_offsets=[0, 10**15])
    ),
    "overlapping places": lambda path: changed(path, lambda h: a_weight(h).update(data_offsets=[4, 36])),
    "an entry that is a number": lambda path: changed(path, lambda h: h.update({sorted(h)[1]: 5})),
    "a format that is a number": lambda path: changed(path, lambda h: h["__metadata__"].update(format=1)),
    "a name of half a character": lambda path: changed(
        path, lambda h: h.update({"\ud800": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}})
    ),
    "a tensor too many": lambda path: changed(
        path, lambda h: h.update(virus={"dtype": "F32", "shape": [0], "data_offsets": [0, 0]})
    ),
    "optimizer of nothing": lambda path: changed(
        path, lambda h: h.update({"optimizer/x/y": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}})
    ),
    "weights that are no numbers": lambda path: path.read_bytes()[:-4] + struct.pack("<f", float("nan")),
    "infinite weights": lambda path: path.read_bytes()[:-4] + struct.pack("<f", float("inf")),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_not_ours_is_refused_in_a_sentence_and_without_memory(saved, kind):
    content = HOSTILE[kind](saved)
    upload = saved.with_name("upload")
    upload.write_bytes(content)
    for source in (upload, content):
        with counted() as work, pytest.raises(StudentError) as caught:
            load_model(source)
        assert work.peak_bytes < 4_000_000  # whatever it promises to be
        assert 20 < len(str(caught.value).encode()) < 400  # a page can show it, half characters it cannot


def test_bfloat16_files_are_refused(tmp_path):
    raw = save_tensors(
        {name: value.bfloat16() for name, value in build(TINY).state_dict().items()},
        {"format": "1", "spec": json.dumps(TINY.to_dict())},
    )
    with pytest.raises(StudentError, match="type"):
        load_model(raw)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none")


def test_any_module_with_a_state_can_be_saved_as_long_as_it_fits_when_read(tmp_path):
    save_model(tmp_path / "net", nn.Linear(2, 2), TINY)
    with pytest.raises(StudentError):
        load_model(tmp_path / "net")
