"""Answers to records that keep coming: registered once, then data flow through the bundle."""
