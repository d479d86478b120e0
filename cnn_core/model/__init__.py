"""From a design in plain numbers to a network: spec, presets, shapes, links, build, export."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
