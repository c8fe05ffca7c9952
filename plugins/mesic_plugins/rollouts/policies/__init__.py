"""Policies of the bandit: what has come of each arm -> the probability of each arm; pure, over many roll-outs at once.

Each takes how many rewards came and their sums, from 0 to 1 each, two arrays of shape (r, k), and returns
probabilities of that shape.
"""
