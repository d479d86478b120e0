"""Who may import whom: pages/N_x.py -> pages/x/ -> pages/ui -> cnn_core, never backwards and never sideways."""

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = sorted((ROOT / "cnn_core").rglob("*.py"))
PAGES = sorted((ROOT / "pages").glob("*.py"))
UI = sorted((ROOT / "pages" / "ui").rglob("*.py"))
ROOMS = sorted(path for path in (ROOT / "pages").glob("*/*.py") if path.parent.name != "ui")
SCREEN = ("streamlit", "plotly", "pages", "dashboard")
SHARED = {
    *("errors", "settings", "checks", "network_name", "significance"),
    *("files", "owners", "kept", "machine", "journal", "upload_limits", "cluster"),
}
MAY_KNOW = {  # a package of the core -> packages of the core it may import
    "errors": set(),
    "checks": {"errors"},
    "settings": {"errors", "machine"},
    "machine": set(),
    "journal": {"settings"},
    "network_name": {"errors"},
    "significance": set(),
    "files": {"errors"},
    "owners": set(),
    "kept": set(),
    "upload_limits": set(),
    "cluster": set(),
    "model": SHARED,
    "data": SHARED,
    "training": SHARED | {"model", "data"},
    "export": SHARED | {"model", "data"},
    "insight": SHARED | {"model", "data", "training"},
    "lesson": SHARED | {"model", "data", "insight"},
    "pretrained": SHARED | {"model", "data", "training", "insight"},
    "doctor": SHARED | {"model", "data", "training"},
    "opening": SHARED | {"model", "data", "training"},
    "looking": SHARED | {"model", "data", "training", "insight"},
    "runs": SHARED
    | {"model", "data", "training", "insight", "looking", "pretrained", "doctor", "opening", "lesson"},
    "classroom": SHARED | {"model", "data", "training", "insight", "pretrained", "lesson", "runs"},
}
TORCH_FREE = [
    "machine", "journal", "cluster",
    "errors", "settings", "checks", "model", "model.layers", "model.layer_files", "model.setting", "model.spec",
    "model.shapes", "model.summary", "model.presets", "model.links", "model.draft_edits", "export", "export.layers",
    "export.program", "export.augmentation",
    "model.draft", "data", "data.augment_spec", "training", "training.spec", "training.events", "insight", "runs",
    "pretrained", "network_name", "significance", "data.splits", "data.learnt_from", "lesson.glossary",
    "lesson.preparation", "lesson.guesses", "lesson.guess_questions",
    "kept", "looking", "looking.question", "looking.work", "looking.lookers", "looking.far",
    "looking.first", "looking.answers",
    "lesson.notebook_lines", "lesson.notebook_step", "lesson.notebook_learning", "lesson.notebook_inside",
    "lesson.core_source", "insight.surgery.operation",
    "doctor", "doctor.health", "doctor.case", "doctor.cures", "doctor.plans", "doctor.course", "doctor.rules",
]  # fmt: skip
NEED_TORCH = (
    "training_job",
    "remeasuring",
    "dream_job",
    "sampler",
    "snapshots",
    "examiner",
    "opening_job",
    "reading",
    "measure",
    "warm",
)  # what a worker imports when it works
TORCH_FREE += [
    ".".join(path.relative_to(ROOT / "cnn_core").with_suffix("").parts)
    for path in CORE
    if (
        path.is_relative_to(ROOT / "cnn_core" / "runs")
        or path.is_relative_to(ROOT / "cnn_core" / "classroom")
    )
    and path.stem not in (*NEED_TORCH, "__init__", "__main__")
]


def imported(path: Path) -> set[str]:
    """Full names of all modules a file imports, at its top or inside a function; relative ones are spelt out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).with_suffix("").parts[: -node.level] if node.level else ()
            base = ".".join([*package, *([node.module] if node.module else [])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


def part_of_pages(name: str) -> str:
    """ "pages.ui" of "pages.ui.forms.sidebar": the part of the screen that a module belongs to."""
    return ".".join(name.split(".")[:2])


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_the_files_are_where_the_rule_looks_for_them():
    assert {"spec", "shapes", "network"} <= {path.stem for path in CORE}
    assert UI


@pytest.mark.parametrize("path", CORE, ids=module_of)
def test_the_core_knows_no_screen(path):
    assert not {name for name in imported(path) if name.split(".")[0] in SCREEN}


@pytest.mark.parametrize("path", CORE, ids=module_of)
def test_packages_of_the_core_know_only_what_stands_below_them(path):
    owner = path.relative_to(ROOT / "cnn_core").parts[0].removesuffix(".py")
    names = {name.split(".")[1] for name in imported(path) if name.startswith("cnn_core.")}
    assert names <= MAY_KNOW.get(owner, set()) | {owner}


@pytest.mark.parametrize("path", PAGES, ids=module_of)
def test_a_page_imports_its_own_room_and_what_pages_share(path):
    may = ("pages", "pages.ui", f"pages.{path.stem[2:]}")
    assert all(part_of_pages(name) in may for name in imported(path) if name.split(".")[0] == "pages")


@pytest.mark.parametrize("path", ROOMS, ids=module_of)
def test_a_room_of_one_page_imports_no_other_pages_room(path):
    may = ("pages", "pages.ui", f"pages.{path.parent.name}")
    assert all(part_of_pages(name) in may for name in imported(path) if name.split(".")[0] == "pages")


@pytest.mark.parametrize("path", UI, ids=module_of)
def test_what_pages_share_knows_no_page(path):
    names = {name for name in imported(path) if name.split(".")[0] in ("pages", "dashboard")}
    assert all(name == "pages" or name.startswith("pages.ui") for name in names)


def exists(name: str) -> bool:
    path = ROOT.joinpath("cnn_core", *name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


IMPORTS = "import sys\n" + "".join(
    f"import cnn_core.{name}\nassert 'torch' not in sys.modules, '{name} imports torch'\n"
    for name in TORCH_FREE
    if exists(name)
)
WITHOUT_TORCH = {  # what the first page, the runner and a list of runs do
    "import what needs none": IMPORTS,
    "a design and its shapes": """
        from cnn_core.model import LAYER_TYPES, PRESETS, ModelSpec, inspect_draft, links, summarize
        summarize(PRESETS["lesson"])
        inspect_draft({})
        links.decode(PRESETS["lesson"].to_link())
    """,
    "recipes and events": """
        from cnn_core.training import RECIPES, BatchDone, Control
        from cnn_core.data import AugmentSpec
        AugmentSpec.lesson()
    """,
    "which images there are": """
        from cnn_core.data import DATASETS, available, fetch_in_background
        available("mnist")
    """,
    "cards and curves of the networks that are ready": """
        from cnn_core import pretrained
        pretrained.card(pretrained.names()[0])
        pretrained.history("lesson")
    """,
    "runs and their runner": """
        import cnn_core.runs.__main__
        for name in cnn_core.runs.__all__:
            getattr(cnn_core.runs, name)
        cnn_core.runs.RunStore().runs()
        cnn_core.runs.runner_is_alive(cnn_core.runs.RunStore())
    """,
}


@pytest.mark.parametrize("work", WITHOUT_TORCH)
def test_without_torch_one_can_do(work):
    program = textwrap.dedent(WITHOUT_TORCH[work]) + (
        "import sys\n"
        "heavy = {'torch', 'streamlit', 'plotly', 'tensorflow', 'keras'} & set(sys.modules)\n"
        "assert not heavy, f'imports {heavy}'\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
