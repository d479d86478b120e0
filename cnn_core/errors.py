"""The one error a student is meant to read: what happened, in their own numbers, and one thing to try."""

from __future__ import annotations


class StudentError(ValueError):
    """Something a student may do, and that cannot work. Everything else that goes wrong is our bug.

    message: what happened, one sentence with the student's own numbers.
    hint:    one thing to try, one sentence; may be empty.
    layer:   name of the layer it is about ("conv2d_2"), or None.

        >>> str(StudentError("A layer with 0 filters sees nothing.", hint="Choose 1 or more."))
        'A layer with 0 filters sees nothing. Choose 1 or more.'
    """

    def __init__(self, message: str, hint: str = "", layer: str | None = None) -> None:
        super().__init__(message, hint, layer)
        self.message = message
        self.hint = hint
        self.layer = layer

    def __str__(self) -> str:
        where = f"{self.layer}: " if self.layer and self.layer not in self.message else ""
        return f"{where}{self.message} {self.hint}".strip()
