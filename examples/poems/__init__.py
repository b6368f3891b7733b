"""From the Tang poems of a package to the writer that kewen ships."""
