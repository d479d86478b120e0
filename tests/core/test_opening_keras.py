"""Networks that Keras saved, opened without Keras: the same answers, whatever the file's form.

The oracle is Keras's own `predict`, with weights that no mistake survives.
"""

import importlib.util
import os

import numpy as np
import pytest
import torch

from cnn_core.opening import open_network
from tests.core.keras_files import in_layout_of_keras_2, live_in, saved
from tests.core.keras_networks import CASES

if importlib.util.find_spec("keras") is None:
    pytest.skip("Keras is not installed, and it is the oracle here", allow_module_level=True)
os.environ.setdefault("KERAS_BACKEND", "torch")
pytestmark = [
    # Keras's torch backend hands NumPy its tensors in a way of which NumPy 2 says that it will go.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # It is told of .h5 that .keras is newer, and of layers that were handed over with an input_shape.
    pytest.mark.filterwarnings("ignore:.*HDF5 file.*:UserWarning"),
]


def network(name, seed=0):
    import keras

    keras.utils.set_random_seed(seed)
    keras.backend.clear_session()
    model = CASES[name](keras, keras.layers)
    live_in(model, seed)
    return model


def images_for(opened, count=6, seed=1):
    """Images in the range that the file's network takes."""
    chance = torch.Generator().manual_seed(seed)
    return opened.scale * torch.rand(count, *opened.spec.input_shape, generator=chance)


def keras_says(model, opened, images):
    """What Keras predicts for these images, in the shape that its network takes."""
    given = images.numpy()
    if model.input_shape[1:] != tuple(given.shape[1:]):  # channels come last, or there is but one list
        given = given.transpose(0, 2, 3, 1).reshape(-1, *model.input_shape[1:])
    return model(given, training=False).detach().numpy()


def our_answer(opened, images):
    softmax = getattr(opened.spec.layers[-1], "activation", "") == "softmax"
    with torch.no_grad():
        return (opened.net.predict(images) if softmax else opened.net(images)).numpy()


FORMS = {
    "a .keras file": ("model.keras", lambda model: saved(model, ".keras")),
    "an .h5 file of Keras 3": ("model.h5", lambda model: saved(model, ".h5")),
    "an .h5 file of Keras 2": ("old.h5", in_layout_of_keras_2),
}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_network_answers_as_in_keras_from_each_form_of_file(name):
    model = network(name)
    files = {form: open_network(write(model), title) for form, (title, write) in FORMS.items()}
    opened = files["a .keras file"]
    images = images_for(opened)
    expected = keras_says(model, opened, images)
    for form, other in files.items():
        assert np.abs(our_answer(other, images) - expected).max() < 1e-4, form
        assert (other.spec.layers, other.scale, other.remarks) == (
            opened.spec.layers,
            opened.scale,
            opened.remarks,
        )
