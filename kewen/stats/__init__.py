"""Estimators, dependence and chance, on NumPy and SciPy alone."""
