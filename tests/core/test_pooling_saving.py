"""What pooling saves, held against networks that are written down without it."""

import pytest

from cnn_core.lesson import pooling_saving
from cnn_core.model import PRESETS, ModelSpec, summarize

CONV = {"type": "conv2d", "filters": 8, "kernel_size": 3}
END = [{"type": "flatten"}, {"type": "dense", "units": 10}]


def network(*layers: dict) -> ModelSpec:
    return ModelSpec.from_dict({"name": "Test", "layers": [*layers, *END]})


def macs_of(spec: ModelSpec, name: str) -> int:
    return next(row.macs for row in summarize(spec) if row.name == name)


@pytest.mark.parametrize(
    "second", [CONV, CONV | {"strides": 2, "padding": "same"}, CONV | {"kernel_size": 5}]
)
def test_without_pooling_the_next_convolution_costs_what_a_network_without_it_costs(second):
    saving = pooling_saving(network(CONV, {"type": "max_pooling2d"}, second), "max_pooling2d_1")
    assert saving.convolution == "conv2d_2"
    assert saving.macs == macs_of(network(CONV, {"type": "max_pooling2d"}, second), "conv2d_2")
    assert saving.macs_without == macs_of(network(CONV, second), "conv2d_2")


def test_the_lessons_second_convolution_sees_8_by_8_pixels_with_3_by_3_weights():
    saving = pooling_saving(PRESETS["lesson"], "max_pooling2d_1")
    assert (saving.receptive_field, saving.kernel_size) == (8, 3)
    assert saving.macs == 11 * 11 * 64 * 32 * 9
    assert saving.macs_without == 24 * 24 * 64 * 32 * 9


def test_pooling_that_stands_first_is_measured_against_the_image():
    saving = pooling_saving(network({"type": "max_pooling2d"}, CONV), "max_pooling2d_1")
    assert saving.macs_without == macs_of(network(CONV), "conv2d_1")


def test_the_last_pooling_saves_no_convolution_anything():
    assert pooling_saving(network(CONV, {"type": "max_pooling2d"}), "max_pooling2d_1") is None
