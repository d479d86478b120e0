"""The Sprint convnet: a network and a recipe that learn in a moment, and what is said of them."""

from cnn_core.data import load_images
from cnn_core.export import export_keras, export_keras_r, export_pytorch
from cnn_core.model import PRESETS, build
from cnn_core.runs import RunStore
from cnn_core.training import EXAMPLES, RECIPES, Racer, TrainSpec, evaluate, example_of_recipe, train
from cnn_core.training.fast.onednn import suits
from cnn_core.training.race import read, recipe_name, titles_of, written
from pages.train.sprint_words import is_sprint, what_makes_it_fast
from pages.train.words import facts

SPRINT, RECIPE = PRESETS["sprint"], EXAMPLES["sprint"]


def test_it_learns_the_sample_digits():
    net, test = build(SPRINT, seed=0), load_images("mnist", "test").take(500)
    for _ in train(net, load_images("mnist", "train").take(4_000), RECIPE.replace(epochs=3)):
        pass
    assert evaluate(net, test).accuracy > 0.93


def test_every_layer_of_it_goes_the_fast_way():
    assert all(suits(child) for child in build(SPRINT))


def test_what_makes_it_fast_is_told_in_numbers_that_can_be_checked_by_hand():
    # 12·12·32·25 + 4·4·64·32·9 + 1,024·64 + 64·10 = 476,288, and 2,794,240 of the lesson's: 5.9 times as many;
    # 55,000 images are 287 batches of 192, and 860 of 64, which the lesson's recipe goes through 5 times.
    words = " ".join(what_makes_it_fast(SPRINT, RECIPE, 55_000))
    for part in (
        "476,288",
        "2,794,240, 5.9 times",
        "move by 2 pixels",
        "12×12",
        "through the images once. The lesson’s recipe does so 5 times.",
        "each step learns from 192 images, not 64",
        "287 steps, not 4,300",
        "to 0.015 and",
    ):
        assert part in words, part
    assert "1/29 of" in words  # 5 · 2,794,240 / 476,288 = 29.3
    assert "move by" not in " ".join(what_makes_it_fast(PRESETS["tiny"], RECIPE, 55_000))


def test_its_recipe_is_known_again_with_another_seed_and_fewer_images():
    assert is_sprint(RECIPE.replace(seed=7, train_size=1_000))
    assert not is_sprint(RECIPES["fast"])
    assert recipe_name(RECIPE) == "recipe of Sprint convnet"
    assert example_of_recipe(RECIPE.replace(epochs=2)) is None
    assert recipe_name(TrainSpec("adam", beta_2=0.9)) == "adam · β2 0.9"


# Its recipe at first, as runs and links hold it.
FIRST = TrainSpec.from_dict(
    {"optimizer": "adamw", "learning_rate": 0.01, "batch_size": 128, "epochs": 1, "schedule": "one_cycle"}
    | {"weight_decay": 0.01, "label_smoothing": 0.1, "beta_1": 0.7, "beta_2": 0.9}
)


def test_what_its_recipe_was_earlier_keeps_its_numbers_and_its_name(tmp_path):
    store = RunStore(tmp_path)
    run = store.run(store.submit(SPRINT, FIRST.replace(seed=3), owner="a" * 22))
    assert run.recipe == FIRST.replace(seed=3)
    assert "Sprint recipe" in facts(run)
    assert "batches of 128" in facts(run)
    assert is_sprint(FIRST.replace(seed=7, train_size=1_000))
    assert "430 steps" in " ".join(what_makes_it_fast(SPRINT, FIRST, 55_000))
    racers = (Racer(SPRINT, RECIPE), Racer(SPRINT, FIRST))
    assert read(written(racers)) == racers  # a link tells them apart
    assert titles_of(racers) == ("recipe of Sprint convnet", "earlier recipe of Sprint convnet")


def test_what_adam_keeps_is_in_every_program_and_only_where_it_is_unusual():
    for export, said in (
        (export_keras, "weight_decay=0.01, beta_1=0.7, beta_2=0.9)"),
        (export_keras_r, "weight_decay = 0.01, beta_1 = 0.7, beta_2 = 0.9)"),
        (export_pytorch, "eps=1e-7, betas=(0.7, 0.9), weight_decay=0.01)"),
    ):
        assert said in export(SPRINT, RECIPE)
        assert "beta" not in export(SPRINT, RECIPES["fast"])
