"""The store's files are written as all files here are: see `cnn_core.files`."""

from cnn_core.files import FULL as FULL
from cnn_core.files import LARGEST_JSON as LARGEST_JSON
from cnn_core.files import READ_ONLY as READ_ONLY
from cnn_core.files import condition_of as condition_of
from cnn_core.files import explain_disk_errors as explain_disk_errors
from cnn_core.files import file_names as file_names
from cnn_core.files import is_locked as is_locked
from cnn_core.files import locked as locked
from cnn_core.files import opened as opened
from cnn_core.files import read_json as read_json
from cnn_core.files import sync as sync
from cnn_core.files import write_json as write_json
from cnn_core.files import write_whole as write_whole
