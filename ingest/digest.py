"""A file's digest, which is its document's id."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rag_chat.errors import DocumentError


def digest(path: Path) -> str:
    """Of the file's bytes: the document's id. Raises DocumentError where they cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise DocumentError(f"No file '{_shown(path)}' is there; check the path.", "E_NO_FILE") from error
    except IsADirectoryError as error:
        raise DocumentError(f"'{_shown(path)}' is a folder; name the files in it.", "E_NO_FILE") from error
    except OSError as error:
        raise DocumentError(f"The file '{_shown(path)}' cannot be read: {error.strerror}.", "E_UNREADABLE") from error


def _shown(path: Path) -> str:
    """As it was given, without the halves of characters that stand for unreadable bytes in a file's name."""
    return str(path).encode("utf-8", "replace").decode("utf-8")
