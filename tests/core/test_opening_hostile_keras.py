"""Files that are no networks, or are made to harm: each is refused by a sentence, and nothing in it is run."""

import contextlib
import random
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from cnn_core.errors import StudentError
from cnn_core.opening import MAX_BYTES, open_network
from tests.core.hostile_keras import FILES, flipped

ROOT = Path(__file__).parents[2]


def refusal(content, name):
    with pytest.raises(StudentError) as error:
        open_network(content, name)
    return error.value


def test_there_are_many():
    assert len(FILES) > 120


@pytest.mark.parametrize("what", FILES)
def test_it_is_refused_by_a_sentence_that_says_what_is_wrong(what):
    name, make, words = FILES[what]
    with pytest.raises(StudentError, match=words) as error:
        open_network(make(), name)
    assert error.value.message.endswith((".", "”."))
    assert error.value.hint.endswith((".", "?"))
    assert len(str(error.value)) < 600
    assert "\n" not in str(error.value)
    assert "\u202e" not in str(error.value)


@pytest.mark.parametrize("seed", range(12))
def test_a_file_with_some_wrong_bytes_is_opened_or_refused_and_harms_nobody(seed):
    with contextlib.suppress(StudentError):  # and nothing else
        open_network(flipped(seed), "a.h5")


def test_a_file_that_is_too_large_is_not_looked_at():
    assert "64 MB can be opened" in refusal(b"\x89HDF\r\n\x1a\n" + bytes(MAX_BYTES), "large.h5").message


def test_cut_anywhere_a_good_file_is_refused():
    from tests.core.hostile_keras import good_weights, with_weights

    whole = with_weights(good_weights)
    assert open_network(whole, "good.keras").spec.classes == 10
    chance = random.Random(0)
    for _ in range(20):
        refusal(whole[: chance.randrange(1, len(whole) - 1)], "cut.keras")


def megabytes(program):
    """What a program prints, line by line; run in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [int(line) / 1000 for line in run.stdout.split()]


def test_a_zip_that_promises_little_and_holds_much_takes_little_memory():
    more = megabytes("""
        import resource
        from cnn_core.opening import open_network
        from cnn_core.errors import StudentError
        from tests.core.hostile_keras import FILES, good_weights, with_weights

        open_network(with_weights(good_weights), "good.keras")  # what a good one takes is there now
        files = [FILES[f"a zip bomb for {what}"] for what in ("weights", "a description")]
        contents = [make() for name, make, words in files]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for content in contents:
            try:
                open_network(content, "a.keras")
            except StudentError:
                continue
            raise AssertionError
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    assert more[0] < 200


def test_the_process_that_reads_hdf5_takes_little_memory_for_the_worst():
    # Asked by a process without torch: a child counts what its parent had when it was made.
    (most,) = megabytes("""
        import io, resource, zipfile
        from cnn_core.opening.hdf5 import opened_hdf5
        from cnn_core.errors import StudentError
        from tests.core.hostile_keras import FILES

        for what in ("a promise of terabytes", "a chunk of a gigabyte", "parts without end", "groups without end"):
            weights = zipfile.ZipFile(io.BytesIO(FILES[what][1]())).read("model.weights.h5")
            try:
                with opened_hdf5(weights, "a.h5"):
                    pass
            except StudentError:
                continue
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    """)
    assert most < 200


def test_nothing_of_a_file_is_imported_or_run():
    program = """
        import sys
        from cnn_core.opening import open_network
        from cnn_core.errors import StudentError
        from tests.core.hostile_keras import FILES, good_weights, keras, layer, simple, with_weights

        open_network(with_weights(good_weights), "good.keras")
        for what in ("a description with a lambda", "a description with a custom layer", "a pickle"):
            name, make, _ = FILES[what]
            try:
                open_network(make(), name)
            except StudentError:
                continue
            raise AssertionError(what)
        assert not {"keras", "tensorflow", "mine"} & sys.modules.keys()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, check=True)
