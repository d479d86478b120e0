"""Which function makes the prediction of which step."""

from __future__ import annotations

from collections.abc import Callable

from pages.tour import inside, learning, one_layer, photos
from pages.tour.asking import About, Asked

QUESTIONS: dict[str, Callable[[About], Asked]] = {
    "kernel": one_layer.kernel,
    "padding": one_layer.padding,
    "strides": one_layer.strides,
    "feature_map": one_layer.feature_map,
    "pooling": one_layer.pooling,
    "layers": learning.layers,
    "scaling": learning.scaling,
    "one_hot": learning.one_hot,
    "compile": learning.compile,
    "rmsprop": learning.rmsprop,
    "saving": learning.saving,
    "evaluating": learning.evaluating,
    "against_mlp": learning.against_mlp,
    "maps_of_layers": inside.maps_of_layers,
    "one_filter": inside.one_filter,
    "gradient_size": inside.gradient_size,
    "all_filters": inside.all_filters,
    "without_picture": inside.without_picture,
    "cat_and_dream": photos.cat_and_dream,
    "turned": photos.turned,
    "four_draws": photos.four_draws,
}
