"""Change the playlist's source in small ways, one at a time, and see whether its tests notice.

    python tools/mutate.py [--every 1] [--module rotation.py] [--jobs 2]

A mutant is a copy of the package with one comparison turned, one arithmetic operator exchanged, one number moved by
one, one boolean word exchanged or one condition negated. Nothing in the checkout is touched. Survivors are printed
with their line; the last line is the kill rate.
"""

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("test_capacity", "test_hours", "test_retention", "test_rotation", "test_preempt", "test_promises",
         "test_simulate", "test_plan_properties")  # fmt: skip
LIMIT_S = 240
COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult}


@dataclass(frozen=True)
class Mutant:
    module: str
    line: int
    what: str
    source: str


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What can be changed about one node, each as a new node."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
        new = copy.deepcopy(node)
        new.ops[0] = COMPARE[type(node.ops[0])]()
        yield "comparison", new
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        new = copy.deepcopy(node)
        new.op = ARITHMETIC[type(node.op)]()
        yield "arithmetic", new
    elif isinstance(node, ast.BoolOp):
        new = copy.deepcopy(node)
        new.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or", new
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield "number", ast.Constant(node.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "truth", ast.Constant(not node.value)
    elif isinstance(node, ast.IfExp | ast.If):
        new = copy.deepcopy(node)
        new.test = ast.UnaryOp(ast.Not(), new.test)
        yield "condition", new
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        new = copy.deepcopy(node)
        assert isinstance(new.func, ast.Name)
        new.func.id = "max" if node.func.id == "min" else "min"
        yield "min/max", new


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its source."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            places = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            for index, child in places:
                if not isinstance(child, ast.expr | ast.stmt):
                    continue
                for what, new in _changes(child):
                    line = child.lineno
                    _put(node, field, index, ast.copy_location(new, child))
                    yield Mutant(path.name, line, what, ast.unparse(ast.fix_missing_locations(tree)))
                    _put(node, field, index, child)


def _put(node: ast.AST, field: str, index: int | None, child: ast.AST) -> None:
    if index is None:
        setattr(node, field, child)
    else:
        getattr(node, field)[index] = child


def survives(mutant: Mutant) -> bool:
    """Whether all tests pass with the mutant in place."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        place = Path(name)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "ledsign", place / "ledsign", ignore=ignore)
        for part in ("configs", "pyproject.toml"):
            (place / part).symlink_to(ROOT / part)
        shutil.copytree(ROOT / "tests", place / "tests", ignore=ignore)
        (place / "ledsign" / "playlist" / mutant.module).write_text(mutant.source, encoding="utf-8")
        tests = [f"tests/playlist/{test}.py" for test in TESTS]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=1", *tests],
                cwd=place, env={**os.environ, "PYTHONPATH": str(place)}, capture_output=True, timeout=LIMIT_S,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False  # it hangs: noticed
        return done.returncode == 0


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--every", type=int, default=1, help="only every n-th mutant")
    arguments.add_argument("--module", action="append", help="only this file of playlist/")
    arguments.add_argument("--jobs", type=int, default=2)
    asked = arguments.parse_args()
    paths = sorted((ROOT / "ledsign" / "playlist").glob("*.py"))
    found = [m for path in paths if not asked.module or path.name in asked.module for m in mutants(path)]
    chosen = found[:: asked.every]
    alive = 0
    with ThreadPoolExecutor(asked.jobs) as pool:
        for done, (mutant, survived) in enumerate(zip(chosen, pool.map(survives, chosen), strict=True), 1):
            if done % 10 == 0:
                print(f"{done} of {len(chosen)}, {alive} survived", flush=True)
            if survived:
                alive += 1
                print(f"survived: {mutant.module}:{mutant.line} {mutant.what}", flush=True)
    print(f"{len(chosen)} of {len(found)} mutants, {alive} survived, kill rate {1 - alive / max(1, len(chosen)):.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
