"""Build hook: compiles ``ledsign/render/kernel.c`` where there is a C compiler with Python's headers.

Without one, or with ``LEDSIGN_KERNEL=0`` in the environment, the wheel is plain Python and draws with numpy: the
same bytes, a little slower. An editable installation gets the module beside its source.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "_kernel.abi3.so"
PLACE = Path("ledsign", "render")
TIMEOUT_S = 120


class KernelHook(BuildHookInterface[Any]):
    """Found by hatchling through ``[tool.hatch.build.targets.wheel.hooks.custom]``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get("LEDSIGN_KERNEL") == "0" or sys.platform != "linux":
            return
        source = Path(self.root, PLACE, "kernel.c")
        folder = Path(tempfile.mkdtemp(prefix="ledsign-kernel-"))
        built = folder / MODULE
        fault = compiled(source, built)
        if fault:
            self.app.display_info(f"no compiled kernel, drawing with numpy: {fault}")
            shutil.rmtree(folder)
            return
        if version == "editable":
            target = Path(self.root, PLACE, MODULE)
            shutil.copyfile(built, target.with_suffix(".new"))
            target.with_suffix(".new").replace(target)  # a running process keeps the one it has mapped
            shutil.rmtree(folder)
            return
        build_data["pure_python"] = False
        build_data["tag"] = "cp311-abi3-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["force_include"][str(built)] = str(PLACE / MODULE)
        self._folder = folder

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "_folder"):
            shutil.rmtree(self._folder)


def compiled(source: Path, target: Path) -> str:
    """Compile and try it. What went wrong, "" when it works."""
    configured = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    words = shlex.split(str(configured))
    compiler = next((found for name in (words[0], "cc", "gcc", "clang") if (found := shutil.which(name))), None)
    if compiler is None:
        return "no C compiler"
    command = [
        compiler, "-O3", "-shared", "-fPIC", f"-I{sysconfig.get_path('include')}", "-o", str(target), str(source),
    ]  # fmt: skip
    trial = [sys.executable, "-c", "import _kernel; assert _kernel.bits(8, 1, None, None, (), 0) == b'\\0'"]
    for step, where in ((command, None), (trial, target.parent)):
        try:
            done = subprocess.run(step, cwd=where, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            return next((line for line in lines if "error" in line.lower()), lines[-1])
    return ""
