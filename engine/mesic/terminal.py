"""Text of strangers, such as names of columns, as a terminal or a page of text may show it."""

_ENDS_OF_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROL = (*(code for code in range(0x20) if chr(code) not in "\t\n"), *range(0x7F, 0xA0))
_SHOWN = {code: f"\\x{code:02x}" for code in _CONTROL} | {code: f"\\u{code:04x}" for code in _ENDS_OF_DIRECTIONS}


def shown(text: str) -> str:
    r"""Return a text in which what would move the cursor, change colours or turn the direction of writing can be read.

    Examples
    --------
    >>> print(shown("ci\x1b[31mty"))
    ci\x1b[31mty
    """
    return text if text.isprintable() else text.translate(_SHOWN)
