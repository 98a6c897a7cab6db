"""A YAML reader that refuses what PyYAML would silently turn into something else.

PyYAML's default follows YAML 1.1: an unquoted `000300` is read as octal 192, `15:00` as 900, `no` as False, and a
duplicated key wins silently. This one follows YAML 1.2 for scalars and refuses the first, second and fourth.
"""

import re
from typing import Any

import yaml

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|[-+]?\.inf$|\.nan$")
_SYMBOL_LIKE = re.compile(r"0[0-9]+$")
_CLOCK_LIKE = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$")


class YamlProblem(ValueError):
    """A scalar or key that cannot be read safely; carries the line number."""


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own contract


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true$|false$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"null$|~$|$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _ambiguous(node: yaml.Node, text: str) -> YamlProblem:
    return YamlProblem(f"line {_line(node)}: unquoted {text} is ambiguous (number or text?); write '{text}' in quotes")


def _construct_scalar(loader: _Loader, node: yaml.ScalarNode) -> str:
    text = loader.construct_scalar(node)
    if node.style is None and (_SYMBOL_LIKE.match(text) or _CLOCK_LIKE.match(text)):
        raise _ambiguous(node, text)
    return text


def _construct_float(loader: _Loader, node: yaml.ScalarNode) -> float:
    if _SYMBOL_LIKE.match(str(node.value)):
        raise _ambiguous(node, node.value)
    return loader.construct_yaml_float(node)


def _construct_mapping(loader: _Loader, node: yaml.MappingNode, deep: bool = True) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in result:
            raise YamlProblem(f"line {_line(key_node)}: the key {key!r} stands twice; keep one")
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_Loader.add_constructor("tag:yaml.org,2002:str", _construct_scalar)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def parse_yaml(text: str) -> Any:
    """Parse one YAML document.

    Raises
    ------
    YamlProblem
        A duplicated key, an unquoted symbol-like or clock-like scalar, or a syntax error; the message has the line.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise YamlProblem(f"line {line}: {error.problem or 'not YAML'}") from error
