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
│   └── DiskFull             no space left while writing
├── RemoteFailed             a configured server did not answer as it should
└── PortInUse                the web app's port is taken
"""


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
    pass


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


class RemoteFailed(RagChatError):
    pass


class PortInUse(UserError):
    pass
