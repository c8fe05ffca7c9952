"""Boruta: a column is relevant that serves a forest better than shuffled copies of columns do.

The way of the data: ``estimator -> levels -> shadows -> forest -> pooled or classic -> estimator``.
"""
