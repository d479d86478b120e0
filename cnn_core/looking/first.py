"""What is asked of a network first: what Evaluate, Feature maps and Filters ask when nothing on them is touched.

So it can be answered before anybody opens them (`ahead`). The pages take their beginnings from here. Arithmetic, no
torch.
"""

from __future__ import annotations

from cnn_core.insight import RECIPES
from cnn_core.insight.between.sources import IMAGE, source_of_layer
from cnn_core.looking.question import Question
from cnn_core.looking.work import work_of
from cnn_core.model import ModelSpec, summarize
from cnn_core.model.layer_files import kind_named

WATCHED = 2_000  # test images that are asked which filters they excite, and how far each filter's numbers go
RECIPE, STEPS, SEED = "clean", 40, 0  # how the pictures are climbed to
OTHER_RECIPE = "lesson"  # the notebook's own
MOST = 128  # filters of one sheet; a dense layer can have thousands of units
USUAL = 41  # the filter that is looked at first, where there are so many


def layers_of(spec: ModelSpec) -> dict[str, int]:
    """{name: filters} of the layers that can be asked: convolutions, and dense layers, whose units are filters too."""
    return {
        row.name: row.output_shape[0]
        for row, layer in zip(summarize(spec), spec.layers, strict=True)
        if layer.has_filters or layer.has_units
    }


def standard_layer(layers: dict[str, int]) -> str:
    """Where to begin: the second convolution, or the only one; without any, the last layer, whose units are classes.

    >>> standard_layer({"conv2d_1": 32, "conv2d_2": 64, "dense_1": 10}), standard_layer({"dense_1": 64, "dense_2": 10})
    ('conv2d_2', 'dense_2')
    """
    convolutions = [name for name in layers if kind_named(name).has_filters]
    return convolutions[min(1, len(convolutions) - 1)] if convolutions else list(layers)[-1]


def standard_filter(width: int) -> int:
    """The filter of a layer of so many that is looked at first.

    >>> standard_filter(64), standard_filter(10)
    (41, 9)
    """
    return min(USUAL, width - 1)


def filters_of_sheet(width: int, chosen: int) -> tuple[int, ...]:
    """The filters that are drawn together: all, or the first of many, and always the chosen one.

    >>> filters_of_sheet(4, 2), filters_of_sheet(1000, 999)[-2:]
    ((0, 1, 2, 3), (126, 999))
    """
    filters = tuple(range(min(width, MOST)))
    return filters if chosen in filters else (*filters[:-1], chosen)


def first_questions(spec: ModelSpec, dataset: str, images: int) -> list[Question]:
    """What the pages ask of a network, in the order in which they are most often opened.

    images: how many test images of the data set are on this machine, one or more.
    """
    layer = standard_layer(layers_of(spec))
    return [
        Question.of("evaluation", dataset, images),
        Question.of("ranges", dataset, min(WATCHED, images)),
        *sheet_of(spec, dataset, images, layer),
    ]


def sheet_of(spec: ModelSpec, dataset: str, images: int, layer: str) -> list[Question]:
    """What the sheet of one layer asks, and beside it the card of a filter: the maps it reads have pictures, too."""
    layers = layers_of(spec)
    width, source = layers[layer], source_of_layer(spec, layer)
    asked = [
        pictures(layer, filters_of_sheet(width, standard_filter(width)), dataset, images),
        Question.of("examples", dataset, min(WATCHED, images), layer=layer),
    ]
    if source != IMAGE and layers[source] <= MOST and kind_named(layer).has_filters:
        read = pictures(source, tuple(range(layers[source])), dataset, images)
        asked += [read] if work_of(read, spec).is_light else []  # else the page asks for a few of them alone
    return asked


def clicks_on_filters(spec: ModelSpec, dataset: str, images: int) -> list[Question]:
    """What one click on Filters leads to, but for what is heavy: the sheet of each layer, by either recipe."""
    asked: list[Question] = []
    for layer, width in layers_of(spec).items():
        asked += sheet_of(spec, dataset, images, layer)
        filters = filters_of_sheet(width, standard_filter(width))
        asked.append(pictures(layer, filters, dataset, images, OTHER_RECIPE))
    return [question for question in dict.fromkeys(asked) if work_of(question, spec).is_light]


def pictures(
    layer: str, filters: tuple[int, ...], dataset: str, images: int, recipe: str = RECIPE
) -> Question:
    """The pictures of these filters, as they are climbed to at first."""
    how = {"recipe": RECIPES[recipe], "steps": STEPS, "seed": SEED}
    return Question.of("pictures", dataset, min(WATCHED, images), layer=layer, filters=filters, **how)
