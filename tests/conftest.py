"""What every test stands on: its own runs folder, its own data folder, no network, and AppTest in the shell.

Here alone it is said which tests are slow (`pytest -m "not slow"` leaves them out), and which test needed a second try.
"""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path

import pytest

# Before torch is loaded. Measured: with as many threads as cores, a busy machine is up to twenty times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")


# Slow is what leaves the test's own process (servers, browsers, workers, notebooks, Keras, other programs), what runs
# the whole app, and what takes over two seconds of one quiet core because it trains or climbs in earnest. Measured by
# `pytest --durations=0`. Everything else is for after each change and must stay under 90 seconds on two cores.
SLOW_FOLDERS = ("browser", "faults", "hosting", "load")
SLOW_FIXTURES = {
    "app",  # the whole dashboard, by Streamlit's AppTest
    "asking_app",
    "mirror",  # an HTTP server
}
SLOW_TESTS = {  # file: its slow tests, or None for all of them
    "core/test_against_keras.py": None,
    "core/test_ascent.py": {
        "test_no_filter_of_the_shipped_nets_that_fires_is_left_without_a_picture",
        "test_no_filter_that_fires_on_any_of_2000_digits_is_left_without_a_picture",
        "test_in_single_precision_nearly_every_filter_ends_where_the_notebooks_loop_ends",
        "test_one_filter_alone_has_the_picture_it_has_among_the_others",
    },
    "core/test_augment.py": {
        "test_keras_itself_agrees",
        "test_the_torchvision_line_gives_the_same_picture_on_average",
    },
    "core/test_augment_evidence.py": {"test_who_learnt_from_turned_digits_reads_turned_digits_better"},
    "core/test_benchmarks.py": {
        "test_what_the_servers_modules_set_for_a_server_is_not_set_where_trainings_are_measured",
    },
    "core/test_doctor.py": {
        "test_a_good_design_drawn_by_lot_hears_nothing",
        "test_a_net_that_learns_300_digits_by_heart_is_told_since_when",
        "test_a_rate_too_low_is_told_with_what_is_usual",
    },
    "core/test_export.py": {
        "test_exported_keras_gives_our_probabilities",
        "test_exported_keras_takes_our_steps_weight_decay_included",
        "test_the_exported_file_runs_by_itself",
        "test_the_notebook_finds_the_dashboards_accuracy_and_draws_a_sheet",
        "test_the_offline_sample_is_read_and_parted_as_ours_is",
    },
    "core/test_looking.py": {
        "test_every_job_has_the_same_numbers_there_as_here_bit_for_bit",
        "test_a_refusal_comes_back_with_its_sentence_and_the_process_goes_on",
        "test_equal_questions_are_one_and_what_nobody_awaits_is_given_up",
        "test_a_process_that_is_killed_is_told_in_a_sentence",
        "test_where_a_process_is_there_for_what_is_light_it_answers_and_while_it_is_busy_or_gone_this_one_does",
    },
    "core/test_looking_ahead.py": {
        "test_killed_in_between_it_is_done_again_and_nobody_waits_for_the_one_that_is_gone",
    },
    "core/test_notebook_in_keras.py": None,
    "core/test_opening_hostile_keras.py": None,
    "core/test_opening_hostile_networks.py": None,
    "core/test_opening_keras.py": None,
    "core/test_opening_ours.py": {
        "test_a_network_trained_by_its_exported_program_comes_back_with_its_accuracy",
    },
    "core/test_optimizers.py": {
        "test_training_and_watching_a_step_do_not_import_torch_s_compiler_nor_sympy_and_leave_torch_as_it_was",
    },
    "core/test_passes.py": {"test_nothing_of_a_step_outlives_it"},
    "core/test_pretrained.py": {
        "test_limits_smaller_than_these_networks_neither_hide_them_nor_the_recipes",
    },
    "core/test_round_trips.py": None,
    "core/test_robustness.py": {
        "test_training_pulls_the_classes_apart_on_the_map",
        "test_a_map_has_a_place_for_each_image_and_t_sne_repeats_with_its_seed",
    },
    "core/test_store.py": {"test_fifty_of_ten_thousand_runs_are_listed_without_reading_the_others"},
    "core/test_train.py": {"test_the_lessons_recipe_on_the_sample_digits_ends_above_94_percent"},
    "pages/test_take_away.py": None,
    "pages/test_shell.py": {
        "test_a_page_run_alone_returns_through_the_dashboard",
        "test_the_pages_leave_out_what_is_large_and_not_needed_to_draw_them",
    },
}


def pytest_collection_modifyitems(items):
    for item in items:
        if is_slow(item):
            item.add_marker("slow")


def is_slow(item) -> bool:
    """Whether a collected test is for the full run only."""
    path = item.path.relative_to(Path(__file__).parent)
    names = SLOW_TESTS.get(path.as_posix(), set())
    return (
        path.parts[0] in SLOW_FOLDERS
        or not SLOW_FIXTURES.isdisjoint(item.fixturenames)
        or names is None
        or item.originalname in names
    )


@pytest.fixture(scope="session")
def chromium():
    """The browser of the machine, one for all files; its own download by Playwright is not needed."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        reason = "There is no Chromium on this machine (apt-get install chromium)."
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        camera = [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
        ]  # a test picture that moves
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", *camera]
        )
        yield browser
        browser.close()


WHY_LINES, WHY_LETTERS = 7, 500


def pytest_terminal_summary(terminalreporter):
    """Name each test that failed and passed when it was tried again: one that needs it often has something to say."""
    tries = terminalreporter.stats.get("rerun", [])
    if tries:
        terminalreporter.section("needed a second try", yellow=True)
        for report in tries:
            terminalreporter.line(f"{report.nodeid}: {why_it_failed(report)}")


def why_it_failed(report) -> str:
    """Which line of the test, and what it said: of Playwright's story that one sentence is common to many causes."""
    lines = [line.strip() for line in report.longreprtext.splitlines() if line.strip()]
    errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
    places = [line.split(": ")[0] for line in lines if line.startswith("tests/")]
    told = " · ".join((errors or lines or ["no reason given"])[:WHY_LINES])
    return f"{places[0] if places else ''} {told}"[:WHY_LETTERS].strip()


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch, request):
    """No test sees another's runs, the developer's data, or the network, unless it is marked full_mnist."""
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("CONVSCOPE_OFFLINE", "1")
    monkeypatch.setenv("CONVSCOPE_WARM", "0")  # a thread beside the tests would outlive their folders
    if request.node.get_closest_marker("full_mnist") is None:
        monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def no_power_cuts(monkeypatch):
    """A sync costs a busy disk some ten milliseconds, and a test's folder need not outlive its machine."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture(autouse=True)
def no_old_multipage_mode(request, monkeypatch):
    """AppTest switches Streamlit's old pages/ mode on before each run, which loses the shell and the clicks."""
    if "pages" not in request.path.parts:
        return
    import streamlit as st
    from streamlit.runtime.pages_manager import PagesManager

    from cnn_core.kept import forget_everything

    original = PagesManager.__init__

    def patched(self, *args, **kwargs):
        original(self, *args, **kwargs)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", patched)
    st.cache_resource.clear()
    st.cache_data.clear()
    forget_everything()


@pytest.fixture(scope="session")
def component_manifests():
    """The components that installed packages bring, looked for once: each AppTest would read all packages' metadata."""
    from streamlit.components.v2 import manifest_scanner

    return manifest_scanner.scan_component_manifests()


@pytest.fixture(autouse=True)
def packages_are_scanned_once(request, monkeypatch):
    """Measured: 0.4 s of a processor for each AppTest, which is most of what one takes."""
    if "pages" in request.path.parts:
        from streamlit.components.v2 import manifest_scanner

        found = request.getfixturevalue("component_manifests")
        monkeypatch.setattr(manifest_scanner, "scan_component_manifests", lambda *_, **__: found)


@pytest.fixture(scope="module", autouse=True)
def what_is_there_is_no_garbage(request):
    """Spare the run of each page the looking through all that other files' tests have left: Keras, networks, caches.

    Streamlit collects garbage after every run of a script. Measured after a file that has imported Keras: 1.6 s of a
    processor for each AppTest instead of 0.4. A served app does the same, once it is warm (`frame.process`).
    """
    if "pages" in request.path.parts:
        gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def plotly_checks_every_figure(request, monkeypatch):
    """The pages spare Plotly the checking of their figures; here it checks each that any page draws."""
    if "pages" in request.path.parts:
        from pages.ui.drawing import figure

        monkeypatch.setattr(figure, "_checked", lambda: lambda figure: figure)


@pytest.fixture
def app():
    """The dashboard, not yet run: `app.run()`, then `app.switch_page("pages/2_train.py").run()`.

    Its visitor does not want to be asked first, so that what a page answers is there at once. tests/pages/test_guess.py
    is about those who are asked (the fixture `asking_app`).
    """
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(Path(__file__).parents[1] / "dashboard.py"), default_timeout=30)
    app.session_state["guess_off"] = True
    return app


@pytest.fixture
def asking_app(app):
    """The dashboard as a newcomer meets it: pages ask before they answer."""
    del app.session_state["guess_off"]
    return app
