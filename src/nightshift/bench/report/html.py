"""Elements of a page, escaped by construction: text is escaped, only `Html` is taken as it is."""

import html


class Html(str):
    """Text that is markup already. Made by the functions below, or from our own templates."""

    __slots__ = ()


VOID = frozenset({"img", "br", "hr", "meta", "link"})


def escape(text: str) -> Html:
    """Escape text, quotes too; leave markup alone."""
    return text if isinstance(text, Html) else Html(html.escape(text, quote=True))


def join(parts: list[Html]) -> Html:
    """Put markup one piece after another."""
    return Html("\n".join(parts))


def element(name: str, *children: str, **attributes: str | None) -> Html:
    """Make an element. `class_` stands for `class`, an underscore for a dash; None leaves one out."""
    head = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Html(f"<{name}{head}>")
    return Html(f"<{name}{head}>{''.join(escape(child) for child in children)}</{name}>")


def table(caption: str, head: list[Html], rows: list[Html], class_: str | None = None) -> Html:
    """Make a table that scrolls by itself where it is wider than the page; `head` are its headings."""
    made = element(
        "table",
        element("caption", element("span", caption)),
        element("thead", element("tr", *head)),
        element("tbody", *rows),
        class_=class_,
    )
    return element("div", made, class_="scroll", role="region", tabindex="0", aria_label=caption)
