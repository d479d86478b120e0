"""How a number is written."""

from __future__ import annotations

import math

from cnn_core.model.shapes import shape_text as shape_text  # the core writes shapes too: one way for both


def percent(fraction: float) -> str:
    """An accuracy with one decimal.

    >>> percent(0.987)
    '98.7 %'
    """
    return f"{_signed(100 * fraction, 1)} %"


def points(difference: float) -> str:
    """A difference of two accuracies, always with its sign.

    >>> points(0.003), points(-0.012)
    ('+0.3 points', '−1.2 points')
    """
    sign = "+" if direction(difference) > 0 else ""
    return f"{sign}{_signed(100 * difference, 1)} points"


def direction(difference: float) -> int:
    """Which way a difference of two accuracies points, as `points` writes it: 1 up, -1 down, 0 for neither.

    >>> direction(0.003), direction(-0.012), direction(-0.0001)
    (1, -1, 0)
    """
    tenths = round(100 * difference, 1)
    return (tenths > 0) - (tenths < 0)


def probability(fraction: float) -> str:
    """How sure a network is; never "100 %", since softmax never is, nor "0 %".

    >>> probability(0.83), probability(0.995), probability(0.99998), probability(0.00002)
    ('83 %', '99.5 %', 'over 99.9 %', 'under 0.1 %')
    """
    if fraction > 0.999:
        return "over 99.9 %"
    if fraction < 0.001:
        return "under 0.1 %"
    return f"{100 * fraction:.0f} %" if 0.01 <= fraction < 0.985 else f"{100 * fraction:.1f} %"


def probability_tile(fraction: float) -> str:
    """The same in the few letters that fit below a tile.

    >>> probability_tile(0.999), probability_tile(0.914), probability_tile(0.001)
    ('>99 %', '91 %', '<1 %')
    """
    if fraction > 0.99:
        return ">99 %"
    if fraction < 0.01:
        return "<1 %"
    return f"{100 * fraction:.0f} %"


def loss_text(loss: float) -> str:
    """A loss with three significant figures.

    >>> loss_text(0.0443), loss_text(2.3026), loss_text(0.036), loss_text(7.1609e25)
    ('0.0443', '2.30', '0.0360', '7.16×10²⁵')
    """
    if loss != loss or loss in (float("inf"), float("-inf")):
        return "infinite"
    if 0 < abs(loss) < 1e-4 or abs(loss) >= 1e6:
        mantissa, exponent = f"{loss:.2e}".split("e")
        return f"{mantissa}×10{_superscript(int(exponent))}".replace("-", "−")
    return f"{loss:#.3g}".replace("-", "−").rstrip(".") if abs(loss) < 1000 else _signed(loss, 0)


def number(value: float, digits: int = 2) -> str:
    """A number with a fixed count of decimals and a true minus sign; zero has none.

    >>> number(-0.1149), number(2.2, 1), number(-0.001)
    ('−0.11', '2.2', '0.00')
    """
    return _signed(value, digits)


def short(value: float) -> str:
    """A number in two figures, however small it is: the scores of an untrained net differ by thousandths.

    >>> short(1.3412), short(-0.00213), short(0.0), short(3.2e-7), short(12.6)
    ('1.3', '−0.0021', '0', '0.00000032', '13')
    """
    if value == 0 or not math.isfinite(value):
        return "0"
    return number(value, max(0, min(8, 1 - math.floor(math.log10(abs(value))))))


def signed(value: float, digits: int = 2) -> str:
    """A number that is added: always with its sign.

    >>> signed(0.47), signed(-0.05)
    ('+0.47', '−0.05')
    """
    text = _signed(value, digits)
    return text if text.startswith("−") else "+" + text


def count(value: float) -> str:
    """A whole number, its thousands apart.

    >>> count(60000)
    '60,000'
    """
    return _signed(value, 0)


def big(value: float) -> str:
    """A large count in three figures.

    >>> big(2_786_000), big(93_322), big(1_250_000_000)
    ('2.79 M', '93.3 k', '1.25 G')
    """
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= max(1000, 0.9995 * size):  # 999,999 is 1.00 M, not 1,000 k
            return f"{value / size:#.3g}".rstrip(".") + letter
    return count(round(value))


def duration(seconds: float) -> str:
    """A time that passed.

    >>> duration(22), duration(100), duration(60), duration(3900), duration(0.31)
    ('22 s', '1 min 40 s', '1 min', '1 h 5 min', '0.3 s')
    """
    if seconds < 0.95:
        return f"{max(seconds, 0):.1f} s" if seconds >= 0.05 else "under 0.1 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def roughly(seconds: float) -> str:
    """A time that is predicted, no finer than a prediction can be.

    >>> roughly(22.4), roughly(103), roughly(700)
    ('22 s', '1 min 40 s', '12 min')
    """
    step = 1 if seconds < 60 else 10 if seconds < 600 else 60
    return duration(max(1, round(seconds / step) * step))


def about(seconds: float) -> str:
    """The same within a sentence.

    >>> about(22.4), about(103), about(700)
    ('about 22 s', 'about 1 min 40 s', 'about 12 min')
    """
    return f"about {roughly(seconds)}"


def epochs(value: float) -> str:
    """Epochs done, as a number.

    >>> epochs(2.5), epochs(3.0), epochs(0.02)
    ('2.5', '3', '0.02')
    """
    decimals = 2 if 0 < value < 0.095 else 1
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".") or "0"


def plural(value: int, one: str, many: str | None = None) -> str:
    """A count and what is counted.

    >>> plural(1, "digit"), plural(60000, "digit"), plural(2, "run is", "runs are")
    ('1 digit', '60,000 digits', '2 runs are')
    """
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def _signed(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        # −0.00 is no number a student should have to think about
        text = "−" + text[1:] if any(digit in text for digit in "123456789") else text[1:]
    return text


def _superscript(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
