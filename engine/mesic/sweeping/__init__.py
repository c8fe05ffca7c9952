"""Sweeps of any Hydra application with Optuna: ``hydra/sweeper=mesic``."""
