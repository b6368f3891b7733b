"""The command line: one file a command, results on stdout, the rest on stderr."""

from kewen.cli.app import app, main

__all__ = ["app", "main"]
