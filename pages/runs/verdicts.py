"""What several runs have in common and where they differ: pure, without any sentence or picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnn_core import significance
from pages.ui.trained.trained import Trained
from pages.ui.wording.which_images import how_many, taken_from


def beyond_chance(one: Trained, other: Trained) -> bool:
    """Whether the accuracies of two networks differ by more than chance would, in 19 of 20 cases."""
    assert one.accuracy is not None
    assert other.accuracy is not None
    return significance.beyond_chance(one.accuracy, other.accuracy, one.count, other.count)


def seed_groups(runs: Sequence[Trained]) -> list[list[Trained]]:
    """Runs that differ by their seed alone, where there are two or more of them."""
    groups: dict[tuple, list[Trained]] = {}
    for run in runs:
        if not run.opened:
            groups.setdefault(run.design, []).append(run)
    return [group for group in groups.values() if len({_seed(run) for run in group}) > 1]


def _seed(run: Trained) -> int | None:
    return run.recipe.seed if run.recipe else None


# ---------------------------------------------------------------- where they differ

TESTED_ON = "tested on"


def differences(runs: Sequence[Trained]) -> dict[str, list[str]]:
    """{setting: one text a run}, for the settings in which they differ: of the design, the recipe and the data."""
    columns = [_settings(run) for run in runs]
    names = list(dict.fromkeys(name for column in columns for name in column))
    table = {name: [column.get(name, "–") for column in columns] for name in names}
    return {name: texts for name, texts in table.items() if len(set(texts) - _no_setting(name)) > 1}


def _no_setting(name: str) -> set[str]:
    # What has not been tested yet is not tested on other images.
    return {"–"} if name == TESTED_ON else set()


def everything_is_known(runs: Sequence[Trained]) -> bool:
    """Whether it is known of each how it was trained, and on what."""
    return all(run.learnt_from.is_known and not run.opened for run in runs)


def odd_ones(texts: Sequence[str]) -> set[int]:
    """The places of those that differ from the others: from a text that two of them share, or each from each."""
    common = max(texts, key=texts.count)
    if texts.count(common) == 1:
        return set(range(len(texts)))
    return {i for i, text in enumerate(texts) if text != common}


def _settings(run: Trained) -> dict[str, str]:
    settings = {
        "data": run.dataset,
        "images learnt from": how_many(run.learnt_from),
        "taken from": taken_from(run.learnt_from),
        TESTED_ON: "–" if run.accuracy is None else run.of_which_images,
        "parameters": f"{run.parameters:,}",
    }
    for name, layer in zip(run.spec.layer_names, run.spec.layers, strict=True):
        values = {key: value for key, value in vars(layer).items() if value not in (None, "linear", "valid")}
        words = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items())
        settings[name] = words or "yes"
    if run.recipe is None:
        return settings | {"recipe": f"unknown, {run.came_from}"}
    settings |= {key.replace("_", " "): _text(value) for key, value in run.recipe.to_dict().items()}
    if run.own_rate is not None:
        settings["learning rate, changed on the way"] = _text(run.own_rate)
    return settings | {"steps done": f"{run.steps:,}"}


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict):
        changes = (f"{key} {item}" for key, item in value.items() if item not in (0, 0.0, False))
        return ", ".join(changes) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
