from .dispatch import MAX_BYTES as MAX_BYTES
from .dispatch import open_network as open_network
from .opened import Opened as Opened
