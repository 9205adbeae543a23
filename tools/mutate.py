"""Change the playlist's source in small ways, one at a time, and see whether its tests notice.

    python tools/mutate.py [--minutes 25] [--module rotation.py] [--jobs 2]

A mutant has one comparison turned, one arithmetic operator exchanged, one number moved by one, one boolean word
exchanged, one condition negated, or ``min`` and ``max`` exchanged. Nothing in the checkout is touched: each mutant
runs in a forked process whose import of that one module gets the changed source. First every test is run once on the
sound package to see how long it takes and which functions it calls; a mutant then meets only the tests that call its
function, the quickest first, until one fails or twelve seconds' worth of them have passed. Mutants are tried in one
fixed random order, so that a run of a few minutes is a fair sample of every module. Survivors are printed with their
line; the table at the end has the kill rate of each module.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from types import CodeType, FrameType

import pytest
from hypothesis import Phase, settings

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "ledsign" / "playlist"
TESTS = "tests/playlist"
BUDGET_S = 12.0  # of tests for one mutant: what is slower is not run, so that the kill rate is at least what is said
EVENTS = 200_000  # calls and returns of a test that are looked at; after that it repeats itself
LIMIT_S = 60  # of processor time for one mutant; one that hangs has been noticed
LIMIT_BYTES = 2 << 30
COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult}


@dataclass(frozen=True)
class Mutant:
    """One change. ``function``: first line of the innermost function around it, 0 outside any; ``text``: the
    changed expression."""

    module: str
    line: int
    function: int
    what: str
    text: str
    source: str


@dataclass(frozen=True)
class Measured:
    """A test on the sound package: its seconds, and the functions of the package (module:line) it called."""

    seconds: float
    calls: frozenset[str]


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
    functions = _functions(tree)
    decorated = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    decorators = {id(part) for node in decorated for each in node.decorator_list for part in ast.walk(each)}
    for node in ast.walk(tree):
        if id(node) in decorators:
            continue  # they say how a class is built: frozen or not makes no difference to the day
        for field, value in ast.iter_fields(node):
            places = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            for index, child in places:
                if not isinstance(child, ast.expr | ast.stmt):
                    continue
                for what, new in _changes(child):
                    line = child.lineno
                    inside = [(first, last) for first, last in functions if first <= line <= last]
                    _put(node, field, index, ast.copy_location(new, child))
                    source = ast.unparse(ast.fix_missing_locations(tree))
                    text = " ".join(ast.unparse(new).split())[:90]
                    yield Mutant(path.name, line, max(inside, default=(0, 0))[0], what, text, source)
                    _put(node, field, index, child)


def _functions(tree: ast.AST) -> list[tuple[int, int]]:
    """First and last line of every named function; the first as its code object has it (with decorators)."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found.append((first, node.end_lineno or first))
    return found


def _put(node: ast.AST, field: str, index: int | None, child: ast.AST) -> None:
    if index is None:
        setattr(node, field, child)
    else:
        getattr(node, field)[index] = child


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives one module its changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = "ledsign.playlist." + mutant.module.removesuffix(".py")
        self._path = str(PACKAGE / mutant.module)
        self._source = mutant.source

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self, origin=self._path) if name == self._name else None

    def get_source(self, fullname: str) -> str:
        return self._source

    def is_package(self, fullname: str) -> bool:
        return False

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self._path, "exec")


class _Watch:
    """A pytest plugin that notes for each test its seconds and the package's functions it calls."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[float, list[str]]] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        seen: set[CodeType] = set()
        left = EVENTS

        def note(frame: FrameType, event: str, argument: object) -> None:
            nonlocal left
            left -= 1
            if event == "call":
                seen.add(frame.f_code)
            if not left:
                sys.setprofile(None)

        begun = time.perf_counter()
        sys.setprofile(note)
        yield
        sys.setprofile(None)
        calls = [
            f"{Path(code.co_filename).name}:{code.co_firstlineno}"
            for code in seen
            if code.co_filename.startswith(str(PACKAGE))
        ]
        self.found[item.nodeid] = time.perf_counter() - begun, sorted(calls)


def _pytest(tests: Sequence[str], plugins: Sequence[object] = ()) -> int:
    quiet = ["-q", "-x", "-p", "no:cacheprovider", "--timeout=0", "--hypothesis-profile=mutants"]
    return int(pytest.main([*quiet, "--hypothesis-seed=1", "--rootdir", str(ROOT), *tests], plugins=list(plugins)))


def _child(work: Iterator[object]) -> int:
    """Fork; in the child silence the terminal, bound time and memory, do the work and exit with its last value."""
    process = os.fork()
    if process:
        return process
    status = 99
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
        for value in work:
            status = int(str(value))
    finally:
        os._exit(status)


def measure() -> Mapping[str, Measured]:
    """Run all tests once on the sound package. Raises SystemExit when one fails."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        out = Path(folder) / "measured.json"

        def work() -> Iterator[object]:
            watch = _Watch()
            status = _pytest([TESTS], [watch])
            out.write_text(json.dumps(watch.found), encoding="utf-8")
            yield status

        _, status = os.waitpid(_child(work()), 0)
        if status:
            raise SystemExit("the tests fail on the sound package")
        found = json.loads(out.read_text(encoding="utf-8"))
    return {name: Measured(seconds, frozenset(calls)) for name, (seconds, calls) in found.items()}


def meets(mutant: Mutant, measured: Mapping[str, Measured]) -> list[str]:
    """The tests that call the mutant's function, the quickest first."""
    place = f"{mutant.module}:{mutant.function}"
    touching = [
        (each.seconds, name)
        for name, each in measured.items()
        if not mutant.function or place in each.calls  # what stands outside any function may concern every test
    ]
    spent = accumulate(seconds for seconds, _ in sorted(touching))
    return [name for (_, name), total in zip(sorted(touching), spent, strict=True) if total < BUDGET_S]


def try_out(mutant: Mutant, tests: Sequence[str]) -> int:
    """Start a process that runs the tests on the mutant; its id. It exits with 0 when nobody noticed."""

    def work() -> Iterator[object]:
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
        sys.meta_path.insert(0, _Changed(mutant))
        yield _pytest(tests)

    return _child(work())


class Outcome(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    HUNG = "hung"  # it was noticed by running out of processor time
    SURVIVED = "survived"


def campaign(
    chosen: Sequence[Mutant], measured: Mapping[str, Measured], jobs: int, until: float
) -> Counter[tuple[str, Outcome]]:
    """Try them in order, ``jobs`` at a time, and begin none after ``until`` (monotonic seconds); how many of each
    module came to what."""
    found: Counter[tuple[str, Outcome]] = Counter()
    running: dict[int, Mutant] = {}
    queue = list(reversed(chosen))

    def note(mutant: Mutant, outcome: Outcome) -> None:
        found[mutant.module, outcome] += 1
        if outcome is Outcome.SURVIVED:
            print(f"survived: {mutant.module}:{mutant.line} {mutant.what}: {mutant.text}", flush=True)
        if found.total() % 50 == 0:
            print(f"{found.total()} of {len(chosen)}", flush=True)

    while running or (queue and time.monotonic() < until):
        while queue and len(running) < jobs and time.monotonic() < until:
            mutant = queue.pop()
            tests = meets(mutant, measured)
            if tests:
                running[try_out(mutant, tests)] = mutant
            else:
                note(mutant, Outcome.SURVIVED)
        if running:
            process, status = os.wait()
            hung = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
            outcome = Outcome.SURVIVED if status == 0 else Outcome.HUNG if hung else Outcome.KILLED
            note(running.pop(process), outcome)
    return found


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=float("inf"), help="begin no mutant after so long")
    arguments.add_argument("--module", action="append", help="only this file of playlist/")
    arguments.add_argument("--jobs", type=int, default=2)
    asked = arguments.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate], derandomize=True)
    for name in ("ledsign.policy", "ledsign.notice", "ledsign.frame", "ledsign.trust", "ledsign.visibility"):
        importlib.import_module(name)  # what the children share
    measured = measure()
    paths = sorted(PACKAGE.glob("*.py"))
    found = [m for path in paths if not asked.module or path.name in asked.module for m in mutants(path)]
    random.Random(1).shuffle(found)
    spent = sum(each.seconds for each in measured.values())
    print(f"{len(measured)} tests in {spent:.0f} s, {len(found)} mutants", flush=True)
    outcomes = campaign(found, measured, asked.jobs, time.monotonic() + 60 * asked.minutes)
    print(f"{'':16}{'tried':>6}{'of':>6}" + "".join(f"{outcome:>10}" for outcome in Outcome))
    of = Counter(mutant.module for mutant in found)
    for module in [*sorted(of), ""]:
        by = [sum(n for (name, what), n in outcomes.items() if module in ("", name) and what is one)
              for one in Outcome]  # fmt: skip
        rate = 1 - by[-1] / max(1, sum(by))
        total = of[module] if module else of.total()
        print(f"{module or 'all':16}{sum(by):6}{total:6}" + "".join(f"{n:10}" for n in by) + f"{rate:8.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
