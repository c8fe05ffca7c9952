"""From probabilities to decisions: calibration, thresholds with promises, money."""
