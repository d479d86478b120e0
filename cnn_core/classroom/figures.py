"""How many classes a server holds, for whoever looks after it."""

from __future__ import annotations

import time

from cnn_core.classroom.book import Book
from cnn_core.settings import settings


def figures(classes: Book) -> dict[str, int]:
    """{name: how many}: classes that are open, those that have ended and are kept, students in the open ones, and how
    many may be open.
    """
    now, found = time.time(), classes.all()
    now_open = [one for one in found if one.is_open(now)]
    return {
        "open": len(now_open),
        "ended": len(found) - len(now_open),
        "students": sum(len(classes.members(one)) for one in now_open),
        "most_open": settings().max_classes,
    }
