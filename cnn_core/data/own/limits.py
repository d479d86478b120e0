"""How much a data set of one's own may hold, on the server of a class. No torch."""

from __future__ import annotations

from cnn_core.upload_limits import MEGABYTE, PICTURES_MB

LEAST_CLASSES, MOST_CLASSES = 2, 10
EVER_CLASSES = 60  # of one set, those taken out among them: each keeps its sign for ever
LEAST_OF_A_CLASS = 3  # pictures: the second of them is kept for testing, and two are left to learn from
ENOUGH = 10  # pictures of a class to begin with

MOST_PICTURES = 2_000  # of one set
MOST_OF_A_GUEST = 400  # that one visitor may add to somebody else's set
MOST_SETS = 5  # of one visitor
MOST_JOINED = 50  # sets of others that a visitor may have opened
MOST_ON_SERVER = 2_000  # sets
MOST_BYTES_ON_SERVER = (
    1_000_000_000  # of all of them; a grey picture takes about 1.2 kB, one in colour 4.3 kB
)

MOST_UPLOAD_BYTES = PICTURES_MB * MEGABYTE  # of one file that holds many pictures
MOST_UNPACKED_BYTES = 200_000_000  # of a zip
MOST_FILES = 4_000  # in a zip
MOST_WORK = 100_000_000  # pixels to decode for one upload
JPEG_COUNTS = 4  # of a JPEG's pixels one in four counts, for it is decoded at a fraction of its size

UNDO_SECONDS = 3_600.0  # pictures taken out longer ago than this are wiped from the disk

LONGEST_NAME = 30  # characters of a class's name, a set's, a contributor's
