"""HTML as a strict reader takes it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """A page or a part of one: every element closed in order, no link in a link, no comment."""

    def __init__(self, html: bytes | str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []  # their cells by text
        self.text = ""
        self.html = html.decode() if isinstance(html, bytes) else str(html)
        self.feed(self.html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not (tag == "a" and "a" in self.open), "a link in a link"
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def handle_decl(self, decl: str) -> None:
        assert decl == "doctype html"

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_pi = unknown_decl = handle_comment

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of this name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def values(self, name: str) -> list[str]:
        """The values of this attribute."""
        return [str(attrs[name]) for _, attrs in self.elements if attrs.get(name) is not None]

    @property
    def links(self) -> list[str]:
        return [str(attributes["href"]) for attributes in self.named("a")]

    def titles(self, look: str) -> list[str | None]:
        """Of the cells with this class."""
        return [td.get("title") for td in self.named("td") if look in str(td.get("class")).split()]


def pictures(page: bytes) -> list[ElementTree.Element]:
    svgs = re.findall(r'<svg class="plot.*?\n</svg>', page.decode(), re.DOTALL)
    return [ElementTree.fromstring(svg) for svg in svgs]  # noqa: S314 - our own
