"""The kernel's C, compiled on first use and kept in the user's cache folder; where that cannot be, the reason."""

import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from mesic.runs.files import file_digest

SOURCES = tuple(Path(__file__).with_name(name) for name in ("kernel.c", "parting.c"))
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=gnu11", "-O3", "-ffp-contract=off", "-fPIC", "-shared")
LIBRARY, DIGEST = "kernel.so", "kernel.sha256"
COMPILE_S = 120


class NoLibrary(Exception):
    """There is no compiled kernel; the message says why."""


def compiled() -> Path:
    """Return the compiled kernel of this machine; it is compiled where there is none.

    The folder's name is a digest of the source, of the flags and of the compiler: a newer one makes its own. Where
    processes compile at the same time, one of them wins, and all use its result.

    Raises
    ------
    NoLibrary
        There is no compiler, it fails, or the cache folder cannot be used.
    """
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise NoLibrary(f"there is no C compiler: none of {', '.join(COMPILERS)} is found")
    try:
        folder = _private(cache_folder()) / _key(compiler)
        if not _is_whole(folder):
            _compile(compiler, folder)
    except OSError as error:
        raise NoLibrary(f"the cache folder {cache_folder()} cannot be used: {error.strerror or error}") from error
    if not _is_whole(folder):
        raise NoLibrary(f"what lies in {folder} is not what was compiled: remove it")
    return folder / LIBRARY


def cache_folder() -> Path:
    """Return where kernels are kept: ``mesic`` in ``XDG_CACHE_HOME``, or in ``.cache`` of the user's folder."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "mesic" / "kernels"


def _private(folder: Path) -> Path:
    """Return a folder that nobody else may write into: what lies there is run."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise NoLibrary(f"the cache folder {folder} may be written by others: chmod 700 it")
    return folder


def _key(compiler: str) -> str:
    found = Path(compiler).resolve()
    status = found.stat()
    said = (
        *(source.read_text(encoding="utf-8") for source in SOURCES),
        *FLAGS,
        str(found),
        status.st_size,
        status.st_mtime_ns,
        *platform.uname()[4:],
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def _is_whole(folder: Path) -> bool:
    try:
        return (folder / DIGEST).read_text(encoding="ascii") == file_digest(folder / LIBRARY)
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _compile(compiler: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-", ignore_cleanup_errors=True) as name:
        fresh = Path(name) / "whole"
        fresh.mkdir()
        command = [compiler, *FLAGS, "-o", str(fresh / LIBRARY), *map(str, SOURCES), "-lm"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=COMPILE_S)  # noqa: S603 - the system's compiler, our source
        except subprocess.TimeoutExpired as error:
            raise NoLibrary(f"{compiler} took more than {COMPILE_S} s") from error
        if done.returncode:
            said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:200])
            raise NoLibrary(f"{compiler} cannot compile the kernel: {said}")
        (fresh / DIGEST).write_text(file_digest(fresh / LIBRARY), encoding="ascii")
        _put(fresh, folder)


def _put(fresh: Path, folder: Path) -> None:
    """Let what was compiled be there, unless another process has been faster; what is broken there gives way."""
    if folder.exists() and not _is_whole(folder):
        folder.rename(fresh.with_name("broken"))
    try:
        fresh.rename(folder)
    except OSError:
        if not folder.exists():
            raise


def library_path() -> Path | str:
    """Return the compiled kernel, or why there is none."""
    if os.environ.get("MESIC_KERNEL", "") == "off":
        return "MESIC_KERNEL=off"
    try:
        return compiled()
    except NoLibrary as why:
        return str(why)
