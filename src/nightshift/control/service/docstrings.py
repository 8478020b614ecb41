"""The strings that stand below fields, by which schema and page say what each key means."""

import ast
import inspect
import textwrap


def field_docs(kind: type) -> dict[str, str]:
    """Return field -> the string below it, of a model or dataclass and of those it inherits from."""
    docs: dict[str, str] = {}
    for ancestor in reversed(kind.__mro__):
        if ancestor.__module__.startswith("nightshift."):
            docs |= _own_docs(ancestor)
    return docs


def _own_docs(kind: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)  # noqa: S101 - the source of a class
    docs: dict[str, str] = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = _string(below)
            if text is not None:
                docs[field.target.id] = " ".join(inspect.cleandoc(text).split())
    return docs


def _string(node: ast.stmt) -> str | None:
    value = node.value if isinstance(node, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
