"""Starts the Rust kernel in a build folder that no other kernel uses.

The kernel compiles each cell as a Cargo package in its build folder. Two kernels in one folder would compile each
other's cells, and a new folder for each kernel would compile every dependency again. So there are numbered folders
that last: a kernel takes the first one that is free, and a folder that is new starts as a copy of a used one.

    python kernel.py EVCXR_JUPYTER BUILD_FOLDERS WORKSPACE CONNECTION_FILE
"""

import fcntl
import itertools
import os
import shutil
import sys
from pathlib import Path

# Cells and most crates are compiled for a quick answer (evcxr.toml: opt_level); what does the arithmetic and unpacks
# the images is compiled for speed.
FAST = ("convcore", "ndarray", "rayon", "rayon-core", "png", "flate2", "miniz_oxide", "fdeflate")
PROFILE = "".join(f"[profile.dev.package.{name}]\nopt-level = 3\n" for name in FAST)


def main():
    evcxr, folders, workspace, connection_file = sys.argv[1:]
    folders = Path(folders)
    write(folders / ".cargo" / "config.toml", PROFILE)
    folder = take_free(folders)
    if not (folder / "target").exists():
        copy_of_a_used(folders, folder)
    pin_versions(folder, Path(workspace))
    os.environ["EVCXR_TMPDIR"] = str(folder)
    # The kernel reads start-up files and updates its registration where these point: not in the reader's home.
    os.environ["EVCXR_CONFIG_DIR"] = os.environ["JUPYTER_PATH"] = str(folders / "none")
    # On its standard output the kernel prints what concerns nobody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.execv(evcxr, [evcxr, "--control_file", connection_file])


def take_free(folders):
    """The first folder that no running kernel holds. The lock lasts as long as the kernel's processes do."""
    for number in itertools.count(1):
        folder = folders / f"kernel-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        os.set_inheritable(lock, True)
        return folder


def copy_of_a_used(folders, folder):
    """Copies compiled dependencies. Cargo's fingerprints come first: a dependency that is being compiled meanwhile has
    none in the copy, and is compiled again there."""
    source = folders / "kernel-1" / "target"
    if folder == source.parent or not source.exists():
        return
    unfinished = folder / "copy"
    shutil.rmtree(unfinished, ignore_errors=True)
    profiles = [path.relative_to(source) for path in source.glob("**/.fingerprint")]
    for part in (".fingerprint", "build", "deps"):
        for profile in (fingerprint.parent for fingerprint in profiles):
            if (source / profile / part).exists():
                shutil.copytree(
                    source / profile / part,
                    unfinished / profile / part,
                    symlinks=True,
                    ignore=shutil.ignore_patterns("ctx-*", "libctx*"),
                )
    if unfinished.exists():
        unfinished.rename(folder / "target")


def pin_versions(folder, workspace):
    """Gives the kernel the dependencies' versions that the book's own build has."""
    lock = (workspace / "Cargo.lock").read_text()
    seen = folder / "workspace.lock"
    if not seen.exists() or seen.read_text() != lock:
        write(folder / "Cargo.lock", lock)
        write(seen, lock)


def write(file, text):
    if not file.exists() or file.read_text() != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        unfinished.write_text(text)
        unfinished.rename(file)


main()
