"""`kewen demo`: the whole way on real news, in some minutes."""

EXAMPLES = ""


def demo() -> None:
    """Placeholder until run_demo exists."""
