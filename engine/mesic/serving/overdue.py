"""A version that does not answer in time loses its part."""

from mesic.errors import CheckFailed, MesicError, message_of
from mesic.live.judging import unfit
from mesic.live.ledger import Change, Ledger
from mesic.serving.messages import log


def taken_out(ledger: Ledger, version: str, limit_s: float, *, where: str = "") -> Change | None:
    """Take a version out of use that did not answer in time; return what was done.

    Parameters
    ----------
    ledger
        Of the deployment.
    version
        Its name.
    limit_s
        Seconds that it had.
    where
        What else people should know, such as that nobody was waiting.
    """
    try:
        change = unfit(ledger, version, CheckFailed(f"a row was not answered within {limit_s:g} s{where}"))
    except MesicError as error:
        log("not-taken-out", version=version, why=message_of(error))
        return None
    if change is not None:
        log("deployment-changed", **change.as_dict())
    return change
