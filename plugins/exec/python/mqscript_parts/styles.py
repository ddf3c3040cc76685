"""The styles in which functions are written: plain ones, coroutines, and those that nobody could run."""

import functools
import inspect

from . import lines


def _plain(function):
    """The function behind a partial, a method, or an object that can be called."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    return getattr(function, "__call__", function)


def is_async(function):
    """Whether what it returns must be awaited."""
    return inspect.iscoroutinefunction(_plain(function))


def name_of(function, otherwise):
    """How it is called in reasons."""
    name = getattr(_plain(function), "__name__", otherwise)
    return otherwise if name in ("<lambda>", "__call__") else name


def check(function, name):
    """Refuses what is no function, or what runs nothing when it is called."""
    if not callable(function):
        raise TypeError(f"{name} is {lines.text(function, repr)}: it must be a function")
    plain = _plain(function)
    if inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain):
        raise TypeError(f"{name_of(function, name)} has a `yield`: a call of it makes a generator and runs nothing. "
                        "Hand in a function that does the work, or `async def` without `yield`")


def never_run(result, name):
    """Why this result means that nothing was run; None if it means nothing of the kind."""
    kind = ("a coroutine" if inspect.iscoroutine(result) else "a generator" if inspect.isgenerator(result) else
            "an asynchronous generator" if inspect.isasyncgen(result) else None)
    if kind is None:
        return None
    if hasattr(result, "close"):
        result.close()
    return f"{name} returned {kind}, and nobody runs it: define {name} with `async def`, and await what it calls"


def answer(id, result, name):
    """The answer for a message, by the result of the function that got it: what is true is well."""
    if result is True:
        return lines.accepted(id)
    wrong = never_run(result, name)
    return lines.refused(id, wrong or failure(result, name)) if wrong or not result else lines.accepted(id)


def failure(result, name):
    """The reason of a result that is not true."""
    return never_run(result, name) or f"{name} returned {lines.text(result, repr)}"
