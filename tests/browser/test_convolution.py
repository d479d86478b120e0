"""What a student does on the first page: plays the sweep, changes a weight, answers a question wrongly and rightly."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import ready, seen


def place(page):
    return page.locator(".place")


def test_play_goes_through_the_places_and_pause_stops_it(server, new_page):
    page = new_page(server.url + "/convolution")
    expect(place(page)).to_have_text(re.compile(r"^row \d+ of 0 to 25, column \d+ of 0 to 25$"))
    page.get_by_label("Speed").select_option("10")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(place(page)).to_have_text(re.compile(r"^row 0 of 0 to 25, column ([4-9]|1\d) of"))
    page.get_by_role("button", name="Pause", exact=True).click()
    stopped = place(page).inner_text()
    page.wait_for_timeout(400)
    expect(place(page)).to_have_text(stopped)
    page.get_by_role("button", name="One place on").click()
    column = int(re.search(r"column (\d+)", stopped).group(1)) + 1
    expect(place(page)).to_have_text(f"row 0 of 0 to 25, column {column} of 0 to 25")


def test_row_by_row_plays_to_the_end_and_stops_there(server, new_page):
    page = new_page(server.url + "/convolution")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(place(page)).to_have_text("row 25 of 0 to 25, column 25 of 0 to 25", timeout=15_000)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_the_output_can_be_walked_with_mouse_and_arrow_keys(server, new_page):
    page = new_page(server.url + "/convolution")
    output = page.locator(".output canvas")
    box = output.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 3.5 / 26, box["y"] + box["height"] * 2.5 / 26)
    expect(place(page)).to_have_text("row 2 of 0 to 25, column 3 of 0 to 25")
    page.mouse.move(0, 0)
    output.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(place(page)).to_have_text("row 3 of 0 to 25, column 2 of 0 to 25")


def test_an_edited_cell_changes_the_sums_and_makes_the_kernel_ones_own(server, new_page):
    page = new_page(server.url + "/convolution")
    total = page.locator(".total strong")
    before = total.inner_text()
    cell = page.get_by_label("Kernel row 1, column 2")
    cell.fill("5")
    cell.press("Enter")
    expect(total).not_to_have_text(before)
    expect(page.locator(".st-key-convolution_kernel input")).to_have_value("kernel: my own")
    expect(cell).to_have_value("5")
    cell.fill("much")
    cell.press("Enter")
    expect(page.get_by_text("takes a number, such as −1 or 0.5")).to_be_visible()
    expect(cell).to_have_attribute("aria-invalid", "true")


def test_same_padding_keeps_the_size_and_says_so_in_numbers(server, new_page):
    page = new_page(server.url + "/convolution")
    page.get_by_text("padding “same”").click()
    expect(place(page)).to_have_text(re.compile("of 0 to 27, column"))
    expect(page.locator(".formula")).to_contain_text("(28 + 2 − 3) / 1 + 1 = 28")


def test_a_wrong_answer_is_explained_and_a_right_one_counted(server, new_page):
    page = new_page(server.url + "/convolution")
    page.get_by_role("tab", name="Check yourself").click()
    ready(page)
    box = page.get_by_label("Your answer")
    box.fill("999")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(
        page.get_by_text(re.compile("Not 999.* Try once more"))
    ).to_be_visible()  # a hint, not the solution
    box.fill("998")
    page.get_by_role("button", name="Check", exact=True).click()
    verdict = page.get_by_text(re.compile("Not 998"))
    expect(verdict).to_be_visible()
    expect(seen(page, "0 of 1")).to_be_visible()
    page.get_by_role("button", name="Another question").click()
    expect(verdict).to_have_count(0)
    question = page.locator("h2").inner_text()
    kernel, _, size, _, *stride = map(int, re.findall(r"\d+", question))
    box.fill(str((size - kernel) // (stride or [1])[0] + 1))
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text(re.compile("^check Right|Right\\."))).to_be_visible()
    expect(seen(page, "1 of 2")).to_be_visible()


def test_a_map_of_the_cat_lights_up_the_photo(server, new_page):
    page = new_page(server.url + "/convolution")
    page.get_by_role("tab", name="How a cat’s face is learnt").click()
    page.get_by_role("button", name=re.compile("^edges, map")).first.click()
    expect(page.get_by_text(re.compile(r"edges, map \d+ lights up here"))).to_be_visible()


def test_nothing_scrolls_sideways_on_a_phone(server, new_page):
    page = new_page(server.url + "/convolution", width=390)
    expect(place(page)).to_be_visible()
    wide = page.get_by_test_id("stMain").evaluate("node => node.scrollWidth - node.clientWidth")
    assert wide <= 0


def test_a_link_leads_to_pooling_and_a_reload_keeps_kernel_padding_and_strides(server, new_page):
    page = new_page(server.url + "/convolution")
    page.get_by_text("padding “same”").click()
    expect(place(page)).to_have_text(re.compile("of 0 to 27, column"))
    expect(page).to_have_url(re.compile("[?&]padding=same"))
    page.reload()
    expect(place(page)).to_have_text(re.compile("of 0 to 27, column"))
    page.get_by_role("tab", name="Pooling").click()
    expect(page).to_have_url(re.compile("[?&]tab=pooling"))
    other = new_page(server.url + "/convolution?convolution_tab=Pooling")
    expect(other.get_by_text("Why pool at all?")).to_be_visible()


def test_a_word_shows_its_meaning_on_hover_and_to_the_keyboard(server, new_page):
    page = new_page(server.url + "/convolution")
    word = page.locator(".term", has_text="multiply-add").first
    meaning = word.locator(".meaning")
    expect(meaning).to_be_hidden()
    word.hover()
    expect(meaning).to_be_visible()
    page.mouse.move(0, 0)
    expect(meaning).to_be_hidden()
    word.focus()
    expect(meaning).to_be_visible()


def test_on_a_phone_a_meaning_stands_at_the_lower_edge_and_within_the_screen(server, new_page):
    page = new_page(server.url + "/convolution", width=390)
    word = page.locator(".term").first
    word.focus()
    box = word.locator(".meaning").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
