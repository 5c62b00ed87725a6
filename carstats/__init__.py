"""Outcomes of engineered-cell therapy in autoimmune disease: from study tables to figures.

The public names are imported when they are first used, so that `import carstats` costs little more
than the standard library, and a figure pays only for what it draws.
"""

import lazy_loader

__version__ = "0.2.0"

# The names stand in `__init__.pyi`, which type checkers read too.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
