"""What a teacher is told where a page's question can be put to the class."""

from __future__ import annotations

ASK_YOUR_CLASS = "Ask your class"
MEASURING = "The answer is measured first, and kept hidden. Then your class gets the question."
