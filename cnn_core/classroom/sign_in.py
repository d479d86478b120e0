"""Who may open a class, on a server where teachers sign in: what an OpenID provider says of a person.

How they sign in is the screen's business (`pages/ui/visitor/sign_in.py`). Here it is only asked who they are. Of a
person nothing is kept but the hash of what their provider calls them, with the class that they opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnn_core.errors import StudentError, quoted
from cnn_core.settings import settings


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in.

    issuer:  the provider's own address, and
    subject: what it calls the person; both together are one person for ever, an e-mail address may change hands.
    email:   in lower case, or "".
    is_verified: whether the provider says that the address is theirs.
    """

    issuer: str
    subject: str
    email: str = ""
    is_verified: bool = False

    @property
    def id(self) -> str:
        """The hash by which their classes are found again."""
        # Their lengths first, so that no two of them can be parted otherwise.
        text = f"convscope teacher {len(self.issuer)} {self.issuer} {self.subject}"
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]

    def is_one_of(self, teachers: tuple[str, ...]) -> bool:
        """Whether their address is one of these, or of one of these domains.  teachers: in lower case."""
        return self.is_verified and bool({self.email, self.email.rpartition("@")[2]} & set(teachers))


def person_of(claims: Mapping[str, Any]) -> Person | None:
    """Who it is, by the claims of an ID token that was verified; None where they name nobody.

    Source: OpenID Connect Core 1.0, sections 2 and 5.1.
    """
    issuer, subject, email = claims.get("iss"), claims.get("sub"), claims.get("email")
    if not (isinstance(issuer, str) and issuer and isinstance(subject, str) and subject):
        return None
    address = email.strip().lower() if isinstance(email, str) else ""
    return Person(issuer, subject, address, claims.get("email_verified") is True)


def check_may_open(person: Person | None, signs_in: bool) -> None:
    """Raises StudentError where this server has teachers of its own, and this is none of them.

    person:   who has signed in, if anybody.
    signs_in: whether one can sign in here. Where it is off, and no teachers are named, everybody may open a class.
    """
    teachers = settings().teachers
    if not signs_in and not teachers:
        return
    if person is None:
        raise StudentError(
            "On this server only teachers who have signed in can open a class.",
            hint="Sign in first." if signs_in else "Tell whoever runs it: nobody can sign in here yet.",
        )
    if teachers and not person.is_one_of(teachers):
        name = quoted(person.email) if person.email else "Your sign-in"
        if person.email and not person.is_verified:
            raise StudentError(
                f"Your sign-in does not say that {name} was verified.",
                hint="Verify it where you signed in, then sign in once more.",
            )
        raise StudentError(
            f"{name} is not one of this server's teachers.", hint="Ask whoever runs it to add your address."
        )
