"""What an operator sets is what holds, and what makes no sense is refused by its name."""

import pytest

from cnn_core.errors import StudentError
from cnn_core.settings import settings


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
    + [("OFFLINE", "perhaps", "1 or 0"), ("DEVICE", "gpu", "auto, cpu, cuda, mps")],
)
def test_what_makes_no_sense_is_refused_with_its_name_in_a_short_sentence(monkeypatch, variable, text, says):
    monkeypatch.setenv(f"CONVSCOPE_{variable}", text)
    with pytest.raises(StudentError, match=f"CONVSCOPE_{variable} is .*{says}") as caught:
        settings()
    assert len(str(caught.value)) < 200
