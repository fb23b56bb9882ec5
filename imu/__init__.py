"""Back extensions, rep by rep, from one sensor on the chest."""

__version__ = "0.2.0"
