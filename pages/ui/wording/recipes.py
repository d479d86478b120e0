"""What a recipe is called that belongs to a design."""

from __future__ import annotations


def example_title(design: str | None) -> str:
    """The name of the recipe that belongs to a design.  design: a key of EXAMPLES; others have none.

    >>> example_title("sprint"), example_title("mnist_cnn")
    ('Sprint', 'Keras’s')
    """
    return "Sprint" if design == "sprint" else "Keras’s"
