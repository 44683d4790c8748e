"""A group of commands of which one needs no name: `eval FOLDER` beside `eval answers FOLDER`.

A first word that is the name of another command goes to that; a folder of the same name is written ./answers.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

DEFAULT = "default"  # what the nameless command is registered as; typed, it is an argument like any other


class WithDefault(TyperGroup):
    """Hands everything that begins with no other command's name to the command registered as DEFAULT."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and args[0] in self.commands and args[0] != DEFAULT
        return super().parse_args(ctx, args if named else [DEFAULT, *args])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == DEFAULT else name, command, rest  # its usage shows no name
