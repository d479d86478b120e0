"""A scene: a page in a state that a teacher chose, what in it is fixed, and what is hidden.

It is what a link stands for, `?scene=<id>`. A scene holds no secret and does nothing; `scenes.py` keeps and signs it
and says whom it binds. What it forbids is asked of it here, by whoever carries something out: a callback, a page that
reads its address, the store that takes a training in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from cnn_core.classroom.record import LONGEST_TITLE, clean_name, is_class_id
from cnn_core.classroom.scene_parts import ALWAYS_OPEN, OF_EVERY_PAGE, PAGES, PARTS, ScenePart, part_of_text
from cnn_core.errors import StudentError, quoted
from cnn_core.model import PRESETS, ModelSpec, links
from cnn_core.network_name import NetworkName
from cnn_core.training import race
from cnn_core.training.spec import TrainSpec

LONGEST_NOTE = 300  # characters: two or three sentences
LONGEST_TEXT = 300  # of one part of an address; a design may be longer
LARGEST = 16_000  # bytes of a whole scene
READY = ("lesson", "mlp", "modern")  # designs that are there ready trained
_TEXT = re.compile(r"[A-Za-z0-9_.,:~+-]+", re.ASCII)
_FIELDS = {"title", "page", "state", "fixed", "hidden", "pages", "note", "recipe", "may_leave", "of_class"}


@dataclass(frozen=True)
class Scene:
    """What a teacher's link sets.

    title:  one line.
    page:   url_path of the page that it opens.
    state:  what the address of that page says, name -> text: the network, the design, a step of the lesson too.
    fixed:  names of parts (`scene_parts.PARTS`) that stay as `state` says; what it does not say stays as usual.
    hidden: names of parts that stay so and are not drawn, and of actions that are refused.
    pages:  the pages that can be opened; empty: all of them.
    note:   what the teacher says to it.
    recipe: all numbers of a fixed recipe; None where it is free.
    may_leave: whether a student may leave it before the class ends.
    of_class: id of the class whose members may not leave it (`Scenes.make` sets it); "": nobody's.

    Raises StudentError for what is no scene.
    """

    title: str
    page: str
    state: Mapping[str, str] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    note: str = ""
    recipe: TrainSpec | None = None
    may_leave: bool = True
    of_class: str = ""

    def __post_init__(self) -> None:
        if self.page not in PAGES:
            raise StudentError(f"There is no page {quoted(self.page)}.", hint="Make the link on a page.")
        if not clean_name(self.title, LONGEST_TITLE):
            raise StudentError("A scene needs a name.", hint="Type at least one letter.")
        _check_state(self.page, self.state)
        for name in (*self.fixed, *self.hidden):
            _check_part(name, self.page)
        if wrong := [name for name in self.fixed if PARTS[name].kind == "action"]:
            raise StudentError(f"{quoted(wrong[0])} can be free or hidden, not fixed.")
        if both := set(self.fixed) & set(self.hidden):
            raise StudentError(f"{quoted(min(both))} is fixed and hidden.", hint="Choose one of the two.")
        if self.pages and (strange := [page for page in self.pages if page not in PAGES]):
            raise StudentError(f"There is no page {quoted(strange[0])}.")
        if self.pages and self.page not in self.pages:
            raise StudentError(
                "The page of the scene itself must be open.", hint="Let it be among the pages."
            )
        if "train.recipe" in self.holds and self.recipe is None:
            raise StudentError("A fixed recipe needs its numbers.", hint="Choose one on the page Train.")

    @property
    def holds(self) -> frozenset[str]:
        """Names of all that stays as it is, seen or not."""
        return frozenset((*self.fixed, *self.hidden))

    # ---------------------------------------------------------------- what is asked of it

    def texts(self, page: str) -> dict[str, str]:
        """What this page's address has to say: name -> text, "" for what it has to leave out.

        Only what is held is in it; on another page than the scene's own that is nothing but parts of every page.
        """
        held = [PARTS[name] for name in self.holds if PARTS[name].page in (page, None)]
        return {text: self.state.get(text, "") for part in held for text in part.texts}

    def opens(self, page: str) -> bool:
        """Whether this page may be opened."""
        return not self.pages or page in self.pages or page in ALWAYS_OPEN

    def check_page(self, page: str) -> None:
        """Raise StudentError where it may not be opened."""
        if not self.opens(page):
            raise self._error(f"The page {PAGES.get(page, page)} is not part of your teacher’s scene.")

    def check(self, name: str) -> None:
        """Raise StudentError where a part may not be changed, or an action not be done."""
        if name in self.hidden:
            raise self._error(f"Your teacher’s scene leaves out {PARTS[name].title}.")
        if name in self.fixed:
            raise self._error(self.kept_sentence(PARTS[name]))

    def check_text(self, page: str, name: str, text: str) -> None:
        """Raise StudentError where an address of this page may not say so."""
        part = part_of_text(page, name)
        if part is not None and part.name in self.holds and text != self.texts(page).get(name):
            self.check(part.name)

    def check_training(self, spec: ModelSpec, recipe: TrainSpec, dataset: str) -> None:
        """Raise StudentError where the scene does not let this be trained."""
        self.check_action("train")
        if "layers" in self.holds and spec.layers not in [one.layers for one in self._designs()]:
            self.check("layers")
        if "train.data" in self.holds and dataset != self.state.get("data", "mnist"):
            self.check("train.data")
        if self.recipe is not None and "train.recipe" in self.holds:
            same = recipe.replace(seed=self.recipe.seed, train_size=self.recipe.train_size)
            if same.identity() != self.recipe.identity():
                self.check("train.recipe")
        if "train.seed" in self.holds and str(recipe.seed) != self.state.get("seed", "0"):
            self.check("train.seed")
        if "train.images" in self.holds and str(recipe.train_size or "") != self.state.get("images", ""):
            self.check("train.images")

    def check_action(self, name: str) -> None:
        """Raise StudentError where an action ("train", "dream", "save", "open") is left out."""
        if name in self.hidden:
            self.check(name)

    def check_network(self, network: str, is_own_run: bool) -> None:
        """Raise StudentError where the scene does not let this network be looked at.

        network: its name.  is_own_run: whether the student has trained it; what they may train they may look at.
        """
        is_edited = network == "design" and "layers" not in self.holds
        if "net" in self.holds and not (is_own_run or is_edited) and network != self.network:
            self.check("net")

    @property
    def network(self) -> str:
        """Name of the network that is looked at first."""
        return self.state.get("net") or ("design" if "design" in self.state else "pretrained:lesson")

    def _designs(self) -> list[ModelSpec]:
        """What can be trained where the layers stay: the scene's own, and ready ones where one may choose."""
        link = self.state.get("design")
        own = [ModelSpec.from_dict(links.decode(link), check_limits=False)] if link else []
        network = NetworkName.parse(self.network)
        if "net" not in self.holds:
            return [*own, *(PRESETS[name] for name in READY)]
        if network.kind == "pretrained" and network.name in PRESETS:
            return [PRESETS[network.name]]
        return own or [PRESETS["lesson"]]

    @staticmethod
    def kept_sentence(part: ScenePart) -> str:
        """What is said of a part that is fixed."""
        return f"Your teacher’s scene keeps {part.title} as {'they are' if part.many else 'it is'}."

    def _error(self, sentence: str) -> StudentError:
        return StudentError(sentence, hint="Go on with what is there, or ask your teacher.")

    # ---------------------------------------------------------------- to a file and back

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, every field present; equal scenes give equal ones."""
        return {
            "title": clean_name(self.title, LONGEST_TITLE),
            "page": self.page,
            "state": {name: self.state[name] for name in sorted(self.state)},
            "fixed": sorted(set(self.fixed)),
            "hidden": sorted(set(self.hidden)),
            "pages": sorted(set(self.pages)),
            "note": clean_name(self.note, LONGEST_NOTE),
            "recipe": None if self.recipe is None else self.recipe.to_dict(),
            "may_leave": self.may_leave,
            "of_class": self.of_class,
        }

    def canonical(self) -> bytes:
        """What is signed."""
        return orjson.dumps(self.to_dict(), option=orjson.OPT_SORT_KEYS)


def scene_from(values: object) -> Scene:
    """The inverse of `to_dict`. Raises StudentError for whatever else it is."""
    if not isinstance(values, Mapping) or set(values) - _FIELDS:
        raise StudentError("This is no scene.", hint="Make the link anew.")
    if len(orjson.dumps(values)) > LARGEST:
        raise StudentError("This scene is too large for a link.", hint="Use a smaller design.")
    for name in ("title", "page", "note", "of_class"):
        if not isinstance(values.get(name, ""), str):
            raise StudentError(f"The {name} of a scene is a text.", hint="Make the link anew.")
    for name in ("fixed", "hidden", "pages"):
        names = values.get(name, [])
        if not isinstance(names, list | tuple) or not all(isinstance(one, str) for one in names):
            raise StudentError(f"“{name}” of a scene is a list of names.", hint="Make the link anew.")
    of_class, may_leave, recipe = (
        values.get("of_class", ""),
        values.get("may_leave", True),
        values.get("recipe"),
    )
    if (of_class and not is_class_id(of_class)) or not isinstance(may_leave, bool):
        raise StudentError("This is no scene.", hint="Make the link anew.")
    return Scene(
        title=clean_name(values.get("title", ""), LONGEST_TITLE),
        page=values.get("page", ""),
        state=values.get("state", {}),
        fixed=tuple(values.get("fixed", ())),
        hidden=tuple(values.get("hidden", ())),
        pages=tuple(values.get("pages", ())),
        note=clean_name(values.get("note", ""), LONGEST_NOTE),
        recipe=None if recipe is None else TrainSpec.from_dict(recipe, check_limits=False),
        may_leave=may_leave,
        of_class=of_class,
    )


def _check_state(page: str, state: object) -> None:
    """Raise StudentError where an address of this page cannot say so."""
    if not isinstance(state, Mapping):
        raise StudentError("The state of a scene is what an address says.", hint="Make the link anew.")
    for name, text in state.items():
        if name not in OF_EVERY_PAGE and (not isinstance(name, str) or part_of_text(page, name) is None):
            raise StudentError(
                f"An address of the page {PAGES[page]} says nothing of {quoted(name)}.", hint="Leave it out."
            )
        longest = links.MAX_TEXT if name in ("design", "race") else LONGEST_TEXT
        if not isinstance(text, str) or len(text) > longest or _TEXT.fullmatch(text) is None:
            raise StudentError(
                f"{quoted(name)} says {quoted(text)}.", hint="Copy the address from the browser."
            )
    if "design" in state:
        ModelSpec.from_dict(links.decode(state["design"]))
    if "race" in state:
        race.read(state["race"])
    if "net" in state:
        NetworkName.parse(state["net"])


def _check_part(name: str, page: str) -> None:
    part = PARTS.get(name)
    if part is None:
        raise StudentError(f"No scene can fix or hide {quoted(name)}.", hint="Look at the list of parts.")
    if part.page not in (None, page):
        raise StudentError(
            f"{quoted(name)} is not on the page {PAGES[page]}.", hint="Fix what is on the page of the scene."
        )
