"""Tables that line up at 100 columns: text to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

NUMBER, PROSE = ">", "~"
"""Begin the headings of columns of numbers, to the right, and of sentences, which may take two lines."""


def plain_table(*headings: str) -> Table:
    """Return a table without rules. On a narrow terminal names are cut, sentences wrapped, numbers kept."""
    names = [heading.lstrip(NUMBER + PROSE) for heading in headings]
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(names))
    for heading, name in zip(headings, names, strict=True):
        is_number = heading.startswith(NUMBER)
        table.add_column(
            name,
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold" if heading.startswith(PROSE) else "ellipsis",
        )
    return table


def filled(table: Table, rows: Iterable[Iterable[str]]) -> Table:
    """Return the table with these rows; what they say is never taken for markup."""
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def heading(words: str) -> Text:
    return Text(f"\n{words}", style="bold")
