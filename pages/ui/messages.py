"""What Convscope says, and how it writes numbers: the one place for wording that more than one page needs.

Functions that return text are pure and show nothing; the few that draw say so. Captions are small and grey by
Markdown, because st.caption is too pale to read on paper (4.3:1).
"""

from __future__ import annotations

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.model.shapes import shape_text as shape_text  # the core's word for a shape is the screen's
from pages.ui import shell

# ---------------------------------------------------------------- numbers


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
    text = _signed(100 * difference, 1)
    return f"{text if text.startswith('−') or text == '0.0' else '+' + text} points"


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

    >>> loss_text(0.0443), loss_text(2.3026), loss_text(0.036)
    ('0.0443', '2.30', '0.0360')
    """
    if loss != loss or loss in (float("inf"), float("-inf")):
        return "infinite"
    if 0 < abs(loss) < 1e-4:
        mantissa, exponent = f"{loss:.2e}".split("e")
        return f"{mantissa}×10{_superscript(int(exponent))}".replace("-", "−")
    return f"{loss:#.3g}".replace("-", "−").rstrip(".") if abs(loss) < 1000 else _signed(loss, 0)


def number(value: float, digits: int = 2) -> str:
    """A number with a fixed count of decimals and a true minus sign; zero has none.

    >>> number(-0.1149), number(2.2, 1), number(-0.001)
    ('−0.11', '2.2', '0.00')
    """
    return _signed(value, digits)


def signed(value: float, digits: int = 2) -> str:
    """A number that is added: always with its sign.

    >>> signed(0.47), signed(-0.05)
    ('+0.47', '−0.05')
    """
    text = _signed(value, digits)
    return text if text.startswith("−") else "+" + text


def count(value: int) -> str:
    """
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


def about(seconds: float) -> str:
    """A time that is predicted, no finer than a prediction can be.

    >>> about(22.4), about(103), about(700)
    ('about 22 s', 'about 1 min 40 s', 'about 12 min')
    """
    step = 1 if seconds < 60 else 10 if seconds < 600 else 60
    return "about " + duration(max(1, round(seconds / step) * step))


def epochs(value: float) -> str:
    """Epochs done, as a number.

    >>> epochs(2.5), epochs(3.0), epochs(0.02)
    ('2.5', '3', '0.02')
    """
    decimals = 2 if 0 < value < 0.095 else 1
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".") or "0"


def plural(value: int, one: str, many: str | None = None) -> str:
    """
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


# ---------------------------------------------------------------- the exact words of the states

NOTHING_TRAINED = "Nothing trained yet. You are looking at the lesson’s convnet, trained by us."
CAN_BE_TRAINED = "This network can be trained."
NO_MAPS = "This network has no feature maps: an MLP looks at all pixels at once."


def loading(images: int, what: str = "test digits") -> str:
    """Shown after 0.3 s, under a skeleton of the picture's size.

    >>> loading(10000)
    'Reading 10,000 test digits …'
    """
    return f"Reading {count(images)} {what} …"


def queued(ahead: int, seconds: float | None = None) -> str:
    """
    >>> queued(2, 61)
    'Waiting: 2 runs are ahead of yours, about 1 min. You may leave this page.'
    >>> queued(0)
    'Waiting: yours is next. You may leave this page.'
    """
    place = f"{plural(ahead, 'run is', 'runs are')} ahead of yours" if ahead else "yours is next"
    when = "" if seconds is None else f", {about(seconds)}"
    return f"Waiting: {place}{when}. You may leave this page."


def running(images_per_second: float | None = None, seconds_left: float | None = None) -> str:
    """
    >>> running(6382.1, 22.2)
    'Running · 6,380 images/s · about 22 s left'
    >>> running()
    'Running'
    """
    parts = ["Running"]
    if images_per_second:
        parts.append(f"{count(round(images_per_second, -1 if images_per_second >= 1000 else 0))} images/s")
    if seconds_left is not None:
        parts.append(f"{about(seconds_left)} left")
    return " · ".join(parts)


def paused(epochs_done: float) -> str:
    """
    >>> paused(2.5)
    'Paused after 2.5 epochs. Nothing is lost.'
    """
    return f"Paused after {_epochs(epochs_done)}. Nothing is lost."


def stopped(epochs_done: float) -> str:
    """
    >>> stopped(2.5)
    'Stopped by you after 2.5 epochs; the weights so far are kept.'
    """
    return f"Stopped by you after {_epochs(epochs_done)}; the weights so far are kept."


def finished(accuracy: float, images: int, seconds: float) -> str:
    """
    >>> finished(0.9903, 10000, 43)
    'Finished: **99.0 %** of 10,000 test digits, in 43 s.'
    """
    return f"Finished: **{percent(accuracy)}** of {count(images)} test digits, in {duration(seconds)}."


def interrupted(epoch: int) -> str:
    """epoch: counted from 1, the one that is taken up again.

    >>> interrupted(2)
    'The machine was restarted. Taken up again from epoch 2.'
    """
    return f"The machine was restarted. Taken up again from epoch {epoch}."


def failed(epochs_done: float, reason: str) -> str:
    """reason: the sentences of the error that ended the run; they start in small letters after the colon.

    >>> failed(1.2, "The loss became infinite. A learning rate of 0.1 is too large.")
    'This run failed after 1.2 epochs: the loss became infinite. A learning rate of 0.1 is too large.'
    """
    reason = reason[:1].lower() + reason[1:] if reason[:2].istitle() else reason
    return f"This run failed after {_epochs(epochs_done)}: {reason}"


def offline(images: int = 5000, of: int = 60000, accuracy: float = 0.96) -> str:
    """
    >>> offline()
    'No network: using 5,000 digits instead of 60,000. Expect about 96 %.'
    """
    expected = f"{100 * accuracy:.0f} %"
    return f"No network: using {count(images)} digits instead of {count(of)}. Expect about {expected}."


def _epochs(done: float) -> str:
    return f"{epochs(done)} epoch" + ("" if epochs(done) == "1" else "s")


# ---------------------------------------------------------------- Markdown


def plain(text: str) -> str:
    """Text from elsewhere (a file's name, a link), with all that Markdown would act on made harmless.

    >>> plain("7_b")
    '7\\\\_b'
    """
    return "".join("\\" + sign if sign in "\\`*_[]<>#~|$:&!" else sign for sign in " ".join(text.split()))


def small(md: str) -> str:
    """Markdown of a caption: 14 px, muted.

    >>> small("map 41")
    ':small[:gray[map 41]]'
    """
    return f":small[:gray[{md}]]"


def sheet_heading(layer: str, *facts: str) -> str:
    """Heading of a sheet: the layer, then its facts, muted.

    >>> sheet_heading("conv2d_2", "64 maps of 11×11", "0 to 2.2", "5 dark")
    '**conv2d_2** :gray[64 maps of 11×11 · 0 to 2.2 · 5 dark]'
    """
    return f"**{layer}** :gray[{' · '.join(fact for fact in facts if fact)}]"


# ---------------------------------------------------------------- on the screen


def answer(md: str) -> None:
    """Draw the one computed line under the question; its number in bold."""
    st.markdown(md)


def caption(md: str) -> None:
    """Draw a caption: small and muted, but dark enough to read."""
    st.markdown(small(md))


def what_you_see(md: str) -> None:
    """Draw the two sentences under a picture: what a mark is, what to notice."""
    st.markdown(small(f"**What you see.** {md}"))


# st.page_link keeps the session, but looks like a button; in this line it is a word of the sentence.
_NEXT_STYLE = """<style>
[class*="st-key-next_"] { display: block }
[class*="st-key-next_"] :is(div, p, a, span) { display: inline !important; padding: 0; background: none !important }
[class*="st-key-next_"] a p { font-size: 1rem; text-decoration: underline; margin: 0 0.3em }
</style>"""


def next_question(url_path: str, reason: str) -> None:
    """Draw "Next: <question of that page> <reason>": a link that keeps the session.

    url_path: the page's address ("feature_maps").  reason: one clause, such as "opens this very network."
    Shows nothing while that page is not written yet.
    """
    page = shell.entry(url_path)
    if not shell.exists(page):
        return
    st.html(_NEXT_STYLE)
    with st.container(key=f"next_{page.url_path}", horizontal=True, gap="xxsmall"):
        st.markdown(":gray[Next:]", width="content")
        st.page_link(shell.ROOT / page.file, label=f":primary[{page.question}]", width="content")
        st.markdown(f":gray[{reason}]", width="content")


def problem(error: StudentError) -> None:
    """Draw what happened in red, with a sign, and below it the one thing to try."""
    what = plain(error.message)
    if error.layer and not error.message.startswith(error.layer):
        what = f"**{plain(error.layer)}**: {what}"
    hint = f"  \n{plain(error.hint)}" if error.hint else ""
    st.markdown(f":red[:material/error: {what}]{hint}")


def on_primary(label: str) -> str:
    """Label of a primary button that can be read in both themes.

    Streamlit writes white on it always, which has 2.2:1 on the accent of the dark theme.
    """
    return f':color[{label}]{{foreground="#14161A"}}' if shell.mode() == "dark" else label
