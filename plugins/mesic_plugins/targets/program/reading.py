"""What a program cannot read of a bundle's columns."""

from mesic import Bundle, UsageError


def refuse_unreadable(bundle: Bundle, target: str) -> None:
    """Raise UsageError where cells are known later than others, or levels are moments."""
    if bundle.moments:
        raise UsageError(
            f"target={target} answers at once and cannot hide cells that are known later, which "
            f"{', '.join(bundle.moments)} decide: answer with the bundle itself, mesic predict"
        )
    if strange := [one.name for one in bundle.inputs if one.cells == "time"]:
        raise UsageError(f"target={target} has no spelling of moments as levels: {', '.join(strange)}")
