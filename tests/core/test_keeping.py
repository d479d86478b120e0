"""A network made by surgery becomes a run: its weights, what it learnt from and what it reads come with it."""

from __future__ import annotations

import torch

from cnn_core.data.learnt_from import NOT_KNOWN
from cnn_core.insight import without_filters
from cnn_core.pretrained import card, load
from cnn_core.runs import RunStore
from cnn_core.runs.keeping import keep_network, network_file
from cnn_core.training import dataset_of_file, images_learnt_from, load_model
from tests.core.test_openings import OWNER, the_worker_takes


def test_a_network_without_filters_is_kept_under_its_name_and_can_be_trained_on(tmp_path):
    store = RunStore(tmp_path / "runs")
    smaller = without_filters(load("mlp"), "dense_1", [0, 1])
    run_id = keep_network(
        store, smaller, "Without two", OWNER, dataset="mnist", learnt_from=card("mlp").learnt_from
    )
    the_worker_takes(store, run_id)
    run = store.run(run_id)
    assert (run.name, run.dataset, run.status.state) == ("Without two", "mnist", "finished")
    assert run.learnt_from == card("mlp").learnt_from
    net, spec = load_model(run.snapshots()[-1].path)
    assert spec == smaller.spec
    image = torch.rand(1, 1, 28, 28)
    torch.testing.assert_close(net(image), smaller(image))


def test_its_file_says_what_it_reads_and_has_learnt_from():
    content = network_file(load("mlp"), "mnist")
    assert dataset_of_file(content) == "mnist"
    assert images_learnt_from(content) == NOT_KNOWN
