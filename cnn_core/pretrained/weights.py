"""The trained networks themselves, and the lesson's network at many moments of its training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from safetensors import safe_open

from cnn_core.errors import StudentError, quoted
from cnn_core.model import ModelSpec, Network, build
from cnn_core.pretrained.cards import card, check_name, history, replay_path, weights_path
from cnn_core.training.checkpoint import load_model
from cnn_core.training.history import Curve


def load(name: str) -> Network:
    """A fresh copy of a trained network, in evaluation mode. Raises StudentError for a name that is not here."""
    check_name(name)
    net, _ = load_model(weights_path(name), check_limits=False)
    return net


def load_pretrained(name: str) -> tuple[Network, ModelSpec]:
    """`load`, and the design beside it, as `load_model` gives them."""
    net = load(name)
    return net, net.spec


@dataclass(frozen=True)
class Replay:
    """A network at many moments of its training. Weights were kept in float16: right to three digits."""

    name: str
    moments: Curve  # what it could do then, on the test images

    @property
    def steps(self) -> tuple[int, ...]:
        """The moments there are, in optimizer steps done: 0, 1, 2, 4, ..., to the end."""
        return tuple(self.moments.step)

    def load(self, step: int) -> Network:
        """The network as it was after `step` steps, in evaluation mode. Raises StudentError for another step."""
        if step not in self.steps:
            raise StudentError(
                f"Step {quoted(step)} was not kept.", hint=f"Try one of {self.steps[:5]} and so on."
            )
        net = build(card(self.name).spec)
        with safe_open(replay_path(self.name), framework="pt") as file, torch.no_grad():
            for key, weight in net.state_dict().items():
                weight.copy_(file.get_tensor(f"{step}/{key}"))
        return net.eval()


def replay(name: str) -> Replay:
    """The network at each saved moment of its training. Raises StudentError where there are none: all but "lesson"."""
    check_name(name)
    if not replay_path(name).exists():
        raise StudentError(
            f"The weights of {name} at earlier moments were not kept.", hint="Look at the lesson’s convnet."
        )
    return Replay(name, history(name).validation)
