"""A Python environment of its own for each program that is compared: their Qt would clash with ours.

    python benchmarks/peers/environments.py         # makes those that are missing and says where they are

They are kept in the cache folder (``XDG_CACHE_HOME``, else ``~/.cache``), named by their list of packages.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

_HERE = Path(__file__).parent
PEERS = ("napari", "labelme")


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment, which is made if need be; that takes a minute and the network.

    Raises:
        SystemExit: The packages cannot be installed.
    """
    wanted = _HERE / f"{peer}.txt"
    kind = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "resatt-studio-benchmarks" / f"{peer}-{kind}"
    if not home.exists():
        print(f"Installing {peer} into {home} …", file=sys.stderr, flush=True)
        fresh = home.with_name(f"{home.name}.making")
        shutil.rmtree(fresh, ignore_errors=True)
        venv.create(fresh, with_pip=True)
        command = [_python(fresh), "-m", "pip", "install", "--quiet", "--requirement", wanted]
        if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
            raise SystemExit(f"{peer} could not be installed; this says why: {' '.join(map(str, command))}")
        fresh.rename(home)
    return _python(home)


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"


if __name__ == "__main__":
    for each in PEERS:
        print(python_of(each))
