"""The table of the session's keys in pages/ui/visitor/__init__.py is complete, and each key has one owner."""

import ast

import pytest

import pages.ui.visitor
from pages.ui.frame.shell import ROOT

ROW = [line.split() for line in pages.ui.visitor.__doc__.splitlines() if line.startswith("    ")][1:]
OWNERS = {words[0].partition("<")[0]: words[1] for words in ROW}
SHARED = sorted((ROOT / "pages" / "ui").rglob("*.py"))
ROOMS = sorted(path for path in (ROOT / "pages").rglob("*.py") if path not in SHARED)


def constants(tree):
    """{name: text} of what a module calls by a name."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            pairs = [(node.targets[0], node.value)]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(node.targets[0].elts, node.value.elts, strict=True))
            found |= {
                target.id: value.value
                for target, value in pairs
                if isinstance(target, ast.Name) and isinstance(value, ast.Constant)
            }
    return found


def key_expressions(tree):
    """What stands where a key of the session stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "st.session_state":
            yield node.slice
        elif (
            isinstance(node, ast.Call)
            and node.args
            and ast.unparse(node.func).startswith("st.session_state.")
        ):
            yield from node.args[0].keys if isinstance(node.args[0], ast.Dict) else node.args[:1]
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "st.session_state":
            yield node.left


def keys_of(path):
    """The keys that can be read off a file: texts, constants of its own, and how f-strings begin."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = constants(tree)
    for key in key_expressions(tree):
        if isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant):
            yield str(key.values[0].value)
        elif isinstance(key, ast.Constant):
            yield key.value
        elif isinstance(key, ast.Name) and isinstance(names.get(key.id), str):
            yield names[key.id]


def owner_of(path):
    return "/".join(path.relative_to(ROOT / "pages" / "ui").with_suffix("").parts)


@pytest.mark.parametrize("path", SHARED, ids=owner_of)
def test_what_pages_share_keeps_only_what_the_table_lists_as_its_own(path):
    for key in keys_of(path):
        assert OWNERS.get(key) == owner_of(path), key


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.name)
def test_no_page_reads_or_writes_by_its_name_what_pages_share(path):
    assert not {key for key in keys_of(path) if key in OWNERS}


def test_every_row_of_the_table_names_a_module_that_uses_the_key():
    used = {owner_of(path): path.read_text(encoding="utf-8") for path in SHARED}
    for key, owner in OWNERS.items():
        assert key.rstrip("_") in used[owner], key
