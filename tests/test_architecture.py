"""The import rules of the house, as data. Layers import downward only; see README, "How it works"."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = [*sorted((ROOT / "rag_chat").rglob("*.py")), *sorted((ROOT / "ingest").rglob("*.py")), ROOT / "app.py"]

# A module may import the project's modules of its own layer's folder and of lower layers only.
LAYERS = [
    ("rag_chat.errors", "rag_chat.types", "rag_chat.sentences", "rag_chat.search_copy"),
    (
        "rag_chat.protocols rag_chat.config rag_chat.scoring rag_chat.trace rag_chat.quiet rag_chat.sandbox"
        " rag_chat.child"
        " rag_chat.question rag_chat.wire rag_chat.front rag_chat.words rag_chat.lexical rag_chat.figures"
        " rag_chat.coverage rag_chat.language rag_chat.progress rag_chat.orders rag_chat.statements rag_chat.tables"
        " rag_chat.token_codes rag_chat.filters rag_chat.document_name rag_chat.turned"
    ).split(),
    (
        "rag_chat.units rag_chat.weights rag_chat.endpoint rag_chat.compute rag_chat.lanes rag_chat.bert"
        " rag_chat.library rag_chat.index rag_chat.retrieval rag_chat.rerank rag_chat.reading rag_chat.generation"
        " rag_chat.running"
    ).split(),
    ("rag_chat.highlight", "rag_chat.chat", "rag_chat.render", "rag_chat.export"),
    ("rag_chat.evaluation", "rag_chat.training"),
    ("rag_chat.build",),
    ("rag_chat.web", "rag_chat.commands", "rag_chat.api", "rag_chat.integrations"),
    ("rag_chat.cli", "ingest.cli", "app"),
]
SIBLINGS = ("rag_chat.index", "rag_chat.retrieval", "rag_chat.rerank", "rag_chat.reading", "rag_chat.generation")
INGEST_MAY_USE = (
    "rag_chat.errors rag_chat.types rag_chat.protocols rag_chat.config rag_chat.trace rag_chat.sentences rag_chat.front"
    " rag_chat.sandbox rag_chat.library rag_chat.index.connect rag_chat.progress rag_chat.running rag_chat.tables"
    " rag_chat.token_codes rag_chat.search_copy rag_chat.document_name rag_chat.language rag_chat.turned"
).split()
DOORS = {  # a foreign package and the only places that import it
    "gradio": ("rag_chat.web", "app"),
    "chromadb": ("rag_chat.index.chroma", "rag_chat.index.probe"),
    "sqlite3": ("rag_chat.library", "rag_chat.index.seal"),
    "sentence_transformers": (
        "rag_chat.index.embedders",
        "rag_chat.rerank.cross_encoder",
        "rag_chat.rerank.token_encoders",
    ),
    "pypdf": ("ingest",),
    "pypdfium2": ("ingest", "rag_chat.highlight", "rag_chat.turned"),
    "rapidocr": ("ingest.ocr",),
    "mammoth": ("ingest.markup",),
    "markdown_it": ("ingest.markup",),
    "charset_normalizer": ("ingest.plain",),
    "py3langid": ("rag_chat.language",),
    "peft": ("rag_chat.training.adapter_trainer",),
    "httpx": ("rag_chat.endpoint", "rag_chat.generation.remote", "rag_chat.running"),
    "sklearn": ("rag_chat.training.calibration",),
    "scipy": ("rag_chat.evaluation.metrics",),
    "ir_measures": ("rag_chat.evaluation.metrics",),
    "langchain_core": ("rag_chat.integrations.langchain",),
    "llama_index": ("rag_chat.integrations.llama_index",),
    "matplotlib": ("rag_chat.evaluation.plot",),
    "typer": ("rag_chat.cli", "rag_chat.commands", "ingest.cli", "ingest.terminal"),
    "rich": ("rag_chat.cli", "rag_chat.commands", "ingest.cli", "ingest.terminal"),
}
HEAVY = ("torch", "transformers", "sentence_transformers", "chromadb", "gradio", "pandas")
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def imports_of(path: Path) -> set[str]:
    """Every module that the file imports anywhere, but for type checking."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def within(module: str, places: tuple[str, ...] | list[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def layer_of(module: str) -> int | None:
    return next((number for number, places in enumerate(LAYERS) if within(module, places)), None)


def ids(path: Path) -> str:
    return module_of(path)


@pytest.mark.parametrize("path", PRODUCT, ids=ids)
def test_layers_import_downward_only(path):
    own = layer_of(module_of(path))
    for imported in imports_of(path):
        there = layer_of(imported)
        if own is not None and there is not None:
            assert there <= own, f"{module_of(path)} (layer {own}) imports {imported} (layer {there})"


@pytest.mark.parametrize("path", PRODUCT, ids=ids)
def test_siblings_do_not_know_each_other(path):
    own = next((place for place in SIBLINGS if within(module_of(path), (place,))), None)
    others = [place for place in SIBLINGS if place != own]
    assert own is None or not [m for m in imports_of(path) if within(m, others)]


@pytest.mark.parametrize("path", PRODUCT, ids=ids)
def test_the_two_packages_know_each_other_only_as_agreed(path):
    module, imported = module_of(path), imports_of(path)
    if module.startswith("rag_chat"):
        assert not [m for m in imported if within(m, ("ingest",))]
    elif module.startswith("ingest") and module != "ingest.cli":
        assert not [
            m for m in imported if within(m, ("rag_chat",)) and m != "rag_chat" and not within(m, INGEST_MAY_USE)
        ]


@pytest.mark.parametrize("path", PRODUCT, ids=ids)
def test_foreign_packages_have_one_door(path):
    for foreign, places in DOORS.items():
        if any(within(m, (foreign,)) for m in imports_of(path)):
            assert within(module_of(path), places), f"{module_of(path)} imports {foreign}"


@pytest.mark.parametrize("path", PRODUCT, ids=ids)
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{node.name} is too long"


@pytest.mark.parametrize("path", [p for p in PRODUCT if p.name != "__init__.py"], ids=ids)
def test_every_module_is_placed_in_the_map(path):
    assert layer_of(module_of(path)) is not None or module_of(path).startswith("ingest")


def test_what_people_wait_for_loads_nothing_heavy():
    code = (
        "import sys, rag_chat.build, rag_chat.cli, ingest.cli, rag_chat.render, rag_chat.chat.engine;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"
