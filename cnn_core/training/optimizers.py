"""The optimizers of a recipe, as Keras computes them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from cnn_core.training.spec import TrainSpec

EPSILON = 1e-7  # Keras's, for all its optimizers
ADADELTA_RHO = 0.95  # Keras's, for Adadelta alone
_SUM = "mean_square_plus_epsilon"


class KerasRMSprop(torch.optim.Optimizer):
    """RMSprop with Keras's arithmetic: each weight's step is divided by the size its gradient had lately.

        v = rho * v + (1 - rho) * g**2          the square's running mean, from 0
        w = w - learning_rate * g / sqrt(v + epsilon)

    torch.optim.RMSprop divides by sqrt(v) + epsilon. Inside the root, epsilon = 1e-7 is a floor of
    0.0003 under the gradient's size; outside it is none, and the two learn differently from the same start.
    Source: Tieleman and Hinton 2012, lecture 6.5; `keras.optimizers.RMSprop` (momentum 0, not centred).
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float = 0.001, rho: float = 0.9, epsilon: float = EPSILON
    ) -> None:
        if not 0 < rho < 1:
            raise ValueError(f"rho is {rho}, and must lie between 0 and 1")
        super().__init__(params, {"lr": lr, "rho": rho, "epsilon": epsilon})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step along the gradients in `.grad`, which stay as they are; a weight without one stays too."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            for group in self.param_groups:
                weights = [w for w in group["params"] if w.grad is not None]
                if weights:
                    grads = [_laid_out_like(w, w.grad) for w in weights]
                    self._step(weights, grads, group["lr"], group["rho"], group["epsilon"])
        return loss

    def _step(
        self, weights: list[Tensor], grads: list[Tensor], lr: float, rho: float, epsilon: float
    ) -> None:
        # RMSprop is Adam without a mean of the gradients (beta1 = 0, so the gradient stands for it) and without the
        # corrections for a young mean, which are 1 after very many steps. torch has Adam in one pass over memory; term
        # by term it takes five. What is kept is the sum under the root, v + epsilon: it is decayed as a whole, so the
        # epsilon that this will take is put in before.
        states = [self.state[w] for w in weights]
        for w, state in zip(weights, states, strict=True):
            if _SUM not in state:  # nothing yet, or what an earlier version of this class saved
                state[_SUM] = state.pop("mean_square", torch.zeros_like(w)) + epsilon
        sums = [state[_SUM] for state in states]
        torch._foreach_add_(sums, epsilon * (1 - rho) / rho)
        torch._fused_adam_(
            weights,
            grads,
            grads,
            sums,
            [],
            [torch.full((), 1e12, device=weights[0].device)] * len(weights),  # steps
            lr=lr,
            beta1=0.0,
            beta2=rho,
            weight_decay=0.0,
            eps=0.0,
            amsgrad=False,
            maximize=False,
        )


def _laid_out_like(weight: Tensor, grad: Tensor) -> Tensor:
    # The fused function walks through memory and does not look at strides.
    return grad if grad.stride() == weight.stride() else torch.empty_like(weight).copy_(grad)


class _Uncompiled:
    """torch's own step, without its wrapper, which would import torch's compiler only to switch it off.

    That import takes a second and 150 MB of each worker. `optimizer_for` avoids it when the optimizer is made.
    """

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        with torch.no_grad():
            return inspect.unwrap(super().step)(self, closure)  # type: ignore[misc]


class PlainSGD(_Uncompiled, torch.optim.SGD):
    """Stochastic gradient descent, with momentum or Nesterov's; `keras.optimizers.SGD` while the rate is constant.

    Keras keeps the last steps, with the rate in them, torch the slopes: where the rate changes, Keras goes on with the
    momentum of the old rate, torch with that of the new one.
    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
    """


class KerasAdadelta(_Uncompiled, torch.optim.Adadelta):
    """Adadelta: each weight's step is as long as its steps were lately, and scaled by how large its slopes were.

        v = rho * v + (1 - rho) * g**2
        d = g * sqrt(u + epsilon) / sqrt(v + epsilon)       u: the same mean, of d**2
        w = w - learning_rate * d

    The paper has no learning rate: that is a rate of 1. Since steps begin near sqrt(epsilon), a smaller rate leaves
    next to nothing of them. With Keras's epsilon and rho torch's formula is Keras's.
    Source: Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method", algorithm 1; `keras.optimizers.Adadelta`.
    """


class _KerasEpsilon(_Uncompiled):
    """Makes torch's Adam compute Keras's: the same formula, but for where epsilon stands.

    Keras adds it to sqrt(v) as it is, torch to sqrt(v / (1 - beta2**t)), which is 30 times as large at the first step.
    So torch is told a larger one, which shrinks to Keras's as t grows. (Measured, the lesson's net in float64: the
    first steps then differ by less than 1e-6 from Keras's, by 1e-4 without.)
    """

    param_groups: list[dict[str, Any]]
    state: Any

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        for group in self.param_groups:
            if "steps_done" not in group:  # also after a state was restored weight by weight
                steps = (self.state[w].get("step", 0) for w in group["params"] if w in self.state)
                group["steps_done"] = int(max(steps, default=0))
            group["steps_done"] += 1
            group["eps"] = EPSILON / math.sqrt(1 - group["betas"][1] ** group["steps_done"])
        return super().step(closure)


class KerasAdam(_KerasEpsilon, torch.optim.Adam):
    """Adam with Keras's arithmetic. Source: Kingma and Ba 2015, end of section 2; `keras.optimizers.Adam`."""


class KerasAdamW(_KerasEpsilon, torch.optim.AdamW):
    """Adam with decoupled weight decay. Source: Loshchilov and Hutter 2019; `keras.optimizers.AdamW`."""


for _step in (KerasRMSprop.step, _Uncompiled.step, _KerasEpsilon.step):
    # torch's own mark: it then puts no profiler around each step.
    setattr(_step, "hooked", True)  # noqa: B010


def optimizer_for(spec: TrainSpec, weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer a recipe names, over `weights`, with Keras's arithmetic.

    "Fused" is one pass over memory for a whole step, instead of one for each term of the formula.
    """
    lr, decay = spec.learning_rate, spec.weight_decay
    with _compiler_left_alone():
        if spec.optimizer == "rmsprop":
            return KerasRMSprop(weights, lr=lr)
        if spec.optimizer == "sgd":
            return PlainSGD(
                weights,
                lr=lr,
                momentum=spec.momentum,
                weight_decay=decay,
                nesterov=spec.nesterov,
                fused=True,
            )
        if spec.optimizer == "adadelta":
            return KerasAdadelta(weights, lr=lr, rho=ADADELTA_RHO, eps=EPSILON, foreach=True)
        adam = KerasAdamW if spec.optimizer == "adamw" else KerasAdam
        return adam(weights, lr=lr, betas=(spec.beta_1, spec.beta_2), weight_decay=decay, fused=True)


@contextmanager
def _compiler_left_alone() -> Iterator[None]:
    """Inside the block `add_param_group` carries the mark by which torch knows that its compiler leaves it alone.

    Without it, torch imports the compiler to set that mark.
    """
    function, mark = inspect.unwrap(torch.optim.Optimizer.add_param_group), "__dynamo_disable"
    if hasattr(function, mark):
        yield
        return
    setattr(function, mark, function)
    try:
        yield
    finally:
        delattr(function, mark)
