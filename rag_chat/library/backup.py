"""A library as one tar file, and back: everything that cannot be made anew, each part with its checksum.

The vector index is left out, as it follows from the catalog. SQLite files are copied by SQLite itself, so the copy
is whole whatever their logs hold. Knows nothing of what the files mean. Limit: the caller holds the library's lock.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from rag_chat.errors import LibraryError
from rag_chat.library.files import no_space_is_disk_full

CONTENTS = "contents.json"  # the first member: {name: sha256}
DERIVED = (
    "chroma",
    "chroma.damaged",
    "chroma.seal",
    "lock",
    "app.json",
)  # not part of a backup, by the first part of the name
_TEMPORARY = (".part", "-wal", "-shm")


def write(folder: Path, target: Path) -> int:
    """Writes the backup; there whole or not at all. How many files it has."""
    part = target.with_name(f"{target.name}.part")
    try:
        with no_space_is_disk_full(), TemporaryDirectory(dir=target.parent) as temporary:
            sources = {name: _source(folder / name, Path(temporary)) for name in _kept(folder)}
            contents = Path(temporary) / CONTENTS
            contents.write_text(json.dumps({name: _sha256(path) for name, path in sources.items()}), encoding="utf-8")
            with tarfile.open(part, "w") as archive:
                archive.add(contents, CONTENTS)
                for name, path in sources.items():
                    archive.add(path, name)
            part.rename(target)
    except OSError as error:
        raise LibraryError(
            f"The backup '{target}' cannot be written ({error.strerror}); choose another path."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return len(sources)


def read(source: Path, folder: Path) -> int:
    """Puts a backup where no library is yet, once every checksum is right; how many files it has."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with no_space_is_disk_full(), TemporaryDirectory(dir=folder.parent) as temporary:
            unpacked = Path(temporary) / "library"
            with tarfile.open(source, "r:") as archive:
                archive.extractall(unpacked, filter="data")
            contents = _checked(unpacked)
            (unpacked / CONTENTS).unlink()
            # The folder itself stays, as it holds the caller's lock; the catalog comes last and makes it a library.
            for path in sorted(unpacked.iterdir(), key=lambda path: (path.suffix == ".sqlite", path.name)):
                shutil.move(path, folder / path.name)
    except (tarfile.TarError, ValueError, KeyError, EOFError) as error:
        raise LibraryError(f"'{source}' is no backup of a library, or is damaged; name another file.") from error
    except OSError as error:
        raise LibraryError(f"The backup '{source}' cannot be read ({error.strerror}); check the path.") from error
    return len(contents)


def _kept(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] not in DERIVED and not path.name.endswith(_TEMPORARY):
            yield name.as_posix()


def _source(path: Path, temporary: Path) -> Path:
    """The file itself, or a copy by SQLite of what is one of its databases."""
    if path.suffix != ".sqlite":
        return path
    copy = temporary / path.name
    try:
        with closing(sqlite3.connect(path)) as db, closing(sqlite3.connect(copy)) as target:
            db.backup(target)  # page by page: VACUUM would number the rows anew, which the word index goes by
    except sqlite3.Error as error:
        raise LibraryError(f"'{path.name}' of the library cannot be copied ({error}); run: rag-chat doctor.") from error
    return copy


def _checked(unpacked: Path) -> dict[str, str]:
    """The contents, when they are exactly what is there; ValueError else."""
    contents: dict[str, str] = json.loads((unpacked / CONTENTS).read_text(encoding="utf-8"))
    there = {p.relative_to(unpacked).as_posix() for p in unpacked.rglob("*") if p.is_file()} - {CONTENTS}
    if there != contents.keys() or any(_sha256(unpacked / name) != value for name, value in contents.items()):
        raise ValueError("not what the list of contents says")
    return contents


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
