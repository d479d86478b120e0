"""How exported programs read images that are not MNIST's: in colour, some classes of a set, or letters on their side.

Each piece is source code in one language. Numbers and names in it are the catalogue's, never a visitor's.
"""

from __future__ import annotations

from cnn_core.export.program import Source


def is_plain(source: Source) -> bool:
    """Whether it is read as MNIST is: grey images of all classes, by file names and functions alike."""
    return source.shape[0] == 1 and not source.picked and not source.is_transposed


# ---------------------------------------------------------------- PyTorch


def torch_read(source: Source) -> str:
    """The function `read` by torchvision."""
    channels, height, width = source.shape
    if source.is_transposed:
        body = _TORCH_LETTERS.format(torchvision=source.torchvision, first=source.first_label)
    else:
        body = _TORCH_COLOUR.format(torchvision=source.torchvision)
    if source.picked:
        body += _TORCH_PICKED.format(picked=list(source.picked))
    head = _TORCH_HEAD.format(title=source.title, channels=channels, height=height, width=width)
    return head + body + "    return images, labels\n"


_TORCH_HEAD = '''
def read(train: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """{title} by torchvision, downloaded once.

    images: float (N, {channels}, {height}, {width}) in [0, 1].  labels: (N,).
    """
'''

_TORCH_COLOUR = """    from torchvision.datasets import {torchvision}

    data = {torchvision}(os.environ.get("CONVSCOPE_DATA", "data"), train=train, download=True)
    images = torch.as_tensor(data.data).permute(0, 3, 1, 2).float() / 255  # torchvision has the channels last
    labels = torch.as_tensor(data.targets)
"""

_TORCH_LETTERS = """    from torchvision.datasets import {torchvision}

    folder = os.environ.get("CONVSCOPE_DATA", "data")
    data = {torchvision}(folder, split="letters", train=train, download=True)
    images = data.data.transpose(1, 2)[:, None].float() / 255  # its files hold columns for rows
    labels = data.targets - {first}
"""

_TORCH_PICKED = """    picked = torch.tensor({picked})  # the labels of these classes among all
    chosen = torch.isin(labels, picked)
    images, labels = images[chosen], (labels[chosen, None] == picked).int().argmax(dim=1)
"""


# ---------------------------------------------------------------- Keras


def keras_raw(source: Source) -> str:
    """The function `raw`: images uint8 (N, H, W), or (N, H, W, 3) in colour, and labels (N,)."""
    if source.keras is None:
        _, height, width = source.shape
        return _KERAS_FILES.format(
            title=source.title,
            address=source.address,
            folder=source.folder,
            names=(source.files[0], source.files[2]),
            label_names=(source.files[1], source.files[3]),
            height=height,
            width=width,
            turned=".swapaxes(1, 2)  # its files hold columns for rows" if source.is_transposed else "",
            first=source.first_label,
        )
    picked = _KERAS_PICKED.format(picked=list(source.picked)) if source.picked else ""
    return _KERAS_COLOUR.format(module=source.keras) + picked + "    return images, labels\n"


_KERAS_COLOUR = """
def raw(train: bool) -> tuple[np.ndarray, np.ndarray]:
    learning, testing = keras.datasets.{module}.load_data()  # downloads once
    images, labels = learning if train else testing
    labels = labels.reshape(-1)
"""

_KERAS_PICKED = """    picked = np.array({picked})  # the labels of these classes among all
    chosen = np.isin(labels, picked)
    images, labels = images[chosen], (labels[chosen, None] == picked).argmax(axis=1)
"""

_KERAS_FILES = '''
def raw(train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Keras does not know {title}: put its four files ({address}) into data/{folder}, unzipped."""
    folder = os.path.join(os.environ.get("CONVSCOPE_DATA", "data"), "{folder}")
    images, labels = {names}[not train], {label_names}[not train]
    images = np.fromfile(os.path.join(folder, images), np.uint8)[16:].reshape(-1, {height}, {width})
    labels = np.fromfile(os.path.join(folder, labels), np.uint8)[8:]
    images = images{turned}
    return images, labels - {first}
'''


# ---------------------------------------------------------------- R


def r_data(source: Source) -> str:
    """`train_images`, `train_labels` and the same for testing; images (N, H, W), or (N, H, W, 3) in colour."""
    if source.keras is None:
        _, height, width = source.shape
        train_images, train_labels, test_images, test_labels = source.files
        return _R_FILES.format(
            title=source.title,
            address=source.address,
            folder=source.folder,
            pixels=height * width,
            height=height,
            width=width,
            order="c(1, 3, 2)" if source.is_transposed else "c(1, 2, 3)",
            first=source.first_label,
            train_images=train_images,
            train_labels=train_labels,
            test_images=test_images,
            test_labels=test_labels,
        )
    picked = _R_PICKED.format(picked=", ".join(map(str, source.picked))) if source.picked else ""
    return _R_COLOUR.format(module=source.keras) + picked


_R_COLOUR = """
data = dataset_{module}()
c(c(train_images, train_labels), c(test_images, test_labels)) %<-% data
train_labels = as.vector(train_labels)
test_labels = as.vector(test_labels)
"""

_R_PICKED = """picked = c({picked})  # the labels of these classes among all
train_images = train_images[train_labels %in% picked, , , ]
train_labels = match(train_labels[train_labels %in% picked], picked) - 1
test_images = test_images[test_labels %in% picked, , , ]
test_labels = match(test_labels[test_labels %in% picked], picked) - 1
"""

_R_FILES = """
# Keras does not know {title}: put its four files ({address}) into data/{folder}, unzipped
read_bytes = function(name, skip) {{
  path = file.path('data/{folder}', name)
  as.integer(readBin(path, 'raw', file.size(path))[-seq_len(skip)])
}}
read_images = function(name) {{
  pixels = read_bytes(name, 16)
  aperm(array_reshape(pixels, c(length(pixels) / {pixels}, {height}, {width})), {order})
}}
train_images = read_images('{train_images}')
train_labels = read_bytes('{train_labels}', 8) - {first}
test_images = read_images('{test_images}')
test_labels = read_bytes('{test_labels}', 8) - {first}
"""
