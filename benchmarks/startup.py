"""What `mesic` costs at start-up beside a hello-world Hydra application.

    python benchmarks/startup.py [PAIRS]

For ``mesic list`` a package with components is made, so that 200 are installed; it is found through its entry
point like any plugin.
"""

import os
import sys
import tempfile
from pathlib import Path

from measure import figure, paired, show

HELLO = Path(__file__).parent / "peers" / "hello_hydra.py"
COMPONENTS = 200
PLUGIN = '''
"""Components to be listed."""

from dataclasses import dataclass

from mesic import Component, hookimpl, option


@dataclass
class Options:
    """Options of each."""

    alpha: float = option(1.0, "strength of the penalty", low=0.0)
    depth: int = option(3, "levels", low=1, high=30)


@hookimpl
def register_learners():
    """Offer many learners."""
    return [Component(f"many_{{n}}", "many.learner:Learner", "one of many", Options) for n in range({count})]
'''


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    hello = [sys.executable, HELLO]
    mesic = Path(sys.executable).with_name("mesic")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        job = paired([mesic, "run", "--cfg", "job"], [*hello, "--cfg", "job"], pairs=pairs, folder=here)
        show(figure("mesic run --cfg job", job, "wall_s", most=1.6))
        usage = paired([mesic, "--help"], [*hello, "--help"], pairs=pairs, folder=here)
        show(figure("mesic --help", usage, "wall_s", most=1.6))
        there = install(here)
        os.environ["PYTHONPATH"] = str(there)
        listed = paired([mesic, "list"], [*hello, "--cfg", "job"], pairs=pairs, folder=here)
        show(figure(f"mesic list with {COMPONENTS} components", listed, "wall_s", most=2.0))


def install(folder: Path) -> Path:
    """Lay out an installed distribution that brings what is missing to 200 components; return its place."""
    from mesic.host.registry import installed

    there = folder / "site"
    facts = there / "many-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: many\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[mesic]\nmany = many\n")
    (there / "many.py").write_text(PLUGIN.format(count=COMPONENTS - len(list(installed()))))
    return there


if __name__ == "__main__":
    main()
