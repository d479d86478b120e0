"""What the dialog says in which a teacher makes a link."""

from __future__ import annotations

from cnn_core.classroom.scene_parts import PAGES, PARTS

BUTTON = "Make a link"
HELP = "A link that opens this page as it is now, with what your students may change in it."
WHAT = "The link opens this page **as it is now**. What you name in no box, your students can change."
TITLE = "What is it called?"
NOTE = "A word to your students"
NOTE_EXAMPLE = "What do you see at the edges?"
FIXED, FIXED_HELP = "Stays as it is now", "It is seen, and cannot be changed."
HIDDEN, HIDDEN_HELP = (
    "Is not there",
    "It stays as it is now and is not shown. What is not there cannot be done either.",
)
PAGES_OPEN, ALL_PAGES = "Pages that can be opened", "All pages"
ONLY_THIS = "This page alone"
PAGES_HELP = "Home, your class and “My record” can always be opened."
LEAVE = "Students may leave it before your class ends"
LEAVE_HELP = (
    "Off, they stay in it in every tab until your class ends. Others who open the link can always leave it."
)
MAKE, MAKE_AGAIN = "Make the link", "Make it anew"
LINK = "**Your link.** It opens this scene on this server alone. With one letter changed it opens nothing."
PREVIEW = "This is what your students will see"
FOR_CLASS = "Set it for my class"
IS_SET = "Your class is in this scene now."


def option(part: str) -> str:
    """A part or an action in a list: its words without the article.

    >>> option("convolution.kernel"), option("train")
    ('Kernel', 'Training')
    """
    words = PARTS[part].title.removeprefix("the ")
    return words[:1].upper() + words[1:]


def page_name(page: str) -> str:
    """A page in a list.

    >>> page_name("feature_maps")
    'Feature maps'
    """
    return PAGES[page]
