"""Which filters spoke for an answer, and the check: computed at once where it is light, else beside the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnn_core.errors import StudentError
from cnn_core.insight import RECIPES
from cnn_core.looking import Pixels
from pages.ui.forms.digit_input import OFFERED, ChosenImage
from pages.ui.visitor import server
from pages.ui.wording.looking import look, peek

if TYPE_CHECKING:
    import torch

    from cnn_core.insight import FilterPictures, MutingCheck, Relevance
    from pages.ui.visitor.networks import LoadedNetwork

STEPS, WATCHED, MOST = (
    40,
    2_000,
    128,
)  # of the pictures that the page Filters draws first: they are the same ones
TOP, BOTTOM = 6, 3  # rows of a layer that has many filters
OUT = 5  # filters taken out in the sentence under the title
STILL_SURE = 0.9  # that sure without ten filters, a curve of how sure it is would be a flat line


@dataclass(frozen=True)
class Decision:
    """What each filter of a layer said, and what follows without those that said most.

    found: for one answer against one rival.
    check: with 0, 1, 2, ... of them muted.
    """

    found: Relevance
    check: MutingCheck

    @property
    def out(self) -> int:
        """How many filters the sentence takes out."""
        return min(OUT, len(self.check.top) - 1)

    @property
    def is_by_lead(self) -> bool:
        """Whether the lead says more than how sure it is: for another class than its answer, or where it stays sure."""
        is_own = self.found.answer == int(self.found.scores.argmax())
        return not is_own or float(self.check.certainty.min()) > STILL_SURE

    @property
    def top(self) -> torch.Tensor:
        """(n + 1,): the lead, or how sure it is, without the first n of them."""
        return self.check.lead if self.is_by_lead else self.check.certainty

    @property
    def chance(self) -> torch.Tensor:
        """(tries, n + 1): the same without n at random."""
        return self.check.lead_by_chance if self.is_by_lead else self.check.certainty_by_chance

    @property
    def shown(self) -> tuple[list[int], list[int]]:
        """The filters that have a row each: those that speak most for the answer, and those most against it."""
        order = self.found.order
        if len(order) <= TOP + BOTTOM + 1:
            return order, []
        return order[:TOP], order[-BOTTOM:]


def decision_of(
    network: LoadedNetwork, chosen: ChosenImage, layer: str, answer: int | None, rival: int | None, by: str
) -> Decision:
    """What the filters of a layer said to this image.

    layer, answer, rival, by: as `cnn_core.insight.relevance` takes them. Raises StudentError as that does.
    """
    image = Pixels.of(chosen.image)
    return Decision(
        *look(network, "decided", 0, image=image, layer=layer, answer=answer, rival=rival, way=by)
    )


def close_calls_of(network: LoadedNetwork) -> list[int]:
    """Numbers of test images whose answer was close; none where no test images of its kind are here."""
    if server.why_no_images(network.dataset) is not None:
        return []
    try:
        return look(network, "close_calls", OFFERED)
    except StudentError:  # a network for other images: the page says so
        return []


def pictures_of(
    network: LoadedNetwork, layer: str, width: int, filters: list[int], *, now: bool = False
) -> FilterPictures | None:
    """What these filters look for; of a layer that has no more than a sheet of them, all, as the page Filters asks.

    now: wait for none: None where they are not known yet.
    """
    wanted = range(width) if width <= MOST else sorted(filters)
    watched = 0
    if server.why_no_images(network.dataset) is None:
        watched = min(WATCHED, len(server.images(network.dataset, "test")))
    how: dict[str, Any] = {"recipe": RECIPES["clean"], "steps": STEPS, "seed": 0}
    ask = peek if now else look
    return ask(network, "pictures", watched, layer=layer, filters=tuple(wanted), **how)
