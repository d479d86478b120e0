"""How large a file may be that a visitor brings: one table for the core, for the pages' words, and for the server.

    what is brought                   told beside it, checked here   the browser sends   the server takes
    a photo                           PHOTO_MB                       BROWSER_MB          SERVER_MB
    many pictures in a zip or a CSV   PICTURES_MB                    BROWSER_MB          SERVER_MB
    a network, a design               NETWORK_MB                     BROWSER_MB          SERVER_MB

A megabyte is the larger of the two that are in use, 1024 times 1024 bytes, so that a file which any program calls 25 MB
is one. Above its own limit and below the browser's a file gets a sentence of ours; above, it gets Streamlit's red mark.
"""

from __future__ import annotations

MEGABYTE = 1024 * 1024

PHOTO_MB = 25
PICTURES_MB = 50
NETWORK_MB = 60  # the largest network that a visitor may build, with its optimiser, as Keras saves it
BROWSER_MB = 70
SERVER_MB = (
    71  # `maxUploadSize` in .streamlit/config.toml: it counts the envelope that a file is sent in, too
)

# What the server holds in memory of the files in visitors' browsers; the oldest make way.
SESSION_MB = 160  # of one tab: thirty photos of a telephone at once
ALL_SESSIONS_MB = 400


def megabytes(size: int) -> str:
    """A size in words, rounded up, so that what is too large never looks as large as is allowed.

    >>> megabytes(25 * MEGABYTE), megabytes(25 * MEGABYTE + 1), megabytes(1)
    ('25', '25.1', '0.1')
    """
    tenths = -(-10 * size // MEGABYTE)
    return f"{tenths // 10:,}" if tenths % 10 == 0 else f"{tenths / 10:,.1f}"
