"""The report of a trained network, one page of HTML; and the parts of it that the record of the lesson has too."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from cnn_core.model.layer_files import kind_named
from pages.ui.trained.trained import Trained
from pages.ui.visitor import server
from pages.ui.wording.numbers import count, epochs, percent
from pages.ui.wording.which_images import learnt_from_words, tested_on

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from cnn_core.model.network import Network
    from pages.ui.drawing.contact_sheet import Sheet

_PAPER = "#FCFBF8"  # of the report's page


def report(one: Trained) -> str:
    """One page of HTML: settings, seed, curves, and the feature maps of one test image where there is any here."""
    from cnn_core.export import export_report

    test = None if server.why_no_images(one.dataset) else server.images(one.dataset, "test").images
    return export_report(
        one.spec,
        one.recipe.to_dict() if one.recipe else {"recipe": f"not known: the network was {one.came_from}"},
        title=one.title,
        facts=facts(one, images=one.count or (0 if test is None else len(test))),
        test_accuracy=one.accuracy,
        history=one.history,
        pictures=[] if test is None else pictures_of(one.net, "Test image no. 0", test[0].float() / 255),
    )


def facts(one: Trained, images: int) -> dict[str, str]:
    """The report's head. images: how many there are to be tested on."""
    known = {"Learnt from": learnt_from_words(one.learnt_from)}
    if images:
        known["Tested on"] = tested_on(one.dataset, images, one.is_sample)
    known["Seconds of training"] = "not known" if one.opened else f"{one.seconds:.1f}"
    if one.loss is not None:
        known["Test loss"] = f"{one.loss:.4f}"
    if one.accuracy is not None:
        known["Test accuracy"] = percent(one.accuracy)
    if one.best is not None:
        known["Best epoch by validation"] = f"{epochs(one.best.epoch)}, {percent(one.best.accuracy)}"
    if one.seen:
        known["No test"] = f"{count(one.seen)} of the test images are among those it learnt from"
    return known


def pictures_of(net: Network, title: str, image: torch.Tensor) -> list[tuple[str, bytes]]:
    """[(caption, PNG)] of an image and of the maps that the network's convolutions make of it.

    title: what the image is.
    image: (C, H, W) in [0, 1].
    """
    from cnn_core.insight import feature_maps
    from pages.ui.drawing.contact_sheet import as_picture, contact_sheet, png

    pictures = [(title, enlarged_png(png(as_picture(image.numpy())), 140))]
    for name, maps in feature_maps(net, image).items():
        if maps.ndim == 3 and kind_named(name).has_filters:
            words = f"{name}, {len(maps)} maps, each from 0 to its own maximum"
            pictures.append((words, ruled(contact_sheet(maps.numpy()))))
    return pictures


def ruled(sheet: Sheet, width: int = 420) -> bytes:
    """A sheet as a PNG of at most so many pixels, with a line of paper between each two of its tiles."""
    return _as_png(_ruled(_enlarged(sheet.png, width), sheet))


def enlarged_png(content: bytes, width: int) -> bytes:
    """A PNG of few pixels, each of them a whole number of times as large; at most `width` pixels wide."""
    return _as_png(_enlarged(content, width))


def _enlarged(content: bytes, width: int) -> Image:
    """A PNG as a picture at most `width` pixels wide, each of its pixels a whole number of times as large."""
    from PIL import Image

    picture = Image.open(io.BytesIO(content)).convert("RGB")
    times = max(1, width // picture.width)
    return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)


def _ruled(picture: Image, sheet: Sheet) -> Image:
    """A sheet's enlarged picture, with a line of paper between each two of its tiles."""
    from PIL import ImageDraw

    times = picture.width // (sheet.columns * sheet.tile_width)
    height, width = sheet.tile_height * times, sheet.tile_width * times
    pen = ImageDraw.Draw(picture)
    for y in range(height, picture.height, height):
        pen.line((0, y, picture.width, y), _PAPER)
    for x in range(width, picture.width, width):
        pen.line((x, 0, x, picture.height), _PAPER)
    return picture


def _as_png(picture: Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
