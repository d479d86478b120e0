from .reading import PhotoReading as PhotoReading
from .reading import Piece as Piece
from .reading import digit_from_upload as digit_from_upload
from .reading import read_photo as read_photo
