"""Controller for village LED notice screens: approved notices in, light out, evidence back."""

__version__ = "0.1.0"
