"""The training of an exported PyTorch program: a recipe as a loop, with the optimiser and the changes it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnn_core.export.light import torch_lines
from cnn_core.export.program import (
    Recipe,
    arguments,
    betas_of,
    l2_of,
    monitor_of,
    not_in_the_program,
    patience_of,
)


def pytorch_training(recipe: Recipe, kept_aside: int, classes: int) -> list[str]:
    """The loop of the recipe, preceded by what it needs: Keras's RMSprop, the affine moves."""
    parts = [_TORCH_RMSPROP] if recipe.optimizer == "rmsprop" else []
    if recipe.augment is not None:
        parts.append(_torch_augment(recipe.augment))
    subset = not_in_the_program(recipe, "    ")
    if recipe.train_size is not None:
        subset += (
            f"    chance = torch.Generator().manual_seed({recipe.seed})\n"
            f"    chosen = torch.randperm(len(images), generator=chance)[:{recipe.train_size}]\n"
            "    images, labels = images[chosen], labels[chosen]\n"
        )
    if recipe.label_noise:
        subset += (
            f"    noisy = torch.rand(len(labels)) < {recipe.label_noise!r}  # these get a wrong label\n"
            f"    others = (labels + torch.randint(1, {classes}, labels.shape)) % {classes}\n"
            "    labels = torch.where(noisy, others, labels)\n"
        )
    cycle = recipe.schedule == "one_cycle"
    smoothing = arguments(("label_smoothing", getattr(recipe, "label_smoothing", 0.0), 0.0))
    parts.append(
        _TORCH_TRAIN.format(
            keep_aside=kept_aside,
            subset=subset,
            optimizer=_TORCH_OPTIMIZERS[recipe.optimizer](recipe),
            schedule=_TORCH_CYCLE.format(epochs=recipe.epochs, batch=recipe.batch_size) if cycle else "",
            epochs=recipe.epochs,
            batch=recipe.batch_size,
            augment="augment(images[batch])" if recipe.augment is not None else "images[batch]",
            smoothing=smoothing,
            **_torch_l2(recipe),
            advance="            schedule.step()\n" if cycle else "",
            **_torch_patience(recipe, kept_aside),
        )
    )
    return parts


def _torch_patience(recipe: Recipe, kept_aside: int) -> dict[str, str]:
    """What a recipe with patience adds to the loop: before it, after each epoch, after it."""
    patience = patience_of(recipe)
    if patience is None:
        return {"kept": "", "watch": "", "back": ""}
    _, mode = monitor_of(recipe)
    worst, better, validation = {
        "max": ("-1.0", ">", "(answers.argmax(dim=1) == their_labels).float().mean().item()"),
        "min": ('float("inf")', "<", "F.cross_entropy(answers, their_labels).item()"),
    }[mode]
    kept = f"    kept, their_labels = images[-{kept_aside}:], labels[-{kept_aside}:]\n    best, waited = {worst}, 0\n"
    watch = _TORCH_WATCH.format(patience=patience, better=better, validation=validation)
    return {"kept": kept, "watch": watch, "back": _TORCH_BACK}


def _torch_l2(recipe: Recipe) -> dict[str, str]:
    l2 = l2_of(recipe)
    if not l2:
        return {"penalty": "", "learnt": "loss"}
    kernels = "weight.square().sum() for weight in net.parameters() if weight.dim() > 1"
    line = f"            penalty = {l2!r} * sum({kernels})  # L2, kernels only\n"
    return {"penalty": line, "learnt": "(loss + penalty)"}


def _decay(recipe: Recipe) -> tuple[str, Any, Any]:
    return (
        "weight_decay",
        getattr(recipe, "weight_decay", 0.0),
        0.0 if recipe.optimizer != "adamw" else None,
    )


def _betas(recipe: Recipe) -> tuple[str, Any, Any]:
    both = betas_of(recipe)
    return ("betas", tuple(value for _, value, _ in both), tuple(usual for _, _, usual in both))


def _nesterov(recipe: Recipe) -> tuple[str, Any, Any]:
    return ("nesterov", getattr(recipe, "nesterov", False), False)


def _momentum(recipe: Recipe) -> tuple[str, Any, Any]:
    return ("momentum", getattr(recipe, "momentum", 0.0), 0.0)


_TORCH_OPTIMIZERS: dict[str, Callable[[Recipe], str]] = {
    "rmsprop": lambda r: f"KerasRMSprop(net.parameters(), lr={r.learning_rate!r})",
    "adam": lambda r: (
        f"torch.optim.Adam(net.parameters(), lr={r.learning_rate!r}, eps=1e-7{arguments(_betas(r), _decay(r))})"
    ),
    "adamw": lambda r: (
        f"torch.optim.AdamW(net.parameters(), lr={r.learning_rate!r}, eps=1e-7{arguments(_betas(r), _decay(r))})"
    ),
    "sgd": lambda r: (
        f"torch.optim.SGD(net.parameters(), lr={r.learning_rate!r}"
        f"{arguments(_momentum(r), _decay(r), _nesterov(r))})"
    ),
    "adadelta": lambda r: (
        f"torch.optim.Adadelta(net.parameters(), lr={r.learning_rate!r}, rho=0.95, eps=1e-7)"
    ),
}


def _torch_augment(augment: Any) -> str:
    low, high = augment.zoom_limits
    flips = [
        f"    {axis} = {axis} * (1 - 2 * (torch.rand(count, 1, 1) < 0.5).float())\n"
        for axis, wanted in (("columns", augment.horizontal_flip), ("rows", augment.vertical_flip))
        if wanted
    ]
    before, after = _TORCH_FILL[augment.fill_mode]
    return _TORCH_AUGMENT.format(
        rotation=float(augment.rotation_range),
        right=_in_pixels(augment.width_shift_range, "width"),
        down=_in_pixels(augment.height_shift_range, "height"),
        shear=float(augment.shear_range),
        zoom=(float(low), float(high)),
        flips="".join(flips),
        before=before,
        mode="reflection" if augment.fill_mode == "reflect" else "border",
        after=after.format(cval=float(augment.cval)),
        light=torch_lines(augment),
    )


def _in_pixels(reach: float, side: str) -> str:
    # Keras's own rule: below 1 a fraction of the side, from 1 on pixels.
    return f"{float(reach)!r} * {side}" if reach < 1 else repr(float(reach))


_TORCH_FILL = {  # before and after the sampling
    "nearest": ("", ""),
    "reflect": ("", ""),
    "wrap": ("    rows, columns = rows % height, columns % width\n", ""),
    "constant": (
        "    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)\n",
        "    moved = torch.where(inside[:, None], moved, {cval!r})\n",
    ),
}

_TORCH_AUGMENT = """
def augment(images: torch.Tensor) -> torch.Tensor:
    \"\"\"Each image turned, shifted, sheared, zoomed by its own lot, as by Keras's ImageDataGenerator.\"\"\"
    count, _, height, width = images.shape

    def lot(low: float, high: float) -> torch.Tensor:
        return torch.empty(count, 1, 1).uniform_(low, high)

    # From each pixel of the result back to its place in the original: zoom, shear, shift, turn about the centre.
    rows = torch.arange(height)[None, :, None] - (height / 2 - 0.5)
    columns = torch.arange(width)[None, None, :] - (width / 2 - 0.5)
    columns, rows = columns * lot(*{zoom}), rows * lot(*{zoom})
{flips}    shear = torch.deg2rad(lot(-{shear}, {shear}))
    columns, rows = columns - rows * shear.sin(), rows * shear.cos()
    columns, rows = columns + lot(-1, 1) * {right}, rows + lot(-1, 1) * {down}
    turn = torch.deg2rad(lot(-{rotation}, {rotation}))
    columns, rows = columns * turn.cos() - rows * turn.sin(), columns * turn.sin() + rows * turn.cos()
    rows, columns = rows + height / 2 - 0.5, columns + width / 2 - 0.5
{before}    places = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1)
    moved = F.grid_sample(images, places, padding_mode="{mode}", align_corners=False)
{after}{light}    return moved
"""

_TORCH_RMSPROP = """
class KerasRMSprop(torch.optim.Optimizer):
    \"\"\"Keras's RMSprop: epsilon is inside the root. (torch's has it outside, and learns differently.)\"\"\"

    def __init__(self, parameters, lr: float = 0.001, rho: float = 0.9, epsilon: float = 1e-7) -> None:
        super().__init__(parameters, {"lr": lr, "rho": rho, "epsilon": epsilon})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                mean = self.state[weight].setdefault("mean_square", torch.zeros_like(weight))
                mean.mul_(group["rho"]).add_((1 - group["rho"]) * weight.grad**2)
                weight -= group["lr"] * weight.grad / (mean + group["epsilon"]).sqrt()
"""

_TORCH_TRAIN = """
def train(net: nn.Module) -> None:
    \"\"\"The recipe, in float32 on one device.\"\"\"
    images, labels = read(train=True)
{kept}    images, labels = images[:-{keep_aside}], labels[:-{keep_aside}]  # the others are for validation
{subset}    optimizer = {optimizer}
{schedule}    for epoch in range({epochs}):
        net.train()
        seen, lost, right = 0, 0.0, 0
        for batch in torch.randperm(len(images)).split({batch}):
            answers = net({augment}.to(device))
            loss = F.cross_entropy(answers, labels[batch].to(device){smoothing})
{penalty}            optimizer.zero_grad()
            {learnt}.backward()
            optimizer.step()
{advance}            seen += len(batch)
            lost += loss.item() * len(batch)
            right += (answers.argmax(dim=1).cpu() == labels[batch]).sum().item()
        print(f"Epoch {{epoch + 1}}: loss {{lost / seen:.4f}}, accuracy {{right / seen:.4f}}")
{watch}{back}"""

_TORCH_WATCH = """
        net.eval()
        with torch.no_grad():
            answers = torch.cat([net(batch.to(device)).cpu() for batch in kept.split(500)])
        validation = {validation}
        print(f"    validation {{validation:.4f}}")
        waited += 1
        if validation {better} best:
            best, waited = validation, 0
            best_weights = {{name: value.clone() for name, value in net.state_dict().items()}}
        if waited >= {patience}:  # so many epochs, and none of them better
            break
""".lstrip("\n")

_TORCH_BACK = "    net.load_state_dict(best_weights)\n"

_TORCH_CYCLE = """
    steps = {epochs} * -(-len(images) // {batch})

    def part_of_rate(step: int) -> float:
        \"\"\"Rises in a straight line for a quarter of the steps, then falls along half a cosine to nearly 0.\"\"\"
        done = (step + 0.5) / steps
        if done < 0.25:
            return 0.04 + 0.96 * done / 0.25
        return 0.5 * (1 + math.cos(math.pi * (done - 0.25) / 0.75))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, part_of_rate)
""".lstrip("\n")
