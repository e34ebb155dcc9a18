"""Pages and pictures of some sketches."""

from __future__ import annotations

import html
import json
import os
from pathlib import Path
from typing import Any

from . import _overlap
from ._overlap import OutputError, UsageError


class Report:
    """Everything about some sketches as one page: the answer in words, pictures, tables, formulas to try.

    Made by `report`; shows itself in notebooks.

    Attributes:
        html: The page, one file that asks the network for nothing.
    """

    def __init__(self, text: str) -> None:
        self._json = text
        self.html = _overlap.page(text)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """A report that was saved, or the JSON report of another command of the program.

        Args:
            text: The JSON.

        Returns:
            The report.

        Raises:
            InputError: It isn't such a report.
        """
        return cls(text)

    def to_json(self) -> str:
        """The report as the program writes it: ``overlap.report/1``.

        Returns:
            One line of JSON.
        """
        return self._json

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data.

        Returns:
            What `to_json` says.
        """
        data: dict[str, Any] = json.loads(self._json)
        return data

    @property
    def pictures(self) -> list[str]:
        """The names of its pictures."""
        return _overlap.pictures(self._json)

    def svg(self, picture: str | None = None, size: tuple[int, int] = (1600, 900)) -> str:
        """One of its pictures.

        Args:
            picture: Its name; the first of ``pictures`` unless another is named.
            size: Width and height in pixels.

        Returns:
            SVG.

        Raises:
            UsageError: The report has no such picture, or the size is none.
        """
        width, height = size
        if not (200 <= width <= 10_000 and 200 <= height <= 10_000):
            raise UsageError(f"size is {size}, but each side must be from 200 to 10000 pixels")
        name = picture if picture is not None else next(iter(self.pictures), "venn")
        svg = _overlap.picture(self._json, name, width, height)
        if svg is None:
            raise UsageError(f"the report has no picture {name}; it has {', '.join(self.pictures) or 'none'}")
        return svg

    def save(self, path: str | os.PathLike[str]) -> int:
        """Writes the page.

        Args:
            path: The file; one that is there is replaced.

        Returns:
            Its size in bytes.

        Raises:
            OutputError: The file can't be written.
        """
        page = self.html.encode()
        try:
            return Path(path).write_bytes(page)
        except OSError as error:
            raise OutputError(f"{os.fspath(path)}: can't be written: {error}") from error

    def _repr_html_(self) -> str:
        # A frame: the page's style is not to reach the notebook, nor the notebook's the page.
        page = html.escape(self.html, quote=True)
        return f'<iframe title="overlap report" width="100%" height="720" srcdoc="{page}"></iframe>'

    def _repr_svg_(self) -> str | None:
        return self.svg(size=(920, 420)) if self.pictures else None

    def __repr__(self) -> str:
        names = [side["name"] for side in self.to_dict()["sides"]]
        return f"<Report of {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}>"
