"""Texts drawn from targets by Markov chains, with any causal language model."""
