"""``python -m mesic``: the same as the command ``mesic``."""

from mesic.cli import main

if __name__ == "__main__":
    main()
