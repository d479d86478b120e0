"""A teacher's link: what it sets, whom it binds, what it forbids; and that only its server makes one."""

import random
import re
import secrets
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from cnn_core.classroom import PARTS, READY_SCENES, Classes, Guard, Scene, Scenes, parts_of, scene_from
from cnn_core.classroom.scene_parts import OF_EVERY_PAGE, PAGES
from cnn_core.classroom.scenes import MOST_OF_ONE, is_scene_id
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, links
from cnn_core.owners import owner_of
from cnn_core.training.spec import RECIPES
from tests.core.test_classes import Clock

ROOT = Path(__file__).parents[2]
TEACHER, ADA, BEN = (secrets.token_urlsafe(16) for _ in range(3))
BLUR = Scene("Only blur", "convolution", {"kernel": "blur"}, fixed=("convolution.kernel",))
HELD_FREE = Scene("Stay here", "train", hidden=("train",))
HELD = replace(HELD_FREE, may_leave=False)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def classes(tmp_path, clock):
    return Classes(tmp_path, Guard(clock), clock)


@pytest.fixture
def scenes(tmp_path, classes, clock):
    return Scenes(tmp_path, classes, clock)


def in_class(classes, *students):
    classroom, _ = classes.open(TEACHER, "Tuesday", hours=2)
    for student in students:
        classes.join(student, classroom.code)
    return classroom


# ---------------------------------------------------------------- a link, and that it is this server's


def test_a_scene_has_one_short_id_and_comes_back_as_it_was(scenes):
    scene = replace(BLUR, note="Look  at\nthe edges", pages=("convolution", "train"), recipe=RECIPES["fast"])
    scene_id = scenes.make(TEACHER, scene)
    assert re.fullmatch(r"[a-z2-7]{12}", scene_id)
    assert scenes.make(BEN, scene) == scene_id
    assert scenes.make(TEACHER, BLUR) != scene_id
    assert scenes.scene(scene_id) == replace(
        scene, note="Look at the edges", recipe=RECIPES["fast"].replace()
    )


def test_an_address_or_a_file_with_one_letter_changed_opens_nothing(scenes):
    scene_id, other = scenes.make(TEACHER, HELD_FREE), scenes.make(TEACHER, BLUR)
    draw = random.Random(5)
    for _ in range(300):
        at = draw.randrange(12)
        changed = (
            scene_id[:at] + draw.choice("abcdefghijklmnopqrstuvwxyz234567-A./\x00é") + scene_id[at + 1 :]
        )
        if changed not in (scene_id, other):
            with pytest.raises(StudentError, match="this server has not made"):
                scenes.scene(changed)

    file = scenes.path / f"{scene_id}.json"
    values = orjson.loads(file.read_bytes())
    assert values["scene"]["hidden"] == ["train"]
    for change in (
        {"hidden": []},
        {"title": "Mine"},
        {"may_leave": False},
        {"page": "convolution"},
        {"more": 1},
    ):
        file.write_bytes(orjson.dumps({**values, "scene": {**values["scene"], **change}}))
        with pytest.raises(StudentError):
            scenes.scene(scene_id)
    for broken in (b"", b"{", b"[]", b"null", b'{"scene": 3}', b"\xff" * 50):
        file.write_bytes(broken)
        with pytest.raises(StudentError):
            scenes.scene(scene_id)
    (scenes.path / f"{other}.json").rename(file)  # signed, but for another address
    with pytest.raises(StudentError):
        scenes.scene(scene_id)


def test_the_secret_is_the_servers_alone_and_made_once_by_whoever_comes_first(tmp_path, classes):
    ids, start = [], threading.Barrier(12)

    def make():
        start.wait()
        ids.append(Scenes(tmp_path, classes).make(TEACHER, BLUR))

    threads = [threading.Thread(target=make) for _ in range(12)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    assert len(set(ids)) == 1
    assert len(ids) == 12
    folder = tmp_path / "scenes"
    secret = folder / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == sorted(["secret", f"{ids[0]}.json"])
    assert secret.read_bytes().hex() not in (folder / f"{ids[0]}.json").read_text()

    elsewhere = Scenes(tmp_path / "other", classes)
    assert elsewhere.make(TEACHER, BLUR) != ids[0]
    with pytest.raises(StudentError):
        elsewhere.scene(ids[0])


def test_ready_scenes_are_there_by_name_on_every_server_and_no_id_can_be_one(scenes):
    assert {"five-kernels", "convnet-against-mlp", "ninety-nine-percent"} == set(READY_SCENES)
    for name, scene in READY_SCENES.items():
        assert scenes.open(ADA, name).scene == scene
        assert scene_from(scene.to_dict()).canonical() == scene.canonical()
        assert not is_scene_id(name)
        scene.check_network(scene.network, is_own_run=False)
        assert scene.opens(scene.page)


# ---------------------------------------------------------------- whom it binds


def test_a_scene_binds_its_visitor_until_they_leave_it_and_nobody_else(scenes, clock):
    scene_id = scenes.make(TEACHER, BLUR)
    assert scenes.of(ADA) is None
    scenes.open(ADA, scene_id)
    assert scenes.of(ADA).scene == scenes.of(ADA).scene
    assert (scenes.of(ADA).scene_id, scenes.of(ADA).may_leave, scenes.of(BEN)) == (scene_id, True, None)
    scenes.open(ADA, "five-kernels")  # one that can be left makes way for another
    assert scenes.of(ADA).scene_id == "five-kernels"
    scenes.leave(ADA)
    assert scenes.of(ADA) is None
    scenes.leave(ADA)

    scenes.open(ADA, scene_id)
    clock.now += 24 * 3600 + 5  # a day later nobody remembers
    assert scenes.of(ADA) is None


def test_a_scene_for_the_class_cannot_be_left_before_the_class_ends(scenes, classes, clock):
    with pytest.raises(StudentError, match="Open a class first"):
        scenes.make(TEACHER, HELD)
    classroom = in_class(classes, ADA)
    with pytest.raises(StudentError, match="Open a class first"):
        scenes.make(ADA, replace(HELD, of_class=classroom.id))  # she is no teacher of it
    scene_id = scenes.make(TEACHER, HELD)
    assert scenes.scene(scene_id).of_class == classroom.id

    scenes.open(ADA, scene_id)
    with pytest.raises(StudentError, match="until your class ends"):
        scenes.leave(ADA)
    with pytest.raises(StudentError, match="leads to another"):
        scenes.open(ADA, "five-kernels")
    assert scenes.of(ADA).scene_id == scene_id
    for free in (
        TEACHER,
        BEN,
    ):  # the teacher looks at it; Ben is in another class or in none: a link locks nobody up
        scenes.open(free, scene_id)
        assert scenes.of(free).may_leave
        scenes.leave(free)

    clock.now += 2 * 3600 + 1
    assert scenes.of(ADA).may_leave
    scenes.leave(ADA)
    assert scenes.of(ADA) is None


def test_a_class_may_have_one_scene_for_all_and_it_comes_before_anybodys_own(scenes, classes):
    scene_id = scenes.make(TEACHER, BLUR)
    in_class(classes, ADA)
    scenes.open(ADA, "five-kernels")
    with pytest.raises(StudentError):
        scenes.show_class(ADA, scene_id)
    with pytest.raises(StudentError):
        scenes.show_class(TEACHER, "no-such-scene")
    scenes.show_class(TEACHER, scene_id)
    assert (scenes.of(ADA).scene_id, scenes.of(ADA).by_class) == (scene_id, True)
    assert (scenes.of(TEACHER), scenes.of(BEN)) == (None, None)
    scenes.leave(ADA)  # its teacher lets them
    assert scenes.of(ADA) is None
    scenes.show_class(TEACHER, "ninety-nine-percent")  # another one binds anew
    assert scenes.of(ADA).scene_id == "ninety-nine-percent"
    scenes.show_class(TEACHER, None)
    assert scenes.of(ADA) is None


# ---------------------------------------------------------------- what it forbids


def test_a_training_is_taken_only_as_the_scene_says():
    lesson, mlp, fast = PRESETS["lesson"], PRESETS["mlp"], RECIPES["fast"]
    scene = Scene(
        "t", "train", {"seed": "3", "recipe": "fast", "net": "pretrained:mlp"}, recipe=fast,
        fixed=("layers", "train.recipe", "train.data"), hidden=("train.seed", "train.images"),
    )  # fmt: skip
    right = (lesson, fast.replace(seed=3), "mnist")
    scene.check_training(*right)
    scene.check_training(mlp, *right[1:])
    for place, other, sentence in (
        (0, PRESETS["tiny"], "keeps the layers as they are"),
        (1, fast.replace(seed=4), "leaves out the seed"),
        (1, fast.replace(seed=3, train_size=100), "leaves out the number of images"),
        (1, fast.replace(seed=3, epochs=3), "keeps the recipe as it is"),
        (2, "kmnist", "keeps the data set as it is"),
    ):
        asked = list(right)
        asked[place] = other
        with pytest.raises(StudentError, match=sentence):
            scene.check_training(*asked)
    only_mlp = replace(scene, fixed=(*scene.fixed, "net"))
    only_mlp.check_training(mlp, *right[1:])
    with pytest.raises(StudentError, match="layers"):
        only_mlp.check_training(*right)
    tiny = replace(scene, state={"seed": "3", "design": links.encode(PRESETS["tiny"].to_dict())})
    tiny.check_training(PRESETS["tiny"], *right[1:])
    with pytest.raises(StudentError, match="leaves out training"):
        HELD_FREE.check_training(*right)


def test_a_page_a_part_an_action_and_a_network_are_refused_in_a_sentence():
    scene = replace(BLUR, pages=("convolution",), hidden=("save", "net", "convolution.padding"))
    assert scene.texts("convolution") == {
        "kernel": "blur",
        "learnt": "",
        "size": "",
        "padding": "",
        "net": "",
    }
    assert scene.texts("train") == {"net": ""}
    for refused, sentence in (
        (lambda: scene.check_page("train"), "The page Train is not part of your teacher’s scene."),
        (lambda: scene.check("convolution.kernel"), "Your teacher’s scene keeps the kernel as it is."),
        (lambda: scene.check_text("convolution", "kernel", "emboss"), "keeps the kernel as it is"),
        (lambda: scene.check_text("convolution", "padding", "same"), "leaves out the padding"),
        (lambda: scene.check_action("save"), "leaves out saving and sharing"),
        (lambda: scene.check_network("pretrained:mlp", is_own_run=False), "the network that is looked at"),
    ):
        with pytest.raises(StudentError, match=re.escape(sentence)):
            refused()
    for page in ("convolution", "", "classroom", "tour"):
        scene.check_page(page)
    scene.check("convolution.strides")
    scene.check_text("convolution", "kernel", "blur")
    scene.check_text("convolution", "strides", "2")
    scene.check_network("run:AAAAAAAAAAA", is_own_run=True)


def test_the_table_of_parts_is_what_addresses_can_say():
    """docs/addresses.md and the table name the same, page by page: who adds a part to an address adds it here too."""
    rows = re.findall(
        r"^\| ([a-z_]+)[^|]* \| (.*) \|$", (ROOT / "docs/addresses.md").read_text(), re.MULTILINE
    )
    said: dict[str, set[str]] = {}
    for page, text in rows:
        named = {
            name
            for group in re.findall(r"((?:`[a-z_0-9]+`(?:, )?)+):", text)
            for name in re.findall("`(.*?)`", group)
        }
        said.setdefault("" if page == "home" else page, set()).update(named)
    assert (
        said.pop("every") - {"screen", "step", "scene", "preview"}
        == {"net", "design"}
        == set(OF_EVERY_PAGE) - {"step"}
    )
    for page, names in said.items():
        if page not in ("page", "classroom", "teachers"):
            assert {text for part in parts_of(page) for text in part.texts} == names, page


# ---------------------------------------------------------------- what is no scene


def hostile(draw):
    good = {**BLUR.to_dict(), "recipe": RECIPES["lesson"].to_dict()}
    anything = [
        None, 7, -1, 1e308, "", "x" * 5_000, "\x00", "../../etc/passwd", "<script>", "‮", [], {}, [[]], {"a": {"b": []}},
        True, ["layers"] * 3, ["nothing"], {"kernel": 5}, {"net": "::"}, {"design": "1.AAAA"}, {"kernel": "a b"},
        {"step": "\n"}, {"padding": "é"}, {str(i): "a" for i in range(3_000)}, ["train"], ["convolution.kernel"],
    ]  # fmt: skip
    for name in draw.sample([*good, "more", "of"], k=draw.choice([1, 1, 2, 3])):
        good[name] = draw.choice(anything)
    return draw.choice([good, good, good, draw.choice(anything)])


def test_whatever_is_no_scene_is_refused_in_a_sentence_and_nothing_of_it_is_kept(scenes):
    draw, refused = random.Random(11), 0
    for _ in range(300):
        values = hostile(draw)
        try:
            scene = scene_from(values)
        except StudentError as error:
            refused += bool(error.message)
            continue
        assert scene_from(scene.to_dict()).canonical() == scene.canonical()
        assert set(scene.holds) <= set(PARTS)
        assert scene.page in PAGES
    assert 200 < refused < 300
    assert not scenes.path.exists()


def test_whoever_makes_too_many_is_told_and_old_ones_go(scenes, clock, monkeypatch):
    first = scenes.make(TEACHER, BLUR)
    monkeypatch.setattr("cnn_core.classroom.scenes.MOST_OF_ONE", 3)
    for number in range(2):
        scenes.make(TEACHER, replace(BLUR, title=f"Scene {number}"))
    with pytest.raises(StudentError, match="You have made 3 scenes"):
        scenes.make(TEACHER, replace(BLUR, title="One more"))
    scenes.make(BEN, replace(BLUR, title="One more"))
    monkeypatch.setattr("cnn_core.classroom.scenes.MOST", 4)
    with pytest.raises(StudentError, match="all are in use"):
        scenes.make(BEN, replace(BLUR, title="And one"))
    clock.now += 31 * 86400
    clock.now = max(clock.now, time.time() + 31 * 86400)  # of files that were just written
    scenes.open(ADA, first)  # in use again
    scenes.make(BEN, replace(BLUR, title="And one"))
    assert scenes.scene(first)
    clock.now += 300 * 86400
    scenes.open(ADA, first)
    clock.now += 150 * 86400
    scenes.tidy()
    assert [path.stem for path in scenes.path.glob("*.json")] == [first]
    assert (scenes.path / "secret").exists()
    assert not (scenes.path / "of" / owner_of(BEN)).exists()
    assert MOST_OF_ONE > 100


def test_the_store_takes_no_training_no_dream_and_no_file_that_a_scene_leaves_out(tmp_path, scenes, classes):
    from cnn_core.runs import RunStore

    store, fast = RunStore(tmp_path, rules=scenes), RECIPES["fast"]
    everything = replace(HELD_FREE, hidden=("train", "dream", "open"))
    run_id = store.submit(PRESETS["tiny"], fast, "mnist", ADA)
    store.control(run_id, ADA, "stop")
    scenes.open(ADA, scenes.make(TEACHER, everything))
    for refused, sentence in (
        (lambda: store.submit(PRESETS["tiny"], fast.replace(seed=5), "mnist", ADA), "leaves out training"),
        (lambda: store.go_on(run_id, ADA), "leaves out training"),
        (lambda: store.submit_dream({}, b"", ADA), "leaves out dreaming"),
        (lambda: store.openings.ask(b"x", "x.onnx", ADA), "leaves out opening"),
    ):
        with pytest.raises(StudentError, match=sentence):
            refused()
    assert [run.id for run in store.runs(ADA)] == [run_id]
    assert store.submit(PRESETS["tiny"], fast.replace(seed=5), "mnist", BEN)
    scenes.open(ADA, "ninety-nine-percent")
    with pytest.raises(StudentError, match="keeps the recipe"):
        store.submit(PRESETS["tiny"], fast, "mnist", ADA)
    assert store.submit(PRESETS["tiny"], READY_SCENES["ninety-nine-percent"].recipe, "mnist", ADA)
