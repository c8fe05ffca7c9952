"""What calibrators share: classes one by one, a logistic curve of few columns, too few rows."""

import numpy as np

from mesic import Finding

SMALLEST = 1e-9  # as the portable operators clip
STEPS, CLOSE = 100, 1e-12


def classes_one_by_one(p, y):
    """Yield probabilities of a class and whether it was it: of the second of two classes, else of each in turn."""
    for code in [1] if p.shape[1] == 2 else range(p.shape[1]):
        yield p[:, code], (y == code).astype(np.float64)


def logs(p):
    """Return ln(p) and -ln(1 - p), shape (n, 2)."""
    p = np.clip(p, SMALLEST, 1 - SMALLEST)
    return np.column_stack([np.log(p), -np.log1p(-p)])


def softened(hit, weight):
    """Return targets a little off 0 and 1, as if a row of either class had been seen before (J. Platt, 1999).

    Examples
    --------
    >>> softened(np.array([0.0, 1.0, 1.0]), np.ones(3)).tolist()
    [0.3333333333333333, 0.75, 0.75]
    """
    count = weight * len(weight) / weight.sum()
    ones = float(count @ hit)
    zeros = float(count.sum()) - ones
    return np.where(hit == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))


def logistic(columns, target, weight):
    """Return coefficients and intercept of the logistic curve with the least weighted log loss, by Newton's method.

    Parameters
    ----------
    columns
        Shape (n, m).
    target
        Shares between 0 and 1, shape (n,).
    weight
        At least 0, shape (n,).

    Examples
    --------
    >>> coef, intercept = logistic(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0.2, 0.2, 0.8, 0.8]), np.ones(4))
    >>> coef.round(4).tolist(), round(intercept, 4)
    ([2.7726], -1.3863)
    """
    scale = np.maximum(np.abs(columns).max(axis=0), 1e-300)
    design = np.column_stack([columns / scale, np.ones(len(columns))])
    share = weight / weight.sum()
    beta, loss = np.zeros(design.shape[1]), np.inf
    for _ in range(STEPS):
        p, now = _told(design @ beta, target, share)
        gradient = design.T @ (share * (p - target))
        curvature = (design * (share * p * (1 - p))[:, np.newaxis]).T @ design
        step = np.linalg.solve(curvature + 1e-12 * np.eye(len(beta)), gradient)
        size = 1.0
        while size > 1e-6 and _told(design @ (beta - size * step), target, share)[1] > now:
            size /= 2
        beta = beta - size * step
        if loss - now < CLOSE and float(np.abs(size * step).max()) < 1e-9:
            break
        loss = now
    return beta[:-1] / scale, float(beta[-1])


def _told(score, target, share):
    """Return probabilities, and their mean log loss."""
    p = np.exp(-np.logaddexp(0, -score))
    return p, float(share @ (np.logaddexp(0, score) - target * score))


def few_rows(name, y, classes, fewest):
    """Return a finding where a class has fewer rows than a calibrator needs."""
    counts = np.bincount(y, minlength=classes)
    code = int(counts.argmin())
    if counts[code] >= fewest:
        return ()
    message = f"calibrator={name} saw {counts[code]:,} rows of its rarest class; below {fewest:,} it learns chance, too"
    fix = "calibrator=platt, which needs few rows; or none" if fewest > 100 else "no calibrator, or more rows"
    return (Finding("CALIBRATED-ON-FEW-ROWS", "warning", message, {"rows": counts.tolist()}, fix),)
