"""The words of the command line: options that take several, and `--resume`, which may stand alone."""

from typing import Any

import typer

from nightshift.bench.script.words import SeveralWords


class CompareCommand(SeveralWords):
    """`--systems 0 5` is `--systems 0 --systems 5`, and `--resume` before another flag is `--resume=`.

    Its help ends with the formulas of the measures.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - Typer's own copy of Click
        """Print the options, then how the figures are computed."""
        from nightshift.bench.measures.screen import measures_help

        super().format_help(ctx, formatter)
        typer.echo(measures_help())

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own copy of Click
        """Set the words apart, then go on as usual."""
        following = [*args[1:], "--"]
        alone = [
            "--resume=" if word == "--resume" and after.startswith("--") else word
            for word, after in zip(args, following, strict=True)
        ]
        return super().parse_args(ctx, alone)
