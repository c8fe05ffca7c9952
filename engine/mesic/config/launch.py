"""Hand a verb over to Hydra: all problems are listed first, then Hydra composes, launches and sweeps."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra import main as hydra_main
from hydra._internal.hydra import Hydra
from hydra._internal.utils import _run_app, create_config_search_path, get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.version import setbase
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from mesic.config.sources import register
from mesic.errors import ConfigError, MesicError, UsageError

Task = Callable[[DictConfig], Any]


def parsed(arguments: Sequence[str]) -> Namespace:
    """Return Hydra's reading of a command line.

    Raises
    ------
    UsageError
        A flag is unknown to Hydra.
    """
    parser = get_args_parser()
    parser.error = _refuse  # type: ignore[method-assign]  # argparse would exit on its own
    return parser.parse_intermixed_args(list(arguments))


def _refuse(message: str) -> Any:
    raise UsageError(f"{message}; `mesic VERB --hydra-help` lists Hydra's flags")


def launch(verb: str, arguments: Sequence[str], task: Task, *, look: Callable[[Namespace], None]) -> None:
    """Compose the verb's configuration and call `task` with it, once or once a job.

    Parameters
    ----------
    verb
        The primary configuration's name.
    arguments
        What was typed after the verb.
    task
        Called with the composed configuration. It catches what goes wrong with one job, so that a sweep goes on.
    look
        Called with the parsed command line before a run or a sweep; raises to refuse it, may extend ``sys.argv``.

    Raises
    ------
    ConfigError
        The configuration cannot be composed; every problem is listed.
    """
    from mesic.config.composition import with_several

    arguments = [with_several(text) for text in arguments]
    args = parsed(arguments)
    for folder in (args.config_dir, args.config_path):
        if folder is not None:
            os.environ["MESIC_CONF"] = _existing(folder)
    if args.experimental_rerun is not None:
        raise UsageError("--experimental-rerun reads a pickle, which runs code: `mesic reproduce run=DIR` runs again")
    register()
    sys.argv = ["mesic", *arguments]
    is_run = not (args.cfg or args.info or args.help or args.hydra_help or args.shell_completion)
    if is_run:
        look(args)
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors come back to us instead of being printed
    try:
        if is_run:
            _start(verb, parsed(sys.argv[1:]), task)
        else:
            hydra_main(version_base="1.3", config_path=None, config_name=verb)(task)()
    except (HydraException, OmegaConfBaseException) as error:
        if isinstance(error.__cause__, MesicError):
            raise error.__cause__ from None
        from mesic.config.problems import problems_of

        problems = problems_of(verb, args.overrides, sweep=args.multirun)
        raise ConfigError(problems or [" ".join(str(error).split())]) from error
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or 'the output'}: {error.strerror or error}") from error


def _start(verb: str, args: Namespace, task: Task) -> None:
    """Run or sweep as Hydra's main does, which would first compose everything once more to look for ``hydra.mode``."""
    setbase("1.3")
    hydra = Hydra.create_main_hydra2(task_name=verb, config_search_path=create_config_search_path(None))
    try:
        _run_app(
            run=not args.multirun,
            multirun=args.multirun,
            mode=None,
            hydra=hydra,
            config_name=verb,
            task_function=task,
            overrides=args.overrides,
        )
    finally:
        GlobalHydra.instance().clear()


def _existing(folder: str) -> str:
    if not Path(folder).is_dir():
        raise UsageError(f"--config-dir {folder} cannot work: give a folder that exists")
    return str(Path(folder).resolve())
