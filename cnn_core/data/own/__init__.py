"""A visitor's own data set: collected by drawing, camera and upload, alone or by a whole class, and learnt from.

`limits`, `names`, `log`, `contents`: what is kept, and how nothing of it is lost. `own_set`, `shelf`: who may do what.
`prepare`, `bringing_in`, `saving`: from photos and files, and back. `as_dataset`: in the place of MNIST.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
