"""The source of a function of ours with all of ours that it stands on, as one piece of text for an exported program.

A program that shall do exactly what Convscope does brings Convscope's own code along, not a copy that drifts away from
it. Only what is used comes along, in an order in which each thing stands before what needs it while the file is read.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType

_OURS = "cnn_core."


@dataclass
class _Bundle:
    """imports: of other packages, as statements.  parts: sources by name, in the order they were finished."""

    leave_out: frozenset[str]
    imports: set[str] = field(default_factory=set)
    parts: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)  # name -> module
    waiting: list[tuple[ModuleType, str]] = field(default_factory=list)


def source_with_all_it_needs(
    function: Callable[..., object], leave_out: frozenset[str]
) -> tuple[list[str], str]:
    """What has to stand in a program so that `function` can be called there.

    function:  a function on a module's top level.
    leave_out: names that the program defines by itself.
    Returns the import statements of other packages, sorted, and the definitions. Properties that nobody of them asks
    for are left out. Two things of one name from two modules cannot come together: that raises ValueError.
    """
    bundle = _Bundle(leave_out)
    _bring(bundle, _module(function.__module__), function.__name__)
    used = _attributes(bundle)
    definitions = [_without_unused_properties(source, used) for source in bundle.parts.values()]
    needed = {
        node.id for text in definitions for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)
    }
    imports = [line for line in sorted(bundle.imports) if needed & _bound_by(line)]
    return imports, "\n\n\n".join(definitions)


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


@cache
def _read(module: ModuleType) -> tuple[str, ast.Module]:
    """A module's text, and the same as a tree; only read, never changed."""
    source = inspect.getsource(module)
    return source, ast.parse(source)


def _bring(bundle: _Bundle, module: ModuleType, name: str) -> None:
    """Add the definition of `name`, after those that it needs."""
    if name in bundle.leave_out:
        return
    source, tree = _read(module)
    node = _definition(tree, name)
    if node is None:
        _bring_import(bundle, tree, name)
        return
    known = bundle.origins.get(name)
    if known == module.__name__:
        return
    if known is not None:
        raise ValueError(f"{name} is in {known} and in {module.__name__}")
    bundle.origins[name] = module.__name__
    for other in _names_in(node):
        _bring(bundle, module, other)
    bundle.parts[name] = _text(source, node)


def _bring_import(bundle: _Bundle, tree: ast.Module, name: str) -> None:
    """Follow an import: into one of our modules, or remember the statement. Names of Python itself need neither."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            for alias in node.names:
                if (alias.asname or alias.name) != name:
                    continue
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith(_OURS):
                    _bring(bundle, _module(str(node.module)), alias.name)
                else:
                    alone = (
                        ast.ImportFrom(node.module, [alias], 0)
                        if isinstance(node, ast.ImportFrom)
                        else ast.Import([alias])
                    )
                    bundle.imports.add(ast.unparse(alone))
                return


def _definition(tree: ast.Module, name: str) -> ast.stmt | None:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in _targets(node):
            return node
    return None


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}


def _names_in(node: ast.stmt) -> list[str]:
    """Names that a definition uses, those of annotations left out, in order."""
    found = [part.id for part in _walk_code(node) if isinstance(part, ast.Name)]
    own = _targets(node) if isinstance(node, ast.Assign | ast.AnnAssign) else set()
    return [name for name in dict.fromkeys(found) if name not in own]


def _walk_code(node: ast.AST) -> list[ast.AST]:
    """All nodes but those of annotations, which are never computed."""
    parts: list[ast.AST] = [node]
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                parts += _walk_code(child)
    return parts


def _text(source: str, node: ast.stmt) -> str:
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    return "\n".join(source.splitlines()[first - 1 : node.end_lineno])


def _attributes(bundle: _Bundle) -> set[str]:
    """Names of attributes that the parts ask for, properties' own bodies left out."""
    used = set()
    for text in bundle.parts.values():
        for node in ast.parse(text).body:
            inner = [part for part in getattr(node, "body", [node]) if not _is_property(part)]
            used |= {one.attr for part in inner for one in ast.walk(part) if isinstance(one, ast.Attribute)}
    return used


def _is_property(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(one, ast.Name) and one.id == "property" for one in decorators)


def _without_unused_properties(text: str, used: set[str]) -> str:
    lines = text.splitlines()
    for node in ast.parse(text).body:
        for part in reversed(getattr(node, "body", []) if isinstance(node, ast.ClassDef) else []):
            if _is_property(part) and part.name not in used:
                del lines[part.decorator_list[0].lineno - 1 : part.end_lineno]
    return "\n".join(lines).rstrip()


def _bound_by(statement: str) -> set[str]:
    (node,) = ast.parse(statement).body
    return {(alias.asname or alias.name).split(".")[0] for alias in getattr(node, "names", [])}
