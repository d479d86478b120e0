"""What an operator sets is what holds, what makes no sense is refused by name, and docs/settings.md says all of it."""

import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from cnn_core.errors import StudentError
from cnn_core.settings import Settings, _settings, settings

ROOT = Path(__file__).parents[2]
CORES = os.cpu_count() or 1
BY_THE_MACHINE = {  # how docs/settings.md writes a default that depends on the machine, and what it is on this one
    "cores, at most 4": min(CORES, 4),
    "cores / workers": CORES // min(CORES, 4),
}
NOTHING = {
    "nobody": "",
    "anybody": (),
    "itself alone": (),
    "nowhere": "",
    "this machine": "",
}  # how it writes one that is empty


def test_an_unset_or_empty_variable_is_its_default(monkeypatch):
    monkeypatch.delenv("CONVSCOPE_MAX_EPOCHS", raising=False)
    monkeypatch.setenv("CONVSCOPE_MAX_QUEUE", " ")
    assert (settings().max_epochs, settings().max_queue) == (50, 5)


def test_a_changed_variable_holds_at_once(monkeypatch):
    for text, epochs in (("7", 7), (" 12 ", 12), ("1_000", 1_000)):
        monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", text)
        assert settings().max_epochs == epochs
    monkeypatch.setenv("CONVSCOPE_IDLE_SECONDS", "0.5")
    assert settings().idle_seconds == 0.5


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("MAX_EPOCHS", text, "a whole number, 1 or more")
        for text in ("0", "-1", "5.0", "1e3", "nan", "9" * 5_000)
    ]
    + [("AWAY_SECONDS", text, "a number of seconds") for text in ("-1", "soon", "nan", "inf", "1e400")]
    + [
        ("EMBED_ON", text, "addresses such as")
        for text in ("moodle", "https://a.b; script-src *", "https://a/b")
    ]
    + [("TEACHERS", text, "e-mail addresses or domains") for text in ("ada", "@", ",", "a@b@c.org", "ada@")]
    + [
        ("SOURCE_URL", text, "an address such as")
        for text in ("github", "javascript:alert(1)", "https://a b", "https://a/)[x")
    ]
    + [
        (variable, text, "a whole number from 1 to ")
        for variable in ("WORKERS", "THREADS")
        for text in ("0", "abc", "100000", "9" * 30)
    ]
    + [("OFFLINE", "perhaps", "1 or 0"), ("DEVICE", "gpu", "auto, cpu, cuda, mps")],
)
def test_what_makes_no_sense_is_refused_with_its_name_in_a_short_sentence(monkeypatch, variable, text, says):
    monkeypatch.setenv(f"CONVSCOPE_{variable}", text)
    with pytest.raises(StudentError, match=f"CONVSCOPE_{variable} is .*{says}") as caught:
        settings()
    assert len(str(caught.value)) < 200


def test_sites_that_may_embed_are_parted_by_spaces_or_commas(monkeypatch):
    monkeypatch.setenv("CONVSCOPE_EMBED_ON", "https://moodle.example.org, https://*.example.com:8443")
    assert settings().embed_on == ("https://moodle.example.org", "https://*.example.com:8443")


def test_a_small_machine_has_one_worker_unless_it_is_told_otherwise(monkeypatch):
    monkeypatch.delenv("CONVSCOPE_WORKERS", raising=False)
    monkeypatch.setattr("cnn_core.settings.is_small", lambda: True)
    _settings.cache_clear()
    assert settings().workers == 1
    monkeypatch.setenv("CONVSCOPE_WORKERS", "2")
    assert settings().workers == 2
    _settings.cache_clear()


def written_table() -> dict[str, str]:
    """{variable: its default} as the table of docs/settings.md has them."""
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE))


def variables() -> dict[str, str]:
    """{variable: the field it sets} as the comments beside the fields of Settings say."""
    source = (ROOT / "cnn_core" / "settings.py").read_text("utf-8")
    found = re.findall(r"^    (\w+): (?:[^#=]|\n)+?# (CONVSCOPE_\w+)", source, re.MULTILINE)
    return {variable: field for field, variable in found}


def test_the_table_names_every_variable_and_no_other():
    assert list(written_table()) == list(variables())
    assert list(variables().values()) == [field.name for field in fields(Settings)]
    assert set(re.findall(r"CONVSCOPE_\w+", (ROOT / "cnn_core" / "settings.py").read_text("utf-8"))) == (
        set(variables())
    )


def test_the_readme_s_defaults_are_true(monkeypatch):
    for variable in variables():
        monkeypatch.delenv(variable, raising=False)
    unset = settings()
    for variable, field in variables().items():
        written, value = written_table()[variable].strip("`"), getattr(unset, field)
        if written in BY_THE_MACHINE:
            assert value == BY_THE_MACHINE[written], variable
        elif written in NOTHING:
            assert value == NOTHING[written], variable
        elif isinstance(value, Path):
            assert value == Path(written), variable
        elif isinstance(value, int | float):
            assert value == float(written.replace(",", "")), variable
        else:
            assert value == written, variable
