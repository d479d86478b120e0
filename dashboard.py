"""Convscope's front door: page settings, navigation, the shared sidebar. `streamlit run dashboard.py`."""

import streamlit as st

from pages.classroom import strip
from pages.tour import bar as lesson
from pages.tour import for_class
from pages.ui.forms import make_link
from pages.ui.forms.scene_line import is_open, say_what_was_refused, scene_line
from pages.ui.forms.sidebar import sidebar
from pages.ui.frame import address, held, screens, shortcuts
from pages.ui.frame.shell import HERE, follow_theme, navigate, tab_title, wordmark
from pages.ui.visitor import entering, sign_in
from pages.ui.visitor.presence import stay
from pages.ui.visitor.who import remember_visitor, visitor
from pages.ui.wording import at_start, first_look

at_start.check()
entering.read_address()
sits = strip.seat()
page = navigate(strip.in_bar(sits))
st.set_page_config(
    page_title=tab_title(page.url_path),
    page_icon=HERE / "page_icon.png",
    layout="wide",
    initial_sidebar_state=screens.sidebar_at_first(),
)
wordmark()
sign_in.go_on(visitor())
at_start.ready()
first_look.begin()
screens.fit()
entering.enter(page.url_path)
with st.sidebar:
    sidebar()
    screens.ask()
    remember_visitor()
    stay()
    follow_theme()
    shortcuts.listen()
strip.draw(sits, page.url_path)
refused = scene_line()
for_class.offer()
step = lesson.before(page.url_path)
lesson.bar(step, page.url_path)
if is_open(page.url_path):
    page.run()
make_link.dialog(page.url_path)
say_what_was_refused(refused)
held.style()
address.settle()
