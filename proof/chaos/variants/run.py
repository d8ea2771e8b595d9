"""Runs a module with one broken variant: `python -m proof.chaos.variants.run VARIANT MODULE …`."""

import importlib
import runpy
import sys

if __name__ == "__main__":
    variant, target, *arguments = sys.argv[1:]
    importlib.import_module(f"proof.chaos.variants.{variant}").break_it()
    sys.argv = [target, *arguments]
    runpy.run_module(target, run_name="__main__", alter_sys=True)
