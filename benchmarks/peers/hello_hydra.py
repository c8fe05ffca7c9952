"""The smallest Hydra application with a configuration group: what Hydra itself costs at start-up."""

from dataclasses import dataclass, field
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore


@dataclass
class Learner:
    """A component with an option."""

    name: str = "hello"
    alpha: float = 1.0


@dataclass
class Hello:
    """The primary configuration."""

    defaults: list[Any] = field(default_factory=lambda: ["_self_", {"learner": "hello"}])
    learner: Any = None


store = ConfigStore.instance()
store.store(name="hello", node=Hello)
store.store(group="learner", name="hello", node=Learner)


@hydra.main(version_base="1.3", config_path=None, config_name="hello")
def main(config: Any) -> None:
    """Do nothing."""


if __name__ == "__main__":
    main()
