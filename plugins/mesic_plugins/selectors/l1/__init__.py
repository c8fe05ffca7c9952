"""L1: columns whose weights a sparse linear model keeps.

The way of the data: ``estimator -> design -> path -> rules, or entering -> estimator``.
"""
