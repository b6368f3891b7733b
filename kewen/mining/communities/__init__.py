"""Modules of graphs: the map equation and what is found by it."""
