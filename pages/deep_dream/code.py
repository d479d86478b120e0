"""The code of a dream."""

from __future__ import annotations

from cnn_core.export import picture_code
from cnn_core.runs.jobs.dreams import PHOTO_NETWORKS
from pages.deep_dream.dream import Dream
from pages.ui.forms.picture_code import OURS, code_of, needs_of, net_in_code
from pages.ui.visitor import networks

BEGUN_WITH = "dream-began-with.png"  # the file that the code reads
ALSO = f"And {BEGUN_WITH}, which is under “Download”."


def code_of_dream(dream: Dream) -> None:
    """Draw the way to the code that dreams the same."""
    settings = dream.spec.to_dict()
    name = dream.spec.network
    if name in PHOTO_NETWORKS:
        network, channels, needs = picture_code.photo_net_code(name), 3, picture_code.NEEDS_DESIGN
    else:
        net = net_in_code(networks.named(name), name)
        network, channels, needs = picture_code.net_code(net), net.spec.input_shape[0], needs_of(net)[OURS]
    text = picture_code.dream_code(settings, network, channels=channels, picture=BEGUN_WITH)
    code_of("dream", {OURS: text}, {OURS: f"{needs} {ALSO}"})
