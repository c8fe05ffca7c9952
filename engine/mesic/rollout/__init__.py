"""Which version answers: sums of what came of it, assignment, decision, reading of the log, simulation."""
