"""On a server where teachers sign in: who may open a class, and that theirs is found again on another device."""

import secrets

import pytest

from cnn_core.classroom import Classes, Person, person_of
from cnn_core.errors import StudentError

DESK, HOME, OTHER = (secrets.token_urlsafe(16) for _ in range(3))  # three browsers
ADA = Person("https://id.example", "7", "ada@school.example", True)
EVE = Person("https://id.example", "8", "eve@elsewhere.example", True)


@pytest.mark.parametrize(
    ("signs_in", "teachers", "person", "says"),
    [
        (False, "", None, None),  # as ever: everybody may
        (False, "", EVE, None),
        (True, "", None, "only teachers who have signed in.*Sign in first"),
        (True, "", EVE, None),  # whoever has signed in
        (False, "school.example", None, "nobody can sign in here yet"),  # what was named holds without it too
        (True, "school.example", ADA, None),
        (True, "bob@x.example ADA@school.example", ADA, None),
        (True, "school.example", EVE, "eve@elsewhere.example” is not one of this server's teachers"),
        (True, "example", ADA, "not usable"),  # no domain, so it names nobody, and not everybody
        (True, "ool.example", ADA, "not one of"),  # the end of a domain is another domain
        (True, "school.example", Person("i", "7", "x@a.school.example", True), "not one of"),
        (True, "school.example", Person("i", "7", "a@evil.example@school.example.evil.example", True), "not one of"),
        (True, "school.example", Person("i", "7", "ada@school.example", False), "was verified"),
        (True, "school.example", Person("i", "7"), "Your sign-in is not one of"),
    ],
)  # fmt: skip
def test_where_it_is_on_only_teachers_open_a_class_whoever_asks_and_where_it_is_off_everybody_does(
    tmp_path, monkeypatch, signs_in, teachers, person, says
):
    monkeypatch.setenv("CONVSCOPE_TEACHERS", teachers)
    classes = Classes(tmp_path, signs_in=signs_in)
    if says is None:
        assert classes.open(DESK, "Tuesday", 2, person=person)[0].title == "Tuesday"
        return
    with pytest.raises(StudentError, match=says):
        classes.open(DESK, "Tuesday", 2, person=person)
    assert not classes.path.exists()


def test_a_class_is_found_again_by_sign_in_on_another_device_and_by_nobody_else(tmp_path, monkeypatch):
    classes = Classes(tmp_path, signs_in=True)
    first, _ = classes.open(DESK, "Tuesday", 2, person=ADA)
    second, _ = classes.open(DESK, "Friday", 2, person=ADA)
    assert {one.title for one in classes.opened_by(ADA)} == {"Tuesday", "Friday"}
    assert classes.opened_by(EVE) == ()
    # An address may change hands: who they are is what the provider calls them, and which provider it is.
    for like in (
        Person(ADA.issuer, "8", ADA.email, True),
        Person("https://evil.example", "7", ADA.email, True),
    ):
        assert classes.opened_by(like) == ()
        with pytest.raises(StudentError, match="no such class"):
            classes.return_to(OTHER, like, first.id)
    assert classes.seat(OTHER) is None

    classes.return_to(HOME, ADA, first.id)
    assert classes.seat(HOME).is_teacher
    assert classes.show(HOME, "board", {"frozen": True}).id == first.id
    classes.return_to(DESK, ADA, first.id)
    classes.renew(DESK)  # whoever came in before is out; who opened it comes in again
    assert classes.seat(HOME) is None
    classes.return_to(HOME, ADA, first.id)
    assert classes.seat(HOME).is_teacher

    said = "".join(path.read_text() for path in classes.path.rglob("*") if path.is_file())
    assert not [part for part in (ADA.email, ADA.issuer, "school.example") if part in said]
    classes.open(DESK, "Monday", 2, person=ADA)
    with pytest.raises(StudentError, match="You have 3 open classes"):  # a new browser is no new teacher
        classes.open(OTHER, "Sunday", 2, person=ADA)
    monkeypatch.setenv("CONVSCOPE_TEACHERS", "elsewhere.example")  # taken off the list
    with pytest.raises(StudentError, match="not one of"):
        classes.return_to(OTHER, ADA, second.id)


@pytest.mark.parametrize(
    "claims",
    [{}, {"sub": "7"}, {"iss": "i"}, {"iss": 3, "sub": "7"}, {"iss": "i", "sub": ["7"]}, {"iss": "", "sub": "7"}],
)  # fmt: skip
def test_claims_that_name_nobody_are_nobody(claims):
    assert person_of(claims) is None


def test_an_address_counts_as_verified_only_where_the_provider_says_just_that():
    said = {"iss": "i", "sub": "7", "email": " Ada@School.example "}
    assert person_of({**said, "email_verified": True}) == Person("i", "7", "ada@school.example", True)
    for word in (None, "true", 1, False):
        assert not person_of({**said, "email_verified": word}).is_verified
    assert Person("a", "bc").id != Person("ab", "c").id
