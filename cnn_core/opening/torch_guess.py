"""What stands between the layers of a file that holds weights alone: guesses that fit the numbers, the likeliest first.

The first dense layer says how many numbers come in. So of all ways to pad, to move and to pool, only those can be right
that leave as many of an image of the usual size. We follow them all, by the side of the map alone, and rank those that
fit by what networks of this kind look like. Places in an nn.Sequential say more: between "0" and "3" stand two modules
without weights, most often an activation and a pooling. Our own; there is no paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt

from cnn_core.errors import StudentError, quoted
from cnn_core.model import ModelSpec
from cnn_core.model.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
)
from cnn_core.opening.onto import Weighted
from cnn_core.opening.windows import Window, same_window

MOST = 12  # guesses
_SIDES = {1: (28, 32), 3: (32, 28, 64)}  # of an image, by its channels; the first is the usual one
_MOST_CONVS = 20
_KEPT = 8  # ways kept for each side of a map
_POOLS = ((0, 0), (2, 2), (3, 2), (3, 3), (4, 4))  # (side, stride); the first is none


@dataclass(frozen=True)
class Guess:
    """A design that the weights of a file fit.

    spec:  the design, to be put under the weights or into the layer editor.
    words: what was supposed, in short: "images of 28×28, padding valid, max pooling 2×2 after conv1 and conv2, relu".
    """

    spec: ModelSpec
    words: str


@dataclass(frozen=True)
class _Turn:
    """What happens at one convolution: how ours has to be, and the pooling behind it."""

    kernel: int
    stride: int
    padding: str
    is_padded: bool
    theirs_stride: int
    pool: tuple[int, int]


@dataclass(frozen=True)
class _Way:
    """Turns so far, the side of the map they leave, and how unlikely they are."""

    cost: float
    side: int
    turns: tuple[_Turn, ...] = ()


@dataclass(frozen=True)
class _Plan:
    """A whole way: the size of the image, the turns, and how maps become a list."""

    cost: float
    image: tuple[int, int, int]
    turns: tuple[_Turn, ...]
    end: str  # "flatten", "global" or "pool:2"
    average: bool = False
    activation: str = "relu"


def guesses_for(items: Sequence[Weighted], name: str) -> tuple[Guess, ...]:
    """Designs for these layers, the likeliest first. Raises StudentError where nothing fits.

    items: in the order in which an image meets them.  name: what the designs are to be called.
    """
    convs = sum(item.kind == "conv" for item in items)
    if convs > _MOST_CONVS:
        raise StudentError(
            f"The file has {convs} convolutions: what stands between so many can hardly be guessed.",
            hint="Build the design in the sidebar, and put the weights onto it.",
        )
    plans = sorted(_plans(items), key=lambda plan: plan.cost)
    plans = _one_per_choice(plans)[:6]
    if not plans:
        raise _nothing_fits(items)
    plans += _variants(plans[0])
    found: list[Guess] = []
    refusal: StudentError | None = None
    for plan in plans:
        try:
            spec = ModelSpec(name, plan.image, _classes(items), tuple(_layers(plan, items)))
        except StudentError as error:
            refusal = refusal or error
            continue
        if all(guess.spec != spec for guess in found):
            found.append(Guess(spec, _words(plan, items)))
    if not found:
        assert refusal is not None
        raise refusal
    return tuple(found[:MOST])


def _plans(items: Sequence[Weighted]) -> Iterator[_Plan]:
    convs = [item for item in items if item.kind == "conv"]
    dense = next((item for item in items if item.kind == "dense"), None)
    if not convs:
        if dense is not None:
            yield from _list_plans(dense.weight.shape[1])
        return
    channels = convs[0].weight.shape[1]
    for rank, side in enumerate(_SIDES.get(channels, (28, 32))):
        for way in _ways(items, convs, side):
            for cost, end in _ends(convs, dense, way.side):
                if end == "global":
                    cost += _cost_of_global(items, convs, way)
                yield _Plan(way.cost + cost + 1.5 * rank, (channels, side, side), way.turns, end)


def _list_plans(count: int) -> Iterator[_Plan]:
    """A network of dense layers only reads an image as a list."""
    for channels in (1, 3):
        side = isqrt(count // channels)
        if side and channels * side * side == count:
            yield _Plan(0.0, (channels, side, side), (), "flatten")


def _ways(items: Sequence[Weighted], convs: Sequence[Weighted], side: int) -> list[_Way]:
    ways = [_Way(0.0, side)]
    for place, conv in enumerate(convs):
        following: dict[int, list[_Way]] = {}
        for way in ways:
            for turn, after, cost in _turns(items, convs, place, way.side):
                before = next((one for one in reversed(way.turns) if one.kernel > 1), None)
                changes = before is not None and turn.kernel > 1 and before.is_padded != turn.is_padded
                step = _Way(way.cost + cost + 0.6 * changes, after, (*way.turns, turn))
                following.setdefault(after, []).append(step)
        ways = [way for same in following.values() for way in sorted(same, key=lambda one: one.cost)[:_KEPT]]
        if conv.weight.shape[2] != conv.weight.shape[3]:
            return []
    return ways


def _turns(
    items: Sequence[Weighted], convs: Sequence[Weighted], place: int, side: int
) -> Iterator[tuple[_Turn, int, float]]:
    """(turn, side of the map behind it, how unlikely it is) for one convolution on a map of `side` pixels."""
    kernel = convs[place].weight.shape[2]
    for stride in (1, 2):
        for pad in {0, kernel // 2, (kernel - 1) // 2}:
            window = Window((kernel, kernel), (stride, stride), (pad, pad, pad, pad))
            ours = same_window(window, (side, side))
            after = window.places(side, 0)
            if ours is None or after < 1:
                continue
            cost = 0.1 * (pad > 0) + 0.8 * (stride > 1)
            for pool in _POOLS:
                if pool[0] > after or (pool[0] and after < 2):
                    continue
                left = (after - pool[0]) // pool[1] + 1 if pool[0] else after
                turn = _Turn(ours.side, ours.stride, ours.padding, pad > 0, stride, pool)
                yield turn, left, cost + _cost_of_pool(items, convs, place, pool)


def _cost_of_pool(
    items: Sequence[Weighted], convs: Sequence[Weighted], place: int, pool: tuple[int, int]
) -> float:
    room = _modules_after(items, convs[place])
    if not pool[0]:
        return 0.3 + 1.0 * (room is not None and room >= 2)
    cost = {(2, 2): 0.2, (3, 2): 1.2, (3, 3): 1.4, (4, 4): 1.6}[pool]
    if room is not None and room < 2:
        cost += 3.0
    filters = convs[place].weight.shape[0]
    if place + 1 == len(convs) or convs[place + 1].weight.shape[0] > filters:
        return cost - 0.15  # before wider layers, and at the end, maps are made smaller
    return cost + 0.15


def _modules_after(items: Sequence[Weighted], conv: Weighted) -> int | None:
    """How many modules without weights an nn.Sequential has behind a convolution; None where names do not say it."""
    place = items.index(conv)
    owner, _, number = conv.where.rpartition(".")
    taken = 0
    for other in items[place + 1 :]:
        other_owner, _, other_number = other.where.rpartition(".")
        if other_owner != owner or not (number.isdigit() and other_number.isdigit()):
            return None
        if other.kind == "norm":
            taken += 1
            continue
        return int(other_number) - int(number) - 1 - taken - (other.kind == "dense")  # one of them flattens
    return None


def _ends(convs: Sequence[Weighted], dense: Weighted | None, side: int) -> Iterator[tuple[float, str]]:
    filters = convs[-1].weight.shape[0]
    if dense is None:
        yield 0.0, "global"
        return
    inputs = dense.weight.shape[1]
    if inputs == filters * side * side:
        yield 0.0, "flatten"
    elif inputs == filters:
        yield 0.7, "global"
    elif inputs % filters == 0:
        wanted = isqrt(inputs // filters)
        if wanted * wanted * filters == inputs and 1 < wanted < side and side % wanted == 0:
            yield 2.0, f"pool:{side // wanted}"


def _cost_of_global(items: Sequence[Weighted], convs: Sequence[Weighted], way: _Way) -> float:
    """Behind a global average nothing says how large the maps were; networks that end so mostly pad."""
    room = _modules_after(items, convs[-1])
    is_pooled = way.turns[-1].pool[0] > 0  # and averaged over all that is left: one of them would do
    is_taken = is_pooled and room is not None and room <= 2  # one of these modules is the average itself
    return 0.6 * is_pooled + 1.4 * is_taken - 0.3 * sum(turn.is_padded for turn in way.turns)


def _one_per_choice(plans: Sequence[_Plan]) -> list[_Plan]:
    """The cheapest of those that end in the same design."""
    chosen: dict[object, _Plan] = {}
    for plan in plans:
        key = (plan.image, tuple((t.kernel, t.stride, t.padding, t.pool) for t in plan.turns), plan.end)
        chosen.setdefault(key, plan)
    return list(chosen.values())


# Keras's slope, and torch's.
_LEAKY = ((False, "leaky_relu"), (False, "leaky_relu(0.01)"))


def _variants(plan: _Plan) -> list[_Plan]:
    """The likeliest with other activations, and with means in its poolings."""
    pools = any(turn.pool[0] for turn in plan.turns)
    ways = [(average, bend) for bend in ("relu", "tanh", "sigmoid") for average in (False, True)[: 1 + pools]]
    return [
        _Plan(plan.cost, plan.image, plan.turns, plan.end, average, bend)
        for average, bend in (*ways[1:], (False, "elu"), (False, "gelu"), *_LEAKY)
    ]


def _classes(items: Sequence[Weighted]) -> int:
    return items[-1].weight.shape[0] if items[-1].kind != "norm" else items[-2].weight.shape[0]


def _layers(plan: _Plan, items: Sequence[Weighted]) -> Iterator[Layer]:
    """The layers of ours for a plan, in order."""
    turns = iter(plan.turns)
    channels, is_list = plan.image[0], False
    last = max((i for i, item in enumerate(items) if item.kind != "norm"), default=0)
    pool: tuple[int, int] = (0, 0)
    for i, item in enumerate(items):
        is_before_norm = i + 1 < len(items) and items[i + 1].kind == "norm"
        bend = "linear" if is_before_norm or (i == last and item.kind == "conv") else plan.activation
        if item.kind == "dense" and not is_list:
            yield from _end(plan)
            is_list = True
        if item.kind == "conv":
            turn = next(turns)
            yield _convolution(item, turn, channels, bend)
            channels, pool = item.weight.shape[0], turn.pool
        elif item.kind == "dense":
            yield Dense(item.weight.shape[0], "softmax" if i == last and not is_before_norm else bend)
        else:
            yield BatchNormalization()
            if i and i != last + 1:
                yield Activation(plan.activation)
        if pool[0] and not is_before_norm:
            yield (AveragePooling2D if plan.average else MaxPooling2D)(*pool)
            pool = (0, 0)
    if not is_list:
        yield GlobalAveragePooling2D()


def _end(plan: _Plan) -> Iterator[Layer]:
    if plan.end == "global":
        yield GlobalAveragePooling2D()
        return
    if plan.end.startswith("pool:"):
        yield AveragePooling2D(int(plan.end.removeprefix("pool:")))
    yield Flatten()


def _convolution(item: Weighted, turn: _Turn, channels: int, bend: str) -> Layer:
    filters, deep = item.weight.shape[:2]
    if deep == 1 and channels > 1 and filters % channels == 0:
        many = filters // channels
        return DepthwiseConv2D(turn.kernel, turn.stride, turn.padding, many, bend)
    return Conv2D(filters, turn.kernel, turn.stride, turn.padding, bend)


def _words(plan: _Plan, items: Sequence[Weighted]) -> str:
    convs = [item.where for item in items if item.kind == "conv"]
    words = [f"images of {plan.image[1]}×{plan.image[2]}"]
    large = [(turn, where) for turn, where in zip(plan.turns, convs, strict=True) if turn.kernel > 1]
    padded = [where for turn, where in large if turn.is_padded]
    if large:
        words.append(_which("padding around", padded, len(large), "no padding", "padding everywhere"))
    moved = [where for turn, where in zip(plan.turns, convs, strict=True) if turn.theirs_stride > 1]
    words += [f"stride 2 at {_listed(moved)}"] if moved else []
    kind = "average" if plan.average else "max"
    for side, stride in _POOLS[1:]:
        pooled = [w for turn, w in zip(plan.turns, convs, strict=True) if turn.pool == (side, stride)]
        step = "" if side == stride else f", stride {stride},"
        words += [f"{kind} pooling {side}×{side}{step} after {_listed(pooled)}"] if pooled else []
    if plan.end.startswith("pool:"):
        words.append("average pooling before the list")
    if plan.end == "global" and convs:
        words.append("global average pooling")
    bends = len(items) > 1
    return ", ".join([*words, *([plan.activation] if bends else [])])


def _which(what: str, some: Sequence[str], count: int, none: str, every: str) -> str:
    if not some:
        return none
    return every if len(some) == count else f"{what} {_listed(some)}"


def _listed(names: Sequence[str]) -> str:
    short = [quoted(name) if name.isdigit() else quoted(name).strip("“”") for name in names]
    return short[0] if len(short) == 1 else f"{', '.join(short[:-1])} and {short[-1]}"


def _nothing_fits(items: Sequence[Weighted]) -> StudentError:
    dense = next((item for item in items if item.kind == "dense"), None)
    convs = [item for item in items if item.kind == "conv"]
    if dense is None or (not convs and dense is None):
        return StudentError("These weights make no network for images.", hint="Open a network for images.")
    inputs = dense.weight.shape[1]
    if not convs:
        return StudentError(
            f"{quoted(dense.where)} reads {inputs:,} numbers, which are no square image.",
            hint="784 numbers are an image of 28×28, 3,072 one of 32×32 in colour.",
        )
    return StudentError(
        f"{quoted(dense.where)} reads {inputs:,} numbers. With the usual paddings and poolings, the convolutions "
        "before it leave another number of an image of 28×28 or 32×32.",
        hint="Build the design in the sidebar, and put the weights onto it.",
    )
