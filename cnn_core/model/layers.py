"""The kinds of layer, in plain numbers: hashable for a cache, JSON for a file. No torch here.

A kind is one class, and all that can be said of it without torch stands there: its settings and what may be set, what
it needs and leaves, its shape, parameters and work, and the words for it. Names and defaults are Keras's
(https://keras.io/api/layers), except that a kernel is 3×3 unless said otherwise. A layer that exists has sensible
values; whether it fits where it stands it says when it is asked for its `output_shape`. How layers are read from a
file, and what each is called in its network, is in `layer_files`.

A new kind is a class here with a line in `LAYER_TYPES`, its module in `network`, its row in `export.layers`, and the
arithmetic of one of its numbers in `insight`'s pixel.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from math import prod
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

from cnn_core.errors import StudentError
from cnn_core.model.common_settings import (
    ANY_ACTIVATION,
    DILATION,
    INNER_ACTIVATION,
    KERNEL,
    MAX_FILTERS,
    MAX_MULTIPLIER,
    MAX_UNITS,
    PADDING,
    POOL,
    POOL_PADDING,
    POOL_STRIDES,
    STRIDES,
    check_moves,
)
from cnn_core.model.setting import Bend, Count, Setting, Share, sentence
from cnn_core.model.shapes import Shape, Sliding, shape_text

# --- what every kind says of itself -----------------------------------------------------------------


@dataclass(frozen=True)
class Layer:
    """One layer of a network: the settings of its kind are its fields, checked when it is made.

    The class itself answers for the kind, also for a draft whose settings cannot work. Raises StudentError for a
    setting that no layer of the kind can have.
    """

    type: ClassVar[str]  # in files, links and names: "conv2d"
    title: ClassVar[str]  # in the menu "Add a layer"
    in_short: ClassVar[str]  # what it does, in the few words that fit beside the title in that menu
    about: ClassVar[str]  # the same in a sentence or two, above its settings
    leaves: ClassVar[str] = ""  # what comes out, in the list of layers, where no setting says it
    form: ClassVar[tuple[str, ...]] = ()  # the settings in the order a form asks for them; empty: as declared

    needs: ClassVar[Literal["maps", "list", "either"]] = "either"
    makes_list: ClassVar[bool] = False  # maps come in, a list of numbers goes out
    flattens: ClassVar[bool] = False  # ... and each number of the maps is one of the list
    sees_all: ClassVar[bool] = False  # each value that goes out depends on all places that come in
    each_alone: ClassVar[bool] = False  # ... on the number at its own place only
    has_filters: ClassVar[bool] = False  # its weights are kernels, and each filter leaves a feature map
    has_units: ClassVar[bool] = False  # its weights make single numbers
    learns_from_all: ClassVar[bool] = (
        False  # ... but in training, what becomes of it depends on how many there are
    )
    hands_on_zeros: ClassVar[bool] = False  # where only zeros come in, only zeros go out
    keeps_averages: ClassVar[bool] = False  # in use, it goes by moving averages of what it saw while training
    counted: ClassVar[str] = ""  # the setting that says how many maps or numbers go out
    window_setting: ClassVar[str] = ""  # the side of the window that it slides
    window_noun: ClassVar[str] = ""  # what that window is called: "kernel"
    pooling_rule: ClassVar[str] = ""  # of a pooling, what becomes of the numbers in a window

    def __post_init__(self) -> None:
        for name, setting in self.settings().items():
            object.__setattr__(self, name, setting.checked(name, getattr(self, name)))

    @classmethod
    @functools.cache
    def settings(cls) -> dict[str, Setting]:
        """What may be set, in order of declaration. Shared: to be read only."""
        hints = get_type_hints(cls, include_extras=True)
        return {field.name: hints[field.name].__metadata__[0] for field in fields(cls)}

    @classmethod
    def in_form(cls) -> dict[str, Setting]:
        """The settings in the order a form asks for them."""
        return {name: cls.settings()[name] for name in cls.form or cls.settings()}

    @classmethod
    def required(cls) -> set[str]:
        """The settings without a default."""
        return {field.name for field in fields(cls) if field.default is MISSING}

    @classmethod
    def value_in(cls, draft: Mapping[str, Any], name: str) -> Any:
        """A setting of a draft's layer, or Keras's default where the draft leaves it out."""
        value = draft.get(name)
        if value is None and name not in cls.required():
            value = next(field.default for field in fields(cls) if field.name == name)
        # A default of None: a window that says nothing of its steps moves by its own side.
        return cls.value_in(draft, cls.window_setting) if value is None and name == "strides" else value

    @classmethod
    def usual(cls) -> dict[str, Any]:
        """The values that mend wrong ones."""
        defaults = {field.name: field.default for field in fields(cls)}
        return {
            name: defaults[name] if setting.usual is None else setting.usual
            for name, setting in cls.settings().items()
        }

    @classmethod
    def added(cls) -> dict[str, Any]:
        """What "Add a layer" adds, `type` included: a choice that usually fits."""
        given = {name: setting.added for name, setting in cls.settings().items() if setting.added is not None}
        return cls(**{**cls.usual(), **given}).to_dict()

    @classmethod
    def words(cls, draft: Mapping[str, Any]) -> str:
        """What the student set, in the fewest words: "64 filters 3×3, relu"."""
        values = {name: cls.value_in(draft, name) for name in cls.settings()}
        return sentence(cls.settings(), values) or cls.leaves

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, every setting present, but for those of later versions that have their default."""
        values = {"type": self.type} | vars(self)
        off = [f.name for f in fields(self) if self.settings()[f.name].later and values[f.name] == f.default]
        return {name: value for name, value in values.items() if name not in off}

    def window(self) -> Sliding | None:
        """How it slides over the map that comes in; None for a layer that does not."""
        return None

    def output_shape(self, shape: Shape) -> Shape:
        """What it makes of `shape`. Raises StudentError when it cannot stand there."""
        return shape

    def parameters(self, shape: Shape) -> int:
        """Numbers it keeps, when `shape` comes in."""
        return 0

    def macs(self, shape: Shape) -> int:
        """Multiply-adds for one image when `shape` comes in: without biases, and padding counts as if it were image."""
        return 0

    def looks(self, shape: Shape) -> int:
        """Values it looks at and does not multiply."""
        return 0


class _Windowed(Layer):
    """A kind that slides a window over maps. Not a dataclass of its own: it has no settings."""

    needs = "maps"
    noun: ClassVar[str]  # "convolution"

    def channels_out(self, channels: int) -> int:
        """How many maps go out when `channels` come in."""
        return channels

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3:
            raise StudentError(
                f"a {self.noun} needs a map with height and width, "
                f"and what comes in is a list of {prod(shape):,} numbers.",
                hint="Move it up to where there are maps, or remove it.",
            )
        channels, height, width = shape
        window = self.window()
        assert window is not None
        if window.padding == "valid" and window.reach > min(height, width):
            less = ", a smaller dilation" if window.dilation > 1 else ""
            raise StudentError(
                f"a {window.words(self.window_noun)} does not fit on a {height}×{width} map.",
                hint=f"Use a smaller {self.window_noun}{less}, or padding “same”.",
            )
        return self.channels_out(channels), window.output_size(height), window.output_size(width)


# --- the kinds --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Conv2D(_Windowed):
    """Slides `filters` small kernels over the map, each as deep as the map."""

    type = "conv2d"
    title = "Convolution"
    in_short = "small filters make maps"
    about = "Slides small filters over the maps. Each filter leaves one map."
    form = ("filters", "kernel_size", "padding", "activation", "strides", "dilation_rate")
    has_filters = True
    counted = "filters"
    window_setting = "kernel_size"
    noun, window_noun = "convolution", "kernel"

    filters: Annotated[
        int,
        Count(
            label="Filters",
            help="How many filters the layer has. Each makes one map. More of them can find more, and take more time.",
            one="filter",
            many="filters",
            most=MAX_FILTERS,
            usual=32,
        ),
    ]
    kernel_size: Annotated[int, KERNEL] = 3  # pixels per side
    strides: Annotated[int, STRIDES] = 1  # pixels per move
    padding: Annotated[str, PADDING] = "valid"  # "same": a border of zeros
    activation: Annotated[str, INNER_ACTIVATION] = "linear"
    dilation_rate: Annotated[int, DILATION] = 1  # pixels from one number of a kernel to the next

    def __post_init__(self) -> None:
        super().__post_init__()
        check_moves(self.strides, self.dilation_rate)

    def window(self) -> Sliding:
        return Sliding(self.kernel_size, self.strides, self.padding, self.dilation_rate)

    def channels_out(self, channels: int) -> int:
        return self.filters

    def parameters(self, shape: Shape) -> int:
        return (self.kernel_size**2 * shape[0] + 1) * self.filters

    def macs(self, shape: Shape) -> int:
        return prod(self.output_shape(shape)) * shape[0] * self.kernel_size**2


@dataclass(frozen=True)
class DepthwiseConv2D(_Windowed):
    """Slides small kernels over each map alone, `depth_multiplier` over each: no map is mixed with another."""

    type = "depthwise_conv2d"
    title = "Depthwise convolution"
    in_short = "filters on each map alone"
    about = "Slides small filters over each map alone: no map is mixed with another."
    form = ("kernel_size", "depth_multiplier", "padding", "activation", "strides")
    has_filters = True
    window_setting = "kernel_size"
    noun, window_noun = "depthwise convolution", "kernel"

    kernel_size: Annotated[int, KERNEL] = 3  # pixels per side
    strides: Annotated[int, STRIDES] = 1  # pixels per move
    padding: Annotated[str, PADDING] = "valid"  # "same": a border of zeros
    depth_multiplier: Annotated[
        int,
        Count(
            label="Filters per map",
            help="How many filters slide over each map. Each of them makes one map.",
            one="filter per map",
            many="filters per map",
            most=MAX_MULTIPLIER,
            offered=(1, 2, 3, 4),
            least_remedy=1,
        ),
    ] = 1
    activation: Annotated[str, INNER_ACTIVATION] = "linear"

    def window(self) -> Sliding:
        return Sliding(self.kernel_size, self.strides, self.padding)

    def channels_out(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def parameters(self, shape: Shape) -> int:
        return (self.kernel_size**2 + 1) * self.channels_out(shape[0])

    def macs(self, shape: Shape) -> int:
        return prod(self.output_shape(shape)) * self.kernel_size**2


@dataclass(frozen=True)
class Pooling(_Windowed):
    """What both poolings have in common."""

    window_setting = "pool_size"
    noun, window_noun = "pooling", "pool"
    hands_on_zeros = True

    pool_size: Annotated[int, POOL] = 2  # pixels per side
    strides: Annotated[int | None, POOL_STRIDES] = None  # pixels per move; None becomes pool_size
    padding: Annotated[str, POOL_PADDING] = "valid"

    def __post_init__(self) -> None:
        if self.strides is None:
            object.__setattr__(self, "strides", self.pool_size)  # so windows touch
        super().__post_init__()

    def window(self) -> Sliding:
        return Sliding(self.pool_size, self.strides or self.pool_size, self.padding)

    def looks(self, shape: Shape) -> int:
        return prod(self.output_shape(shape)) * self.pool_size**2


@dataclass(frozen=True)
class MaxPooling2D(Pooling):
    """Keeps the largest value of each window, per channel. Padding "same": a border that never is the largest."""

    type = "max_pooling2d"
    title = "Max pooling"
    in_short = "keeps the largest per window"
    about = "Makes maps smaller: keeps the largest number of each window."
    pooling_rule = "The largest wins; the others are forgotten."


@dataclass(frozen=True)
class AveragePooling2D(Pooling):
    """Keeps the mean of each window, per channel.

    Padding "same": windows may reach over the edge, only real cells are averaged.
    """

    type = "average_pooling2d"
    title = "Average pooling"
    in_short = "keeps the mean per window"
    about = "Makes maps smaller: keeps the mean of each window."
    pooling_rule = "Each counts the same."


@dataclass(frozen=True)
class GlobalAveragePooling2D(Layer):
    """One number per channel: the mean of its whole map."""

    type = "global_average_pooling2d"
    title = "Global average pooling"
    in_short = "one number per map"
    about = "Leaves one number per map: its mean."
    leaves = "the mean of each map"
    needs = "maps"
    makes_list = True
    sees_all = True
    hands_on_zeros = True

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3:
            raise StudentError(
                f"it averages maps, and what comes in is a list of {prod(shape):,} numbers.",
                hint="Remove it, or move it up to where there are maps.",
            )
        return (shape[0],)


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """Mean 0 and spread 1 per channel, then a learnt scale and shift. Epsilon 0.001, momentum 0.99."""

    type = "batch_normalization"
    title = "Batch normalisation"
    in_short = "evens out the numbers"
    about = "Evens out the numbers of each map or unit. Training often gets faster."
    leaves = "evens out each map or unit"
    each_alone = True
    learns_from_all = True
    keeps_averages = True

    def parameters(self, shape: Shape) -> int:
        return 4 * shape[0]  # as Keras counts: two of them are not trained


@dataclass(frozen=True)
class Activation(Layer):
    """Bends each number by itself, for where something stands between a layer and its activation."""

    type = "activation"
    title = "Activation"
    in_short = "relu and its like"
    about = "Bends each number by itself. relu, for example, turns negative numbers into 0."
    each_alone = True
    hands_on_zeros = True

    activation: Annotated[
        str,
        Bend(help=ANY_ACTIVATION.help, usual="relu"),
    ]


@dataclass(frozen=True)
class Dropout(Layer):
    """While training, sets a share of the values to zero, chosen anew for each image."""

    type = "dropout"
    title = "Dropout"
    in_short = "sets numbers to 0 while learning"
    about = "While training, sets some of the numbers to 0. Afterwards it does nothing."
    each_alone = True
    learns_from_all = True
    hands_on_zeros = True

    rate: Annotated[
        float,
        Share(
            label="Rate",
            help="Which share of the numbers is set to 0, chosen anew for each image. Only while training.",
            usual=0.25,
            offered=(0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
        ),
    ] = 0.5  # share of the values, 0 <= rate < 1


@dataclass(frozen=True)
class Flatten(Layer):
    """A map (C, H, W) becomes a list of C·H·W numbers, channel by channel."""

    type = "flatten"
    title = "Flatten"
    in_short = "maps become one list"
    about = "Writes all maps as one long list of numbers, for dense layers to read."
    leaves = "a list of numbers"
    makes_list = True
    flattens = True
    hands_on_zeros = True

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)


@dataclass(frozen=True)
class Dense(Layer):
    """Each unit weighs every number of the list before it."""

    type = "dense"
    title = "Dense"
    in_short = "weighs all numbers of a list"
    about = "Each unit weighs every number of the list before it, and adds them up."
    needs = "list"
    sees_all = True
    has_units = True
    counted = "units"

    units: Annotated[
        int,
        Count(
            label="Units",
            help="How many numbers come out. The last layer needs one unit per class.",
            one="unit",
            many="units",
            most=MAX_UNITS,
            usual=64,
        ),
    ]
    activation: Annotated[str, ANY_ACTIVATION] = "linear"

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) == 3:
            raise StudentError(
                f"a dense layer needs a list of numbers, and what comes in is a map of {shape_text(shape)}.",
                hint="Add flatten before it.",
            )
        return (self.units,)

    def parameters(self, shape: Shape) -> int:
        return (shape[0] + 1) * self.units

    def macs(self, shape: Shape) -> int:
        return shape[0] * self.units


LAYER_TYPES: dict[str, type[Layer]] = {
    kind.type: kind
    for kind in (
        Conv2D,
        DepthwiseConv2D,
        MaxPooling2D,
        AveragePooling2D,
        GlobalAveragePooling2D,
        BatchNormalization,
        Activation,
        Dropout,
        Flatten,
        Dense,
    )
}  # in the order of the menu "Add a layer"
