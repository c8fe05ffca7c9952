"""``hydra/sweeper=mesic``: every Hydra application imports this module at its start, so it imports next to nothing."""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.errors import CompactHydraException
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from mesic.errors import MesicError, message_of
from mesic.sweeping.settings import SweeperSettings


@dataclass
class MesicSweeperConf(SweeperSettings):
    """The settings of the sweeper, as Hydra composes them."""

    _target_: str = "hydra_plugins.mesic_sweeper.sweeper.MesicSweeper"


ConfigStore.instance().store(group="hydra/sweeper", name="mesic", node=MesicSweeperConf, provider="mesic")


class MesicSweeper(Sweeper):
    """Sweep with Optuna: see `docs/sweeper.md`.

    Parameters
    ----------
    **said
        The settings, :class:`mesic.sweeping.settings.SweeperSettings`.
    """

    def __init__(self, **said: Any) -> None:
        self.said = said

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives."""
        self.given = (hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> None:
        """Sweep over the overrides of a command line."""
        from omegaconf import OmegaConf

        from mesic.sweeping.application import sweep
        from mesic.sweeping.checking import Application

        plain: dict[str, Any] = {
            key: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
            for key, value in self.said.items()
        }
        try:
            sweep(Application(*self.given), SweeperSettings(**plain), arguments)
        except MesicError as error:  # Hydra prints the message of such errors, and no traceback
            raise CompactHydraException(message_of(error)) from error
