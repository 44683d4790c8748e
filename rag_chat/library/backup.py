"""A library as one tar file, and back: everything that cannot be made anew, each part with its checksum.

The vector index is left out, as it follows from the catalog. SQLite files are copied by SQLite itself, so the copy
is whole whatever their logs hold. Writing needs no lock, and works beside a running app: files are written once and
never changed, so those that were there before or after the databases were copied are all that these name; one that
goes meanwhile makes it begin anew. Knows nothing of what the files mean. Limit: a document that comes and goes within
the moment of copying the databases may be listed without its file.
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
    "begun",
    "lock",
    "app.json",
)  # not part of a backup, by the first part of the name
_TEMPORARY = (".part", "-wal", "-shm")
_CHANGING = (".sqlite", ".json")  # copied before they are packed; everything else is written once
TRIES = 10  # where documents are deleted meanwhile


def write(folder: Path, target: Path) -> int:
    """Writes the backup; there whole or not at all. How many files it has."""
    part = target.with_name(f"{target.name}.part")
    try:
        for _ in range(TRIES):
            with no_space_is_disk_full(), TemporaryDirectory(dir=target.parent) as temporary:
                try:
                    count = _pack(folder, part, Path(temporary))
                except FileNotFoundError as error:
                    if not Path(error.filename or "").is_relative_to(folder):
                        raise
                    continue  # it was deleted meanwhile
            part.rename(target)
            return count
    except OSError as error:
        raise LibraryError(
            f"The backup '{target}' cannot be written ({error.strerror}); choose another path."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    raise LibraryError("Documents are deleted all the time; back the library up when it is at rest.")


def _pack(folder: Path, part: Path, temporary: Path) -> int:
    before = list(_kept(folder))
    copies = {name: _copy(folder / name, temporary) for name in before if name.endswith(_CHANGING)}
    names = [name for name in [*before, *_kept(folder)] if not name.endswith(_CHANGING)]
    sources = copies | {name: folder / name for name in names if not name.startswith(temporary.name)}
    contents = temporary / CONTENTS
    contents.write_text(json.dumps({name: _sha256(path) for name, path in sources.items()}), encoding="utf-8")
    with tarfile.open(part, "w") as archive:
        archive.add(contents, CONTENTS)
        for name, path in sources.items():
            archive.add(path, name)
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


def copy_catalog(folder: Path, target: Path) -> None:
    """As it is at this moment, for who wants to read it beside whoever has the library open."""
    for path in folder.glob("*.sqlite"):
        _copy(path, target)


def _kept(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] not in DERIVED and not path.name.endswith(_TEMPORARY):
            yield name.as_posix()


def _copy(path: Path, temporary: Path) -> Path:
    """By SQLite of what is one of its databases."""
    copy = temporary / path.name
    if path.suffix != ".sqlite":
        return Path(shutil.copyfile(path, copy))
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
