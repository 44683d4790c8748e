"""The command line: one app, the options that all commands share, and how errors end.

Imports nothing heavy, so that `--help` answers at once; a command loads what it needs when it runs.
"""

from __future__ import annotations

import io
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rag_chat.commands import ask, backup, chat, doctor, documents, evaluate, evaluate_answers, models, search, train
from rag_chat.commands.default_command import DEFAULT, WithDefault
from rag_chat.commands.session import Session
from rag_chat.errors import RagChatError

WITH_VALUE, ALONE = ("--library", "--config"), ("--debug",)
FAILED, MISTAKE, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Ask your documents: search, cited answers, and what is in the library.",
    context_settings={"help_option_names": ["--help", "-h"]},
)
training = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train the default models.")
evaluation = typer.Typer(cls=WithDefault, rich_markup_mode=None, help="Measure the ranking, or the answers.")


@app.callback()
def everywhere(
    context: typer.Context,
    library: Annotated[Path | None, typer.Option(help="The folder that holds everything you have put in.")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with settings.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    context.obj = Session(library, config, debug)


app.command()(documents.documents)
app.command()(documents.delete)
app.command()(search.search)
app.command()(ask.ask)
app.command()(chat.chat)
evaluation.command(DEFAULT)(evaluate.evaluate)
evaluation.command("answers")(evaluate_answers.answers)
app.add_typer(evaluation, name="eval")
app.command()(models.models)
app.command()(doctor.doctor)
app.command()(backup.backup)
app.command()(backup.restore)
training.command("reranker")(train.reranker)
training.command("support")(train.support)
training.command("answerer")(train.answerer)
training.command("mean")(train.mean)
app.add_typer(training, name="train")


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot show must not end the command
    code = run(sys.argv[1:])
    if code == INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C ends what is still closing, without a word
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """The exit code: 0, 2 for a user's mistake, 1 for a failure, 130 for Ctrl-C."""
    debug = "--debug" in arguments
    try:
        code = app(_shared_first(arguments), prog_name="rag-chat", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except RagChatError as error:
        return _end(str(error), error.exit_code, debug)
    except typer.TyperException as error:
        if error.format_message().startswith("Usage:"):  # no command was named: the whole help
            typer.echo(error.format_message(), err=True)
            return MISTAKE
        said = error.format_message().replace("Value error, ", "").rstrip(".")
        return _end(f"{said}; see: rag-chat --help.", MISTAKE, debug)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        return _end(f"The operating system refused: {error.strerror or type(error).__name__}.", FAILED, debug)
    except Exception as error:  # the outer edge: whatever happens is one sentence
        return _end(f"This should not happen: {type(error).__name__}; run again with --debug.", FAILED, debug)


def _end(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    typer.echo(" ".join(message.split()), err=True)
    return code


def _shared_first(arguments: Sequence[str]) -> list[str]:
    """Moves the shared options in front, so that they may be given anywhere before `--`."""
    shared: list[str] = []
    rest: list[str] = []
    remaining = list(arguments)
    while remaining:
        argument = remaining.pop(0)
        if argument == "--":
            rest += [argument, *remaining]
            break
        if argument in ALONE or argument.split("=")[0] in WITH_VALUE:
            shared.append(argument)
            if argument in WITH_VALUE and remaining:
                shared.append(remaining.pop(0))
        else:
            rest.append(argument)
    return shared + rest


if __name__ == "__main__":
    main()
