"""The code of a dream."""

from __future__ import annotations

from cnn_core.errors import StudentError
from cnn_core.export import picture_code
from cnn_core.model import ModelSpec
from cnn_core.network_name import NetworkName
from pages.deep_dream import words
from pages.deep_dream.dream import Dream
from pages.deep_dream.dreamers import dataset_of, shape_of
from pages.ui.forms.code_box import Program
from pages.ui.forms.picture_code import OURS, code_of, needs_of
from pages.ui.trained.trained import Trained

BEGUN_WITH = "dream-began-with.png"  # the file that the code reads
ALSO = f"And {BEGUN_WITH}, which is under “Download”."


def code_of_dream(dream: Dream) -> None:
    """Draw the way to the code that dreams the same; of a run that is gone there is none."""
    name = dream.spec.network
    try:
        network, needs = _network(name)
    except StudentError:
        return
    if dream.run is None:
        needs = f"{needs} {words.IS_COMPRESSED}"

    def write() -> list[Program]:
        channels = shape_of(name)[0]
        text = picture_code.dream_code(dream.spec.to_dict(), network, channels=channels, picture=BEGUN_WITH)
        return [Program.of(OURS, text, needs)]

    code_of("dream", write, "cat_and_dream")


def _network(name: str) -> tuple[str, str]:
    """The lines that make the network of a dream's settings, and what they need.

    Raises StudentError for a run that is gone.
    """
    network = NetworkName.parse(name)
    if network.kind == "photo":
        return picture_code.photo_net_code(network.name), f"{picture_code.NEEDS_DESIGN} {ALSO}"
    if network.kind == "design":
        net = picture_code.NetInCode(ModelSpec.from_link(network.name), "", dataset_of(name))
        return picture_code.net_code(net), f"{needs_of(net)} {ALSO}"
    one = Trained.named(str(NetworkName(network.kind, network.name)))
    net = picture_code.NetInCode(one.spec, one.stem, one.dataset)
    needs = f"{needs_of(net)} {ALSO}"
    if network.step is not None and one.steps != network.step:
        needs = f"{needs} {words.other_weights(network.step)}"
    return picture_code.net_code(net), needs
