"""A page of HTML that opens anywhere: nothing to fetch, nothing that runs, and every typed word escaped.

What the report, the record of the lesson and the worksheets share.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence

from cnn_core.model.shapes import shape_text
from cnn_core.model.spec import ModelSpec, summarize


def document(title: str, body: Sequence[str], style: str = "") -> str:
    """The whole page.

    title: any text.
    body:  parts of HTML, one below the other.
    style: CSS besides the common one.
    """
    parts = "\n".join(body)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        # Even if an escape were missing somewhere, nothing would run and nothing would be fetched.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escaped(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n{parts}\n</body>\n</html>\n"
    )


def escaped(value: object) -> str:
    """Anything, as text that HTML shows and never obeys."""
    return html.escape(str(value).encode("utf-8", "replace").decode())


def setting(value: object) -> str:
    """A setting's value as HTML.

    >>> setting({"rate": 0.001}), setting(None)
    ('rate 0.001', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{escaped(key)} {setting(part)}" for key, part in value.items())
    return escaped(f"{value:g}" if isinstance(value, float) else value)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of cells, which are HTML already."""
    lines = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table>" + "".join(lines) + "</table>"


def layers_table(spec: ModelSpec) -> str:
    """Every layer of a design with its shape, its parameters and what it sees."""
    rows = summarize(spec)
    cells = [("layer", "output", "parameters", "sees")]
    for row in rows:
        size = shape_text(row.output_shape)
        cells.append((escaped(row.name), size, f"{row.parameters:,}", f"{row.receptive_field} px"))
    total = sum(row.parameters for row in rows)
    return (
        table(cells)
        + f"<p>{total:,} parameters. “Sees”: pixels per side of the input that one value depends on.</p>"
    )


def picture(caption: str, png: bytes, width: str = "") -> str:
    """A picture in the page itself; its caption is its alternative text too.

    png:   the file. ValueError for another.
    width: in CSS; "" is as large as it is.
    """
    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("a page's pictures are PNG files")
    data = base64.b64encode(png).decode("ascii")
    alt, size = escaped(caption), f' style="width:{width}"' if width else ""
    image = f'<img src="data:image/png;base64,{data}" alt="{alt}"{size}>'
    return f"<figure>{image}<figcaption>{alt}</figcaption></figure>"


_STYLE = """
body { font: 16px/1.5 "Source Sans 3", "Source Sans Pro", system-ui, sans-serif; color: #1D2129;
  background: #FCFBF8;
  max-width: 720px; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1, h2 { font-family: "Source Serif 4", Georgia, serif; font-weight: 600; }
h1 { font-size: 34px; } h2 { font-size: 22px; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td { padding: 2px 16px 2px 0; border-bottom: 1px solid #DEDAD0; vertical-align: top; }
figure { margin: 1rem 0; } figcaption, summary { color: #5C6270; font-size: 14px; }
img { max-width: 100%; image-rendering: pixelated; } svg { width: 100%; font-size: 12px; fill: #5C6270; }
@media print { details { display: none; } }
"""
