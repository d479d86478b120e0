"""What the Train page says around the doctor's findings; the findings themselves are the core's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.ui.wording.numbers import plural

if TYPE_CHECKING:
    from cnn_core.doctor import Bar, Finding

GRADIENTS_TITLE = "Gradients"
GRADIENTS = (
    "How strongly the loss asks each layer’s kernels to change, beside the last layer’s. The gradient comes in at the "
    "last layer and goes up to the first; what gets a hundredth of it hardly learns. Log scale."
)


def thin_stroke(steps: int | None) -> str:
    """What the thin strokes of a chart are; "" where there are none. steps: of the net they were measured of."""
    return "" if steps is None else f" Thin stroke: the same net with relu after {plural(steps, 'step')}."


def more_remarks(others: int) -> str:
    """Label of what is said only to who asks.

    >>> more_remarks(1), more_remarks(2)
    ('1 more remark', '2 more remarks')
    """
    return plural(others, "more remark")


def chart_caption(finding: Finding, last: str) -> str:
    """Under the bars of a finding. last: the name of the last layer, which the others are measured by."""
    return (
        f"Size of the gradient beside {last}’s, log scale, measured on a few training images."
        + thin_stroke(finding.relu_steps)
    )


def bar_text(share: float) -> str:
    """A gradient as a share of the last layer's.

    >>> bar_text(1 / 1268), bar_text(0.034), bar_text(1.0), bar_text(2.24), bar_text(0)
    ('1 / 1,270', '1 / 29', '1', '2.2', '0')
    """
    if share <= 0:
        return "0"
    if share >= 0.95:
        return f"{share:.1f}".removesuffix(".0") if share < 10 else f"{share:.0f}"
    times = 1 / share
    digits = max(0, len(str(int(times))) - 3)
    text = (
        f"{round(times / 10**digits) * 10**digits:,}" if times >= 9.95 else f"{times:.1f}".removesuffix(".0")
    )
    return f"1 / {text}"


def bars_alt(bars: tuple[Bar, ...]) -> str:
    """What a reader who cannot see the bars is told."""
    return "Gradient of each layer: " + ", ".join(f"{bar.name} {bar_text(bar.share)}" for bar in bars)
