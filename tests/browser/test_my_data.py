"""My data in a browser: three things are drawn, learnt, looked into and confused; a camera; a link for others."""

import random
import re

import pytest
from playwright.sync_api import expect

from cnn_core.data.own import Shelf
from tests.browser.conftest import PAD, ready, seen, turn_to

SHAPES = {
    "house": [[(0.2, 0.5), (0.2, 0.9), (0.8, 0.9), (0.8, 0.5)], [(0.1, 0.52), (0.5, 0.15), (0.9, 0.52)]],
    "fish": [[(0.1, 0.5), (0.3, 0.3), (0.6, 0.32), (0.95, 0.7), (0.95, 0.3), (0.6, 0.68), (0.3, 0.7), (0.1, 0.5)]],
    "star": [[(0.5, 0.1), (0.7, 0.85), (0.1, 0.4), (0.9, 0.4), (0.3, 0.85), (0.5, 0.1)]],
}  # fmt: skip
PATIENCE = 300_000  # milliseconds: a worker gives way to everything else on a busy machine
EACH = 12  # a quarter of them tests

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def server(own_server):
    return own_server


def draw(page, name, rng=None):
    """A thing drawn with the mouse, stroke by stroke; each time a little otherwise where there is chance."""
    box = page.locator(PAD).first.bounding_box()
    shake = (lambda: rng.gauss(0, 0.025)) if rng else (lambda: 0.0)
    size = rng.uniform(0.6, 0.95) if rng else 0.9
    left, top = ((rng or random.Random(0)).uniform(0, 1 - size) for _ in range(2))
    for line in SHAPES[name]:
        places = [(left + size * (x + shake()), top + size * (y + shake())) for x, y in line]
        points = [(box["x"] + box["width"] * x, box["y"] + box["width"] * y) for x, y in places]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def call_class(page, number, name):
    field = page.get_by_label(f"Name of class {number}")
    field.fill(name)
    field.press("Enter")
    expect(page.get_by_role("button", name=f"Add it to {name}")).to_be_visible()


def test_three_things_are_drawn_learnt_looked_into_and_confused(server, new_page):
    page = new_page(server.url + "/my_data")
    expect(seen(page, "Draw one. About ten of each are enough to begin.")).to_be_visible()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()
    rng = random.Random(1)
    for number, name in enumerate(SHAPES, start=1):
        if number > 1:
            page.get_by_role("button", name="Add a class").click()
            expect(page.get_by_label(f"Name of class {number}")).to_be_visible()
        call_class(page, number, name)
        # As fast as the mouse can: faster than the page answers, and no drawing may be lost or run into the next.
        for i in range(EACH):
            draw(page, name, rng)
            if i % 2 == 0:  # also just after the name was typed: the pad has the keys once something is drawn
                page.keyboard.press("Enter")
            else:
                page.get_by_role("button", name=f"Add it to {name}").click()
        expect(seen(page, f"{EACH} pictures", exact=True)).to_have_count(number, timeout=60_000)
    expect(seen(page, f"Three classes, {3 * EACH} pictures. Enough to begin.")).to_be_visible()

    # Taken out by a click on its tile, and brought back
    page.get_by_role("button", name=re.compile("^star no. 3.*take it out")).click()
    expect(seen(page, "1 picture taken out.")).to_be_visible()
    expect(seen(page, f"{EACH - 1} pictures", exact=True)).to_be_visible()
    page.locator(".st-key-data_undo button").click()
    expect(seen(page, f"{EACH} pictures", exact=True)).to_have_count(3)

    page.get_by_role("button", name=f"Train on {3 * EACH}").click()
    page.wait_for_url("**/train**")
    expect(seen(page, re.compile("Finished")).first).to_be_visible(timeout=PATIENCE)
    run = next(path.parent.name for path in server.runs.glob("*/run.json"))
    assert Shelf(server.runs / "datasets").get(
        (server.runs / run / "run.json").read_text().split("own:")[1][:11]
    )

    for word, sign in (
        ("Feature maps", "conv2d_1"),
        ("Filters", "conv2d_1"),
        ("Evaluate", "of 9 test images"),
    ):
        turn_to(page, word)
        expect(seen(page, sign).first).to_be_visible(timeout=60_000)
        ready(page)

    # Confused by a drawing: the answer is one of the three, whatever it is given
    turn_to(page, "My data")
    page.get_by_role("button", name="Show the answer").click()
    page.get_by_role("button", name="Confuse it").click()
    page.wait_for_url("**/evaluate**")
    ready(page)
    draw(page, "house")
    expect(seen(page, re.compile("reads.*(house|fish|star)|(house|fish|star).*sure")).first).to_be_visible()


def test_a_link_lets_another_browser_add_and_the_first_sees_it_live(server, new_page):
    owner = new_page(server.url + "/my_data")
    call_class(owner, 1, "sun")
    draw(owner, "star", random.Random(3))
    owner.get_by_role("button", name="Add it to sun").click()
    expect(seen(owner, "One class, 1 picture.")).to_be_visible()
    owner.get_by_role("button", name="Share").click()
    owner.get_by_role("button", name="Make a link").click()
    link = seen(owner, re.compile(r"my_data\?data=")).inner_text().strip()

    guest = new_page(link)
    expect(seen(guest, "One class, 1 picture.")).to_be_visible()
    expect(guest.get_by_role("button", name="Add a class")).to_have_count(0)
    expect(guest.get_by_label("Name of class 1")).to_have_count(0)
    guest.get_by_role("textbox", name="Your name (optional)").fill("Ana")
    guest.get_by_role("textbox", name="Your name (optional)").press("Enter")
    ready(guest)
    draw(guest, "star", random.Random(4))
    guest.get_by_role("button", name="Add it to sun").click()
    expect(seen(guest, "One class, 2 pictures.")).to_be_visible()

    expect(seen(owner, "One class, 2 pictures.")).to_be_visible(timeout=20_000)  # by itself
    expect(seen(owner, "Ana · 1 picture")).to_be_visible()


def take_photo(page, number):
    """By the camera of that number: after each photo there is another one."""
    page.wait_for_function("document.querySelector('video')?.currentTime > 0", timeout=60_000)
    button = page.locator(f".st-key-data_camera_{number}").get_by_role("button", name="Take Photo")
    expect(button).to_be_enabled(timeout=60_000)
    button.click()
    expect(page.locator(f".st-key-data_camera_{number + 1}")).to_be_visible(timeout=60_000)
    ready(page)


def test_photos_of_a_camera_are_added_one_click_each(server, new_page):
    page = new_page(server.url + "/my_data", permissions=["camera"])
    seen(page, "Colour, 32×32", exact=True).click()
    seen(page, "Camera", exact=True).click()
    take_photo(page, 0)
    expect(seen(page, "One class, 1 picture.")).to_be_visible()
    for number in range(1, 9):
        take_photo(page, number)
        # The test picture turns, and begins anew with each camera: the photo may be the very one that is there.
        if not seen(page, "This very picture is in the set already.").count():
            break
    expect(seen(page, "One class, 2 pictures.")).to_be_visible()
    cards = (server.runs / "datasets").glob("*/card.json")
    newest = max(cards, key=lambda card: card.stat().st_mtime).parent
    pictures = Shelf(server.runs / "datasets").get(newest.name).contents().pictures
    assert {len(picture.pixels) for picture in pictures} == {3 * 32 * 32}
    assert all(len(set(picture.pixels)) > 3 for picture in pictures)  # in colour, and not blank
