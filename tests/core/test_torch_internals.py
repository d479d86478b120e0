"""Private names of torch: in few files, and each of them there. A new torch that has lost one is named here."""

import ast
import inspect
import re
from pathlib import Path

import pytest
import torch
from torch import nn

CORE = Path(__file__).parents[2] / "cnn_core"
MAY_USE_THEM = {
    "training/fast/onednn.py",
    "training/fast/passes.py",
    "training/optimizers.py",
    "insight/look/twin.py",
}
MAY_USE_THEM |= {"insight/filters/examples.py"}  # `_parameters` of a twin, to lay its weights out otherwise
OF_MODULES = r"_(forward|backward)(_pre)?_hooks|_parameters|_buffers|_modules"


def private_names(path: Path) -> set[str]:
    """Attributes with one leading underscore that a file takes from torch itself, or from a module or tensor."""
    attributes = {
        (ast.unparse(node.value), node.attr)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
    }
    return {attr for owner, attr in attributes if owner.startswith("torch") or re.fullmatch(OF_MODULES, attr)}


def test_private_names_of_torch_stay_in_the_few_files_that_say_why():
    users = {str(path.relative_to(CORE)) for path in CORE.rglob("*.py") if private_names(path)}
    assert users <= MAY_USE_THEM


HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


@pytest.mark.parametrize("name", [*HOOKS, "_parameters", "_buffers", "_modules"])
def test_a_module_has_them(name):
    assert isinstance(getattr(nn.Linear(1, 1), name), dict)


def test_the_optimizers_have_theirs():
    assert callable(torch._foreach_add_)
    assert callable(torch._fused_adam_)
    assert inspect.unwrap(torch.optim.Optimizer.add_param_group).__name__ == "add_param_group"
