"""All that pyproject.toml cannot say: a wheel carries files that lie at the top of the checkout, not in a package.

callytics/home/resources.py finds them, here and there.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DATA = (
    "serve_config.cpu.yaml",
    "serve_config.yaml",
    "serve_config.ab.yaml",
    "cluster.yaml",
    "runtime_envs",
    "observability",
    "sample/call.mp3",
)


class BuildWithData(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return  # the checkout itself has them
        for name in DATA:
            source, target = Path(name), Path(self.build_lib, "callytics", "_data", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)


setup(cmdclass={"build_py": BuildWithData})
