"""The loop as a story: what it tells, that it can be repeated and resumed to the bit, and that it minds its manners."""

import platform
from dataclasses import replace

import pytest
import torch
from torch import nn

from cnn_core.data import AugmentSpec, ImageSet, load_images
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.training import (
    BatchDone,
    Control,
    Finished,
    SnapshotDue,
    TrainSpec,
    Validated,
    evaluate,
    load_training,
    save_training,
    train,
)
from cnn_core.training.inputs import order_of, with_label_noise
from cnn_core.training.schedule import learning_rate_at, snapshot_reason, validation_steps

# Everything that has a memory or takes chances: batch normalisation, dropout, a pooled convolution.
SPEC = ModelSpec.from_dict(
    {
        "name": "all kinds",
        "input_shape": [1, 28, 28],
        "classes": 10,
        "layers": [
            {"type": "conv2d", "filters": 4, "activation": "relu"},
            {"type": "max_pooling2d", "pool_size": 4},
            {"type": "batch_normalization"},
            {"type": "flatten"},
            {"type": "dropout", "rate": 0.25},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    }
)
RECIPE = TrainSpec(batch_size=16, epochs=2)


def blobs(count=100, seed=0):
    """Images a linear net could learn: class k is a bright row of pixels at 2k + 4, in noise."""
    chance = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 10, (count,), generator=chance)
    images = torch.randint(0, 100, (count, 1, 28, 28), dtype=torch.uint8, generator=chance)
    images[torch.arange(count), 0, 2 * labels + 4] = 255
    return ImageSet("blobs", "train", images, labels, tuple("0123456789"), "made for a test")


@pytest.fixture(scope="module")
def data():
    return blobs()


def weights(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(value.equal(other[name]) for name, value in one.items())


def trained(spec, data, net_spec=SPEC, **more):
    net = build(net_spec, seed=0)
    events = list(train(net, data, spec, **more))
    return net, events


# --- the story


def test_a_training_tells_its_story_in_order(data):
    _, events = trained(RECIPE, data, validation=blobs(20, seed=1))
    told = [event for event in events if not isinstance(event, Validated)]
    assert isinstance(told[0], SnapshotDue)
    assert told[0].step == 0
    assert isinstance(told[-1], Finished)
    assert [event.step for event in told if isinstance(event, BatchDone)] == list(range(1, 15))
    snapshots = [(event.step, event.reason) for event in told if isinstance(event, SnapshotDue)]
    scheduled = [(step, "scheduled") for step in (0, 1, 2, 4)]
    assert snapshots == [*scheduled, (7, "epoch"), (8, "scheduled"), (14, "final")]


def test_a_step_is_told_before_its_validation_and_that_before_its_snapshot(data):
    _, events = trained(RECIPE, data, validation=blobs(20, seed=1))
    at_the_end_of_epoch_1 = [type(event) for event in events if event.step == 7]
    assert at_the_end_of_epoch_1 == [BatchDone, Validated, SnapshotDue]


def test_the_last_smaller_batch_is_used_and_epochs_are_counted_as_they_pass(data):
    _, events = trained(RECIPE, data)  # 100 images: six batches of 16 and one of 4
    batches = [event for event in events if isinstance(event, BatchDone)]
    assert len(batches) == 2 * 7
    assert batches[6].epoch == 1.0
    assert batches[6].accuracy * 4 == pytest.approx(round(batches[6].accuracy * 4))
    assert events[-1].epoch == 2.0


def test_every_image_is_seen_once_an_epoch_and_in_another_order_the_next():
    first, second = order_of(1000, seed=0, epoch=0), order_of(1000, seed=0, epoch=1)
    assert first.sort().values.equal(torch.arange(1000))
    assert not first.equal(second)
    assert not first.equal(order_of(1000, seed=1, epoch=0))


def test_the_reported_loss_is_that_of_the_batch_before_its_step(data):
    net = build(SPEC, seed=0)
    spec = RECIPE.replace(precision="float32", batch_size=100)
    copy = build(replace_dropout(SPEC), seed=0).train()
    expected = nn.functional.cross_entropy(copy(data.images / 255), data.labels)
    net = build(replace_dropout(SPEC), seed=0)
    first = next(event for event in train(net, data, spec) if isinstance(event, BatchDone))
    assert first.loss == pytest.approx(expected.item(), rel=1e-4)


def replace_dropout(spec):
    return ModelSpec.from_dict(
        spec.to_dict() | {"layers": [la for la in spec.to_dict()["layers"] if la["type"] != "dropout"]}
    )


def test_the_first_steps_are_those_of_a_plain_loop(data):
    spec = TrainSpec(optimizer="sgd", learning_rate=0.1, batch_size=32, epochs=2, precision="float32")
    ours, _ = trained(spec, data, replace_dropout(SPEC))
    plain = build(replace_dropout(SPEC), seed=0).train()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    for epoch in range(2):
        for chosen in order_of(100, seed=0, epoch=epoch).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(plain(data.images[chosen] / 255), data.labels[chosen]).backward()
            optimizer.step()
    for name, value in ours.state_dict().items():
        torch.testing.assert_close(value, plain.state_dict()[name], rtol=1e-3, atol=1e-5)


def test_validation_points_are_evaluate_on_all_the_images_given(data):
    validation = blobs(50, seed=1)
    net = build(SPEC, seed=0)
    for event in train(net, data, RECIPE.replace(precision="float32"), validation):
        if isinstance(event, Validated):
            result = evaluate(net, validation)
            assert (event.loss, event.accuracy) == (result.loss, result.accuracy)
            assert event.count == 50


def test_something_is_learnt():
    dense = ModelSpec.from_dict(SPEC.to_dict() | {"layers": SPEC.to_dict()["layers"][3:]})
    net, events = trained(RECIPE.replace(epochs=8), blobs(400), dense)
    assert evaluate(net, blobs(200, seed=5)).accuracy > 0.95
    assert all(event.images_per_second > 0 for event in events if isinstance(event, BatchDone))


def test_speed_and_seconds_leave_out_the_time_the_listener_takes(data, monkeypatch):
    now = 0.0

    def clock():
        nonlocal now
        now += 0.001  # so long takes whatever happens between two looks at the clock
        return now

    monkeypatch.setattr("time.perf_counter", clock)
    for event in train(build(SPEC), data, RECIPE):
        if isinstance(event, BatchDone):
            now += 1_000.0
            assert event.images_per_second > 1_000
    assert 0 < event.seconds < 1


# --- what comes when, by arithmetic


def test_snapshots_are_due_at_powers_of_two_and_after_epochs():
    due = [step for step in range(0, 2001) if snapshot_reason(step, per_epoch=938, total=1876)]
    assert due == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 938, 1024, 1876]


def test_validation_is_dense_at_first_and_always_at_the_ends_of_epochs():
    steps = validation_steps(epochs=5, images=55_000, validation_images=5_000, per_epoch=860)
    assert {25, 50, 100, 200, 400}.issubset(steps)
    assert {860, 1720, 2580, 3440, 4300}.issubset(steps)


@pytest.mark.parametrize("validation_images", [500, 5_000, 10_000, 60_000])
@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_validation_looks_at_few_images_beside_those_learnt_from(validation_images, epochs):
    steps = validation_steps(epochs, 55_000, validation_images, 860)
    looks = len(steps) * validation_images
    assert looks <= max(0.4 * 55_000 * epochs, epochs * validation_images)


def test_one_cycle_rises_for_a_quarter_and_falls_to_nothing():
    rates = [learning_rate_at(step, 1000, 0.01, "one_cycle") for step in range(1, 1001)]
    assert rates[:250] == sorted(rates[:250])
    assert rates[251:] == sorted(rates[251:], reverse=True)
    assert max(rates) == pytest.approx(0.01, rel=0.01)
    assert rates[0] == pytest.approx(0.0004, rel=0.1)
    assert 0 < rates[-1] < 1e-6


def test_a_constant_rate_is_constant():
    assert {learning_rate_at(step, 10, 0.01, "constant") for step in range(1, 11)} == {0.01}


# --- chance


@pytest.mark.parametrize(
    "recipe",
    [RECIPE, RECIPE.replace(augment=AugmentSpec.lesson(), label_noise=0.3), RECIPE.replace(train_size=50)],
    ids=["plain", "augmented", "small"],
)
def test_the_same_seed_gives_the_same_weights_to_the_bit(data, recipe):
    one, first = trained(recipe, data)
    torch.manual_seed(99)  # the listener's own chance has no part in it
    other, second = trained(recipe, data)
    assert same(weights(one), weights(other))
    losses = [[event.loss for event in events if isinstance(event, BatchDone)] for events in (first, second)]
    assert losses[0] == losses[1]
    different, _ = trained(recipe.replace(seed=1), data)
    assert not same(weights(one), weights(different))


def test_a_listener_who_draws_numbers_and_changes_modes_changes_nothing(data):
    quiet, _ = trained(RECIPE, data)
    net = build(SPEC, seed=0)
    for _ in train(net, data, RECIPE):
        torch.rand(3)
        net.eval()
        net(torch.rand(2, 1, 28, 28))
        torch.manual_seed(5)
    assert same(weights(quiet), weights(net))


def test_label_noise_replaces_just_that_fraction_always_by_another_class():
    labels = torch.arange(10).repeat(100)
    noisy = with_label_noise(labels, 0.25, classes=10, seed=0)
    assert (noisy != labels).sum() == 250
    assert noisy.min() >= 0
    assert noisy.max() <= 9
    assert noisy.equal(with_label_noise(labels, 0.25, classes=10, seed=0))
    assert labels.equal(torch.arange(10).repeat(100))


def test_train_size_takes_so_many_or_all(data):
    _, events = trained(RECIPE.replace(train_size=40, epochs=1), data)
    assert sum(isinstance(event, BatchDone) for event in events) == 3  # 16, 16, 8
    _, events = trained(RECIPE.replace(train_size=10**6, epochs=1), data)
    assert sum(isinstance(event, BatchDone) for event in events) == 7


# --- stopping, controlling, resuming


def resumed(spec, data, at, tmp_path, control=None):
    """Train until the snapshot at step `at`, keep it in a file, and go on from there with a fresh network."""
    net = build(SPEC, seed=0)
    for event in train(net, data, spec, control=control() if control else None):
        if isinstance(event, SnapshotDue) and event.step == at:
            save_training(tmp_path / "run.safetensors", net, SPEC, event.state)
            break
    fresh = build(SPEC, seed=123)
    state = load_training(tmp_path / "run.safetensors", fresh)
    events = list(train(fresh, data, spec, state=state, control=control() if control else None))
    return fresh, events


@pytest.mark.parametrize("at", [0, 1, 4, 7, 8, 14])
@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "adamw", "sgd"])
def test_a_resumed_training_ends_with_the_same_weights_to_the_bit(data, tmp_path, optimizer, at):
    recipe = RECIPE.replace(
        optimizer=optimizer,
        schedule="one_cycle",
        momentum=0.9 if optimizer == "sgd" else 0.0,
        augment=AugmentSpec.lesson(),
        label_noise=0.1,
    )
    undisturbed, story = trained(recipe, data)
    again, rest = resumed(recipe, data, at, tmp_path)
    assert same(weights(undisturbed), weights(again))
    steps = [(event.step, event.loss) for event in story if isinstance(event, BatchDone) and event.step > at]
    assert [(event.step, event.loss) for event in rest if isinstance(event, BatchDone)] == steps
    assert not any(isinstance(event, SnapshotDue) and event.step <= at for event in rest)


class SlowerAfterStep10:
    """A listener who lowers the learning rate the first time it is asked, which is after step 10."""

    def __init__(self):
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return Control(learning_rate=1e-5) if self.asked == 1 else None


def test_a_learning_rate_set_in_mid_run_holds_from_the_next_step_and_survives_resumption(data, tmp_path):
    recipe = RECIPE.replace(epochs=3)  # snapshots at 14 and 16, after the change at 10
    undisturbed, story = trained(recipe, data, control=SlowerAfterStep10())
    rates = {event.step: event.learning_rate for event in story if isinstance(event, BatchDone)}
    assert rates[10] == 0.001
    assert {rates[step] for step in range(11, 22)} == {1e-5}
    again, _ = resumed_after_change(recipe, data, tmp_path)
    assert same(weights(undisturbed), weights(again))


def resumed_after_change(recipe, data, tmp_path):
    net = build(SPEC, seed=0)
    for event in train(net, data, recipe, control=SlowerAfterStep10()):
        if isinstance(event, SnapshotDue) and event.step == 16:
            save_training(tmp_path / "run.safetensors", net, SPEC, event.state)
            break
    fresh = build(SPEC, seed=123)
    state = load_training(tmp_path / "run.safetensors", fresh)
    assert state.learning_rate == 1e-5
    return fresh, list(train(fresh, data, recipe, state=state))


def test_a_snapshot_can_be_asked_for(data):
    _, events = trained(RECIPE, data, control=lambda: Control(snapshot=True))
    assert [event.step for event in events if isinstance(event, SnapshotDue) and event.reason == "asked"] == [
        10
    ]


def test_seconds_add_up_over_a_resumption(data):
    net = build(SPEC, seed=0)
    snapshot = next(e for e in train(net, data, RECIPE) if isinstance(e, SnapshotDue) and e.step == 8)
    state = replace(snapshot.state, seconds=100.0)
    assert list(train(net, data, RECIPE, state=state))[-1].seconds > 100


def test_a_finished_training_resumed_only_says_so(data):
    net, events = trained(RECIPE, data)
    final = [event for event in events if isinstance(event, SnapshotDue)][-1]
    before = weights(net)
    assert [type(event) for event in train(net, data, RECIPE, state=final.state)] == [Finished]
    assert same(before, weights(net))


def test_a_state_of_another_network_is_refused(data):
    _, events = trained(RECIPE, data)
    state = [event for event in events if isinstance(event, SnapshotDue)][-1].state
    with pytest.raises(StudentError, match="does not fit"):
        next(train(build(PRESETS["tiny"]), data, RECIPE, state=state))
    with pytest.raises(StudentError, match="ends at step"):
        train(build(SPEC), data, RECIPE.replace(epochs=1), state=state)


# --- errors


def test_a_loss_that_explodes_is_explained_with_the_rate_and_something_to_try(data):
    # Three layers without a bend between them: each step makes the next one longer.
    layers = [{"type": "flatten"}, *[{"type": "dense", "units": 10}] * 3]
    straight = ModelSpec.from_dict(SPEC.to_dict() | {"layers": layers})
    recipe = RECIPE.replace(optimizer="sgd", learning_rate=10.0)
    with pytest.raises(StudentError, match=r"learning rate of 10 .*Try a learning rate of 0.001"):
        trained(recipe, data, straight)


def test_nothing_to_learn_from_or_nothing_to_train_is_refused(data):
    with pytest.raises(StudentError, match="no image"):
        train(build(SPEC), replace(data, images=data.images[:0], labels=data.labels[:0]), RECIPE)
    with pytest.raises(StudentError, match="no weight"):
        train(build(SPEC).requires_grad_(False), data, RECIPE)


# --- manners


@pytest.mark.parametrize("ending", ["to the end", "closed", "error"])
def test_modes_gradients_random_state_and_data_are_left_as_found(data, ending, monkeypatch):
    net = build(SPEC, seed=0).eval()
    net[2].train()  # a mixture, to be kept
    modes = [module.training for module in net.modules()]
    first_weight = next(net.parameters())
    first_weight.grad = torch.full_like(first_weight, 7.0)
    pixels, labels = data.images.clone(), data.labels.clone()
    torch.manual_seed(42)
    chance = torch.get_rng_state()

    story = train(net, data, RECIPE.replace(augment=AugmentSpec.lesson()), blobs(20, 1))
    for told, event in enumerate(story):
        assert [module.training for module in net.modules()] == modes, event
        assert torch.get_rng_state().equal(chance), event
        assert first_weight.grad.eq(7).all()
        if ending == "closed" and told == 5:
            story.close()
            break
        if ending == "error" and told == 5:
            with pytest.raises(ZeroDivisionError):
                story.throw(ZeroDivisionError())
            break
    assert [module.training for module in net.modules()] == modes
    assert torch.get_rng_state().equal(chance)
    assert first_weight.grad.eq(7).all()
    assert all(weight.grad is None for weight in list(net.parameters())[1:])
    assert all(weight.is_contiguous() for weight in net.parameters())
    assert data.images.equal(pixels)
    assert data.labels.equal(labels)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_page_without_gradients_can_train_too(data, mode, precision):
    recipe = RECIPE.replace(precision=precision)
    for design in (SPEC, PRESETS["tiny"]):
        expected, _ = trained(recipe, data, design, validation=data.take(20))
        net = build(design, seed=0)
        with mode():
            for _ in train(net, data, recipe, data.take(20)):
                pass
        assert same(weights(net), weights(expected))


def test_a_network_that_nobody_of_ours_built_can_be_trained(data):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    assert isinstance(list(train(net, data, RECIPE))[-1], Finished)


def test_hooks_still_see_every_layer(data):
    net, seen = build(SPEC, seed=0), []
    handle = net[0].register_forward_hook(lambda _layer, _inputs, output: seen.append(output.shape))
    for event in train(net, data, RECIPE):
        if event.step == 1:
            break
    handle.remove()
    assert seen == [(16, 4, 26, 26)]


@pytest.mark.parametrize("wanted", ["cuda", "mps"])
def test_a_device_the_machine_lacks_is_named(data, monkeypatch, wanted):
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if available[wanted]:
        pytest.skip(f"this machine has {wanted}")
    monkeypatch.setenv("CONVSCOPE_DEVICE", wanted)
    with pytest.raises(StudentError, match=wanted):
        next(train(build(SPEC), data, RECIPE))


def test_smoothed_labels_change_what_is_learnt_and_not_how_it_is_counted(data):
    def losses(smoothing):
        events = train(build(SPEC), data, RECIPE.replace(label_smoothing=smoothing))
        return [event.loss for event in events if isinstance(event, BatchDone)]

    smoothed, plain = losses(0.5), losses(0.0)
    assert smoothed[0] == plain[0]  # the same images and weights, so the same cross-entropy
    assert smoothed[-1] != plain[-1]


# --- the lesson


def test_the_lessons_recipe_on_the_sample_digits_ends_above_94_percent(monkeypatch, tmp_path):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path))
    monkeypatch.setenv("CONVSCOPE_OFFLINE", "1")
    digits, test = load_images("mnist", "train"), load_images("mnist", "test")
    assert (len(digits), len(test)) == (4500, 500)
    net, _ = trained(TrainSpec(), digits, PRESETS["lesson"])
    assert evaluate(net, test).accuracy > 0.94


def test_a_network_for_other_images_is_not_trained():
    other = ModelSpec.from_dict(SPEC.to_dict() | {"input_shape": [1, 14, 14]})
    with pytest.raises(StudentError, match="14×14"):
        next(train(build(other), blobs(), RECIPE))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such switch")
def test_a_step_takes_no_fresh_memory_from_the_system():
    import resource  # not on Windows

    # A step of the lesson's net uses some 8 MB of maps and gradients: 2,000 pages, if each were fresh.
    events = train(build(PRESETS["lesson"]), blobs(64 * 20), TrainSpec(epochs=1))

    def pages_until(step):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        next(event for event in events if isinstance(event, BatchDone) and event.step == step)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    pages_until(9)  # and 8 is a snapshot
    assert pages_until(15) < 6 * 500
