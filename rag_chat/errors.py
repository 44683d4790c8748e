"""The tree of errors. Each message is one sentence: what happened, the value seen, what to do.

RagChatError
├── UserError                a mistake in what was asked for (exit code 2)
│   ├── BadQuestion          empty, or longer than the limit
│   ├── BadSetting           unknown key or unusable value
│   ├── NotFound             a path or document id that is not there
│   └── BadDataset           an evaluation or training file that cannot be read
├── DocumentError            one file cannot be ingested; others are unaffected
├── WeightsMissing           a model's files are not on this machine
├── ModelFailed              a model is here but does not work as needed
├── LibraryError             the library folder cannot be used
│   ├── LibraryInUse         another process owns it
│   ├── LibraryMismatch      it was built with another embedder or chunker
│   ├── DiskFull             no space left while writing
│   └── DiskFailed           the disk failed in another way while reading or writing
├── RemoteFailed             a configured server did not answer as it should
└── PortInUse                the web app's port is taken
"""

from __future__ import annotations

from typing import Literal, TypeAlias

# What is wrong with one document, for scripts; the sentence beside it is for people.
FailureCode: TypeAlias = Literal[
    "E_NO_FILE", "E_UNREADABLE", "E_EMPTY", "E_TOO_LARGE", "E_NOT_PDF", "E_UNKNOWN_KIND", "E_DAMAGED", "E_ENCRYPTED",
    "E_BAD_PASSWORD", "E_CANNOT_DECRYPT", "E_NO_PAGES", "E_TOO_MANY_PAGES", "E_TOO_MUCH_TEXT", "E_NO_TEXT", "E_TIMEOUT",
    "E_MEMORY", "E_PARSER_CRASH", "E_PARSER_FAILED", "E_DISK_FULL", "E_DISK_FAILED", "E_CHANGED", "E_CANCELED",
    "E_INTERNAL",
]  # fmt: skip
PASSWORD_CODES: tuple[FailureCode, ...] = ("E_ENCRYPTED", "E_BAD_PASSWORD")  # a password, or another one, mends it


class RagChatError(Exception):
    """Base of every error that a user may see; the message is fit for showing as it is."""

    exit_code = 1


class UserError(RagChatError):
    exit_code = 2


class BadQuestion(UserError):
    pass


class BadSetting(UserError):
    pass


class NotFound(UserError):
    pass


class BadDataset(UserError):
    pass


class DocumentError(RagChatError):
    def __init__(self, message: str, code: FailureCode = "E_DAMAGED") -> None:
        super().__init__(message)
        self.code: FailureCode = code


class WeightsMissing(RagChatError):
    pass


class ModelFailed(RagChatError):
    pass


class LibraryError(RagChatError):
    pass


class LibraryInUse(LibraryError):
    pass


class LibraryMismatch(LibraryError):
    pass


class DiskFull(LibraryError):
    pass


class DiskFailed(LibraryError):
    pass


class RemoteFailed(RagChatError):
    pass


class PortInUse(UserError):
    pass
