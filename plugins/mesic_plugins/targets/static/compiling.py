"""The system's C compiler."""

import shutil
import subprocess

from mesic import CheckFailed

STRICT = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic")


def is_there(compiler):
    """Return whether a compiler can be called."""
    return shutil.which(compiler) is not None


def compiled(compiler, files, program):
    """Compile C files into a program.

    Raises
    ------
    CheckFailed
        The compiler says no; its first words are told.
    """
    command = [compiler, *STRICT, "-o", str(program), *map(str, files), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - what the user chose
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
        raise CheckFailed(f"{compiler} cannot compile {files[0].name}: {said}")
