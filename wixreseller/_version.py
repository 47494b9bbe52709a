"""Hold the version, once, where the build and the client read it."""

__version__ = "0.1.0"
