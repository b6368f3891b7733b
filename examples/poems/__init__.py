"""From the Tang poems of a package to the writer that kewen ships."""

import kewen  # noqa: F401  # chooses the backend, before Keras is imported
