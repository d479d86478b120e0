"""A kind of layer is one class, and each table of the core has a row for it: nothing else has to know its name."""

import ast
from pathlib import Path

import pytest

from cnn_core.export.layers import LAYERS
from cnn_core.insight.look import pixel
from cnn_core.model import LAYER_TYPES, network
from cnn_core.model.layer_files import kind_named, layer_from_dict, layer_names

ROOT = Path(__file__).parents[2]
# What may name kinds: the class itself, its module, the tables, and the designs made of them.
MAY_NAME_KINDS = {
    "cnn_core/model/layers.py",
    "cnn_core/model/network.py",
    "cnn_core/export/layers.py",
    "cnn_core/model/presets.py",
    "cnn_core/model/draft.py",  # its remedies add layers
    "cnn_core/lesson/glossary.py",  # it says what the words mean
    # What other programs wrote is told apart by words of our own before it becomes layers.
    *(
        f"cnn_core/opening/{name}.py"
        for name in ("chain", "onto", "torch_file", "torch_guess", "torch_names")
    ),
}


def test_every_table_has_every_kind_and_no_other():
    kinds = set(LAYER_TYPES)
    assert set(network._MODULES) == set(LAYER_TYPES.values())
    assert set(LAYERS) == kinds
    assert set(pixel._EXPLAIN) == kinds


@pytest.mark.parametrize("kind", LAYER_TYPES.values(), ids=list(LAYER_TYPES))
class TestEveryKind:
    def test_has_its_words(self, kind):
        assert kind.title
        assert kind.__doc__
        assert kind.about.endswith(".")
        assert kind.words(kind.added())

    def test_is_explained_in_the_menu_in_words_that_fit_a_phone(self, kind):
        assert len(kind.in_short) > 3
        assert len(f"{kind.title} {kind.in_short}") <= 47  # at 14 and 13 pixels: 330 of a phone's 390

    def test_explains_each_of_its_settings_in_whole_sentences(self, kind):
        for name, setting in kind.settings().items():
            assert setting.help.endswith("."), name
            assert len(setting.help) > 40, name
            assert " a map" not in setting.label  # "per", not "a"

    def test_is_found_by_the_name_of_a_layer(self, kind):
        assert [kind_named(name) for name in layer_names([kind.type, kind.type])] == [kind, kind]

    def test_is_added_as_a_layer_that_exists(self, kind):
        assert type(layer_from_dict(kind.added())) is kind

    def test_offers_only_what_it_allows(self, kind):
        assert set(kind.in_form()) == set(kind.settings())
        for name, setting in kind.settings().items():
            for value in (*setting.offered, kind.usual()[name]):
                assert setting.can_be_shown(value)
                layer_from_dict({**kind.added(), name: value})

    def test_can_be_shown_with_every_setting_left_out_that_has_a_default(self, kind):
        draft = {name: value for name, value in kind.added().items() if name in ("type", *kind.required())}
        assert kind.words(draft)
        assert all(kind.value_in(draft, name) is not None for name in kind.settings())


def test_one_word_for_one_thing_strides():
    """Keras and the lesson say "strides"; so do the form, its help and the list of layers."""
    words = [
        (setting.label, setting.help)
        for kind in LAYER_TYPES.values()
        for name, setting in kind.settings().items()
        if name == "strides"
    ]
    assert len(words) == 4  # two convolutions, two poolings
    assert all(label == "Strides" and "strides of 2" in help for label, help in words)
    assert LAYER_TYPES["conv2d"].words({"filters": 8, "strides": 2}).endswith(", strides 2, linear")


def test_strides_of_two_halve_as_their_help_says():
    """Half as high and wide as with strides of 1, rounded up: for every map and window that fits."""
    for padding in ("valid", "same"):
        for side, kernel in ((28, 3), (26, 2), (5, 5), (13, 4), (7, 1)):
            one, two = (
                layer_from_dict(
                    {"type": "conv2d", "filters": 1, "kernel_size": kernel, "strides": s, "padding": padding}
                ).output_shape((1, side, side))
                for s in (1, 2)
            )
            assert two[1] == -(-one[1] // 2)


def string_constants(path: Path) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_nobody_else_compares_the_names_of_kinds():
    settings = {name for kind in LAYER_TYPES.values() for name in kind.settings()}
    kinds = set(LAYER_TYPES) - settings  # a setting may be called as a kind is
    for path in (*(ROOT / "cnn_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if name not in MAY_NAME_KINDS and path.name != "pixel.py":
            assert not string_constants(path) & kinds, name
