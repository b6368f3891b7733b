"""Forms of regulated verse, their rhymes, and a poem as a row of ids; no network."""

from pathlib import Path

from kewen.poems.form import FORMS, Form
from kewen.poems.layout import Layout
from kewen.poems.rhymes import Rhymes

SHIPPED = Path(__file__).parent / "tang"  # the writer that comes with kewen

__all__ = ["FORMS", "SHIPPED", "Form", "Layout", "Rhymes"]
