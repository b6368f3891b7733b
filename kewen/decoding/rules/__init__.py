"""What may change the scores of the next token, a kind a file."""
