"""A doctor for a training: rules that watch a design, a recipe and a run, and speak when it helps.

Read `rules` (the table), then `plans` (before a training) and `course` (during it); what is measured on the way is
`health`, and `measure` takes it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
