"""A class as it meets: a teacher, two students at laptops and one with a phone, from the first click to the last."""

import re

from playwright.sync_api import expect

from cnn_core.classroom import Classes
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from tests.browser.conftest import PAD, seen, wait_until

TINY = f"recipe=own&epochs=1&images=1000&design={PRESETS['tiny'].to_link()}"


def there(locator):
    # Four tabs and a training share what the others leave of two cores.
    expect(locator).to_be_visible(timeout=20_000)


def turn_to_view(page, title):
    page.locator(".st-key-class_view").get_by_text(title, exact=True).click()


def click(page, key):
    page.locator(f".st-key-{key} button").first.click()


def choose(page, key, option):
    page.locator(f"[class*='st-key-{key}']").get_by_role("combobox").first.click()
    page.get_by_role("option", name=option, exact=True).click()


def test_one_teacher_and_three_students_from_opening_the_class_to_wiping_it(server, new_page):
    classes, address = Classes(server.runs), f"{server.url}/classroom"

    teacher = new_page(address)
    teacher.get_by_text("I teach: open a class").click()
    teacher.get_by_role("textbox", name="What is your class called?").fill("Tuesday")
    click(teacher, "class_open")
    there(seen(teacher, "join with the code"))
    classroom = max(classes.all(), key=lambda one: one.opened)

    phone = new_page(address, 390, 844)
    phone.get_by_role("textbox", name="Code of your class").fill(
        f" {classroom.code[:3]}-{classroom.code[3:]} ".lower()
    )
    phone.get_by_role("textbox", name="Your name in the class").fill("Cy")
    phone.get_by_role("button", name="Join").click()
    ada, ben = (new_page(f"{address}?join={classroom.code}") for _ in range(2))
    for page, name in ((ada, "Ada"), (ben, "Ben")):
        page.get_by_role("textbox", name="Your name in the class").fill(name)
        page.get_by_role("button", name="Join").click()
    students = {"Ada": ada, "Ben": ben, "Cy": phone}
    for name in students:
        there(seen(teacher, re.compile(rf"^{name}\b")).first)

    # Ada trains while the others go on.
    ada.goto(f"{server.url}/train?{TINY}")
    click(ada, "train")
    store = RunStore(server.runs)
    wait_until(lambda: store.runs())

    # A prediction: asked, answered, shown, measured.
    turn_to_view(teacher, "Questions")
    choose(teacher, "questions_which", "Pooling · What a layer does")
    click(teacher, "questions_ask")
    for page in (ben, phone):
        turn_to_view(page, "Questions")
        page.get_by_role("button", name=re.compile("^I say")).click()
        there(seen(page, "You said"))
    there(seen(teacher, "2 of 3"))
    expect(seen(ben, "of you have answered")).to_have_count(0)
    click(teacher, "questions_show")
    there(seen(phone, "2 of you have answered."))
    click(teacher, "questions_show")
    there(seen(ben, "Look at it"))

    # The board moves on the phone by itself, and the teacher's challenge is scored.
    turn_to_view(phone, "Board")
    turn_to_view(teacher, "Board")
    choose(teacher, "board_challenge", "The best accuracy")
    run = store.runs()[0]
    wait_until(lambda: not run.status.unfinished, 90)
    row = phone.locator(".st-key-class_board tr").filter(has_text="Ada")
    expect(row).to_contain_text("1")
    expect(row).to_contain_text("%")

    # A digit of the class: drawn on the phone, checked by the two others.
    turn_to_view(phone, "Digits")
    asked = phone.get_by_role("heading", name=re.compile("^Draw an? ")).inner_text()[-1]
    pad = phone.locator(PAD)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    phone.mouse.move(box["x"] + 80, box["y"] + 80)
    phone.mouse.down()
    phone.mouse.move(box["x"] + 200, box["y"] + 240, steps=5)
    phone.mouse.up()
    phone.get_by_role("button", name="Add it").click()
    there(seen(phone, re.compile("You have drawn 1 of")))
    for page in (ada, ben):
        page.goto(f"{address}?view=digits&digits=check")
        page.get_by_role("button", name=asked, exact=True).click()
        there(seen(page, re.compile("nothing for you to check")))
    turn_to_view(teacher, "Digits")
    click(teacher, "digits_make")
    there(seen(teacher, "See it on My data"))

    # Homework: set, handed in, seen. It comes by itself to who was there before it.
    turn_to_view(ada, "Homework")
    there(seen(ada, "No homework yet."))
    turn_to_view(teacher, "Homework")
    teacher.get_by_role("textbox", name="Title").fill("A small net")
    teacher.get_by_role("button", name="Set the task").click()
    there(seen(ada, "A small net").first)
    click(ada, "homework_hand_in")
    there(seen(teacher, re.compile("^1 of 3")))

    # Wiped: nobody is in it, and the network is still its student's.
    turn_to_view(teacher, "Class")
    click(teacher, "class_wipe_box")
    click(teacher, "class_wipe")
    there(teacher.get_by_role("textbox", name="Code of your class"))
    there(seen(ben, "You are not in"))
    assert classes.classroom(classroom.id) is None
    assert store.run(run.id).status.state == "finished"
