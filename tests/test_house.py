"""The house rules that a machine can see; each rule is also shown to bite."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("minicloud", "scenarios", "bench", "tests")
WRITTEN = (*ROOMS, "docs", ".ci")
LONGEST_FILE, LONGEST_FUNCTION, MOST_MODULES = 350, 50, 9
WAIVER = "# house: "

PYTHON = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
PRODUCT = [path for path in PYTHON if path.is_relative_to(ROOT / "minicloud")]
# Where Trio's own module state is handled, and where foreign libraries are met.
FREE = (ROOT / "minicloud/kernel/_trio.py", ROOT / "minicloud/adapters")
LAWFUL = [p for p in PRODUCT if not any(p.is_relative_to(free) for free in FREE)]

CALLS = {
    "hash": "order and identity by hash() change from process to process",
    "id": "id() is an address, and changes from run to run",
    "time.time": "the wall clock",
    "time.time_ns": "the wall clock",
    "datetime.now": "the wall clock",
    "datetime.utcnow": "the wall clock",
    "datetime.today": "the wall clock",
    "date.today": "the wall clock",
    "os.urandom": "not from the seed",
    "uuid.uuid1": "not from the seed",
    "uuid.uuid4": "not from the seed",
    "random.random": "the global stream",
    "random.seed": "the global stream",
    "random.shuffle": "the global stream",
    "random.choice": "the global stream",
    "random.randint": "the global stream",
    "random.randrange": "the global stream",
    "random.uniform": "the global stream",
    "random.sample": "the global stream",
    "random.getrandbits": "the global stream",
    "random.expovariate": "the global stream",
}
SETS = "a set has no stable order: sort it, or keep a dict"


def dotted(node):
    """`a.b.c` as text for a chain of names, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def is_set(node):
    if isinstance(node, ast.Call):
        return dotted(node.func) in {"set", "frozenset"}
    return isinstance(node, ast.Set | ast.SetComp)


def broken_law(node, unused):
    """Why this node is forbidden, or nothing."""
    if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        return SETS if is_set(node.iter) else ""
    if not isinstance(node, ast.Call):
        return ""
    name = dotted(node.func)
    if name in {"list", "tuple", "iter", "enumerate"} and node.args and is_set(node.args[0]):
        return SETS
    if name == "hash" and node in unused:  # asks only whether the thing can be hashed
        return ""
    return CALLS.get(name.removeprefix("datetime."), "")


def broken_laws(source):
    """(line, why) for each forbidden call and each iteration over a set, but for waived lines."""
    lines, tree = source.splitlines(), ast.parse(source)
    unused = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    found = []
    for node in ast.walk(tree):
        if why := broken_law(node, unused):
            line = node.iter.lineno if isinstance(node, ast.comprehension) else node.lineno
            if WAIVER not in lines[line - 1]:
                found.append((line, why))
    return found


def long_functions(source):
    """Name and length of those that do not fit a screen; the docstring is not counted."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            opening = node.body[0] if ast.get_docstring(node) else None
            words = opening.end_lineno - opening.lineno + 1 if opening else 0
            length = node.end_lineno - node.lineno + 1 - words
            if length > LONGEST_FUNCTION:
                yield node.name, length


def listed(found):
    return "\n".join(["", *found])


def here(path):
    return path.relative_to(ROOT).as_posix()


def test_there_is_something_to_look_at():
    assert len(PRODUCT) > 20
    assert len(LAWFUL) >= len(PRODUCT) - 12


def test_no_file_is_too_long():
    sizes = {here(path): len(path.read_text("utf-8").splitlines()) for path in PYTHON}
    long = [f"{name} has {size} lines" for name, size in sizes.items() if size > LONGEST_FILE]
    assert not long, listed(long)


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{here(path)}: {name} has {length} lines"
        for path in PRODUCT
        for name, length in long_functions(path.read_text("utf-8"))
    ]
    assert not long, listed(long)


def test_no_folder_is_too_full():
    folders = {}
    for path in PRODUCT:
        if path.name != "__init__.py":  # a front door: names, and nothing else
            folders.setdefault(here(path.parent), []).append(path.name)
    full = [f"{n} has {len(f)} modules" for n, f in folders.items() if len(f) > MOST_MODULES]
    assert not full, listed(full)


def test_every_module_opens_with_what_it_owns():
    bare = []
    for path in [p for p in PYTHON if not p.is_relative_to(ROOT / "tests")]:
        source = path.read_text("utf-8")
        if source.strip() and not ast.get_docstring(ast.parse(source)):
            bare.append(here(path))
    assert not bare, listed(bare)


def test_nothing_in_a_run_depends_on_more_than_the_seed():
    broken = [
        f"{here(path)}:{line}: {why}"
        for path in LAWFUL
        for line, why in broken_laws(path.read_text("utf-8"))
    ]
    assert not broken, listed(broken)


# A registry or a machine is named by none of these; written so that this file does not either.
NAMED = re.compile(
    "|".join(
        [
            "py" + r"pi\.org",
            "python" + "hosted",
            "npm" + r"js\.",
            "index" + "-url",
            r"(?<![\w.$}/-])/(?:" + "home|root|work|Users" + r")/\w",
            r"(?<![\w.$}/-])/" + "tmp" + r"/\w",
        ]
    )
)


def written_files():
    top = [path for path in ROOT.iterdir() if path.suffix in {".md", ".toml", ".txt"}]
    for path in sorted([*top, *(p for room in WRITTEN for p in (ROOT / room).rglob("*"))]):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def test_no_file_names_a_registry_or_a_machine():
    found = []
    for path in written_files():
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if NAMED.search(line):
                found.append(f"{here(path)}:{number}: {line.strip()[:80]}")
    assert not found, listed(found)


def test_constraints_are_names_and_versions():
    pin = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+]*$")
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 10
    assert [line for line in pins if not pin.match(line)] == []


# --- the rules bite


@pytest.mark.parametrize(
    "source",
    [
        "key = hash('x')",
        "x = sorted(y, key=lambda z: id(z))",
        "now = time.time()",
        "now = datetime.datetime.now()",
        "import random\nrandom.shuffle(x)",
        "for x in set(y): pass",
        "for x in {1, 2}: pass",
        "[x for x in {y for y in z}]",
        "y = list(frozenset(z))",
        "async def f():\n    async for x in set(y): pass",
    ],
)
def test_a_planted_leak_is_found_and_a_reason_waives_it(source):
    assert len(broken_laws(source)) == 1
    line = broken_laws(source)[0][0]
    lines = source.splitlines()
    lines[line - 1] += f"  {WAIVER}shown to the reader only"
    assert broken_laws("\n".join(lines)) == []


@pytest.mark.parametrize(
    "source",
    [
        "for x in sorted(set(y)): pass",
        "message.id(3)",
        "self.hash(3)",
        "r = random.Random(3)",
        "started = time.perf_counter()",
        "if x in {1, 2}: pass",
        "self.clock.time.now()",
        "self.random.random()",
        "try:\n    hash(x)\nexcept TypeError:\n    raise",
    ],
)
def test_lawful_lines_are_left_alone(source):
    assert broken_laws(source) == []


def test_a_machine_path_is_found_and_a_relative_one_is_not():
    assert NAMED.search("see /" + "tmp/x.py")
    assert NAMED.search("'/" + "home/me/x'")
    assert NAMED.search("--index" + "-url x")
    assert not NAMED.search("../shared/data and runs/x and $work/user and a/work/b")


def test_a_long_function_is_found():
    assert list(long_functions("def f():\n" + "    x = 1\n" * 60)) == [("f", 61)]
    assert list(long_functions("def f():\n" + "    x = 1\n" * 49)) == []
    assert list(long_functions("def f():\n    '''A" + "\n" * 60 + "    '''")) == []
