"""`python -m cnn_core.insight.dream.first_dream`: dream the first dream again and keep it in this folder."""

from __future__ import annotations

import io
import json
from typing import Any

from PIL import Image
from torch import Tensor

from cnn_core.insight import dream, enlarged, loudness, on_the_photo, photo_network, photos
from cnn_core.insight.dream.animation import to_png
from cnn_core.insight.dream.first_dream import HERE, PHOTO, SIDE, SPEC


def main() -> None:
    net, photo, layers = photo_network(SPEC.network), enlarged(photos()[PHOTO], SIDE), dict(SPEC.layers)
    result: dict[str, Any] = {"sizes": [], "before": loudness(net, photo, layers)}
    _keep(photo, "photo")

    def octave(picture: Tensor) -> None:
        result["sizes"].append(list(picture.shape[1:]))
        _keep(on_the_photo(photo, picture), f"octave_{len(result['sizes'])}")

    wishes = SPEC.to_dict()
    del wishes["network"]
    finished = dream(net, photo, on_octave=octave, **(wishes | {"layers": layers}))
    result["after"] = loudness(net, finished, layers)
    result["change"] = float((finished - photo).abs().mean())
    card = {"photo": PHOTO, "settings": SPEC.to_dict(), "result": result}
    (HERE / "card.json").write_text(json.dumps(card) + "\n", "utf-8")


def _keep(picture: Tensor, name: str) -> None:
    # WebP, because the project should stay small; the page says nothing that a PNG would show better.
    with Image.open(io.BytesIO(to_png(picture))) as image:
        image.save(HERE / f"{name}.webp", quality=88, method=6)


if __name__ == "__main__":
    main()
