"""Every word out of a closed list: an unknown one is refused by name, wherever it can be given."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

import equieval.methods
from equieval.errors import InputError, one_of


def words_of(hint):
    """The words of a Literal, also inside a union; none for another type."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return next((words for part in get_args(hint) if (words := words_of(part))), ())


def public_functions():
    """Every public function, and every public method of a public class, of every method's room."""
    for room in pkgutil.iter_modules(equieval.methods.__path__):
        module = importlib.import_module(f"equieval.methods.{room.name}")
        for name, found in vars(module).items():
            if name.startswith("_") or getattr(found, "__module__", "") != module.__name__:
                continue
            if inspect.isfunction(found):
                yield f"{room.name}.{name}", found
            elif inspect.isclass(found):
                for part, method in vars(found).items():
                    if inspect.isfunction(method) and not part.startswith("_"):
                        yield f"{room.name}.{name}.{part}", method


CLOSED = [
    pytest.param(function, parameter, words, id=f"{name}({parameter})")
    for name, function in public_functions()
    for parameter, hint in get_type_hints(function).items()
    if parameter != "return" and (words := words_of(hint))
]


def test_the_walk_finds_the_words():
    found = {case.id for case in CLOSED}
    assert {"its_effects.effect_at(scale)", "staggered.GroupTimeEffects.aggregate(kind)"} <= found
    assert len(found) > 40


@pytest.mark.parametrize(("function", "parameter", "words"), CLOSED)
def test_an_unknown_word_is_refused_before_anything_else(function, parameter, words):
    """Nothing else is given, so nothing else can be looked at before the word is."""
    given = {
        name: get_args(hint)[0] if get_origin(hint) is Literal else 0
        for name, hint in get_type_hints(function).items()
    }
    arguments = {
        name: given.get(name)
        for name, kind in inspect.signature(function).parameters.items()
        if kind.default is inspect.Parameter.empty
    } | {parameter: words[0].capitalize()}
    with pytest.raises(InputError) as refusal:
        function(**arguments)
    assert all(word in refusal.value.what for word in words)
    assert refusal.value.remedy


def test_words_are_named_where_none_comes_close():
    with pytest.raises(InputError, match="'neither' is none of the words known here: low, high"):
        one_of("neither", ("low", "high"), "polarity")
    with pytest.raises(InputError):
        one_of(None, ("low", "high"), "polarity")
    one_of("high", ("low", "high"), "polarity")
