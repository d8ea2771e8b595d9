"""Finds the keys of texts that a service reads: in its Python, and in its templates.

A key is a tuple of names; a name that is only known at run time is `*`. If a reader takes a whole group, all
of the group counts as read. So that the keys can be seen, code writes them in full:
`view.texts.follow.email_wrong`, not `texts = view.texts.follow` and then `texts.email_wrong`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import jinja2

from shared.text.texts import RESERVED

Key: TypeAlias = tuple[str, ...]
ANY = "*"
ROOTS = frozenset({"t", "texts", "texts_in"})
"""What a tree of texts is called: in templates, in Python, and the function that returns one."""
ALIASES: dict[str, dict[str, Key]] = {"notifier": {"common": ("common",), "mail": ("mails", ANY)}}
"""Groups that the templates of a service have under a name of their own."""


def matches(key: Key, read: Key) -> bool:
    """True if what is read is the text of a key, a group around it, or something of the text itself."""
    return all(name in {ANY, part} for part, name in zip(key, read, strict=False))


def read_in_templates(service: Path) -> Iterator[Key]:
    """Yield every key that a template reads."""
    roots = {**dict.fromkeys(ROOTS, ()), **ALIASES.get(service.name, {})}
    for file in sorted({*service.rglob("*.html"), *service.rglob("*.jinja")}):
        tree = jinja2.Environment(autoescape=True).parse(file.read_text("utf-8"))
        yield from filter(None, _in_template(tree, roots))


def _in_template(node: jinja2.nodes.Node, roots: dict[str, Key]) -> Iterator[Key]:
    found = _template_key(node, roots)
    if found is not None:
        yield found
    else:
        for child in node.iter_child_nodes():
            yield from _in_template(child, roots)


def _template_key(node: jinja2.nodes.Node, roots: dict[str, Key]) -> Key | None:
    if isinstance(node, jinja2.nodes.Name):
        return roots.get(node.name)
    if not isinstance(node, jinja2.nodes.Getattr | jinja2.nodes.Getitem):
        return None
    group = _template_key(node.node, roots)
    if group is None:
        return None
    if isinstance(node, jinja2.nodes.Getattr):
        return group if node.attr in RESERVED else (*group, node.attr)
    return (*group, str(node.arg.value) if isinstance(node.arg, jinja2.nodes.Const) else ANY)


def read_in_python(service: Path) -> Iterator[Key]:
    """Yield every key that a module reads; a group that templates have under an alias is left to them."""
    left_out = {(), *ALIASES.get(service.name, {}).values()}
    for file in sorted(service.rglob("*.py")):
        for found in _in_python(ast.parse(file.read_text("utf-8"))):
            if found not in left_out:
                yield found


def _in_python(node: ast.AST) -> Iterator[Key]:
    found = _python_key(node)
    if found is not None:
        yield found
    # `.get(key, default)`: the default is read too.
    for child in ast.iter_child_nodes(node) if found is None else getattr(node, "args", [])[1:]:
        yield from _in_python(child)


def _python_key(node: ast.AST) -> Key | None:
    """Return the key that an expression stands for; `()` is a whole tree, `None` is no text."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in ROOTS - {"t"}:
            return ()
        case ast.Call(func=ast.Name(id="texts_in")):
            return ()
        case ast.Call(func=ast.Attribute(attr="get", value=value), args=[asked, *_]):
            part = _constant(asked)
        case ast.Attribute(attr=part, value=value):
            pass
        case ast.Subscript(slice=asked, value=value):
            part = _constant(asked)
        case _:
            return None
    group = _python_key(value)
    is_language = group == () and isinstance(node, ast.Subscript) and part == ANY  # `pages.texts[language]`
    return group if group is None or part in RESERVED or is_language else (*group, part)


def _constant(node: ast.AST) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ANY
