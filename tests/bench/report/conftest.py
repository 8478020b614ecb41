"""The page, read back: a small tree of elements, as a browser would see it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Protocol

import pytest

VOID = {"img", "br", "hr", "meta", "link"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Element | str]" = field(default_factory=list)

    def walk(self) -> "Iterator[Element]":
        yield self
        for child in self.children:
            if not isinstance(child, str):
                yield from child.walk()

    def all(self, name: str) -> "list[Element]":
        return [element for element in self.walk() if element.name == name]

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class TreeParser(HTMLParser):
    """Builds the tree; an end tag that closes nothing is an error, as is an element left open."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


class ReadPage(Protocol):
    def __call__(self, markup: str) -> Element: ...


@pytest.fixture(scope="session")
def read_page() -> ReadPage:
    def read(markup: str) -> Element:
        parser = TreeParser()
        parser.feed(markup)
        parser.close()
        assert parser.open == [parser.root]
        return parser.root

    return read
