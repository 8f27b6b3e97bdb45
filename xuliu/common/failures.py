"""Describes a failure and its place: for the log, for a case, and to tell failures apart. No models."""

from pathlib import PurePath
from traceback import extract_tb

from django.db import InterfaceError, OperationalError

from xuliu.common.bounds import words


def is_transient(error: BaseException) -> bool:
    """Trouble with the database itself (connection gone, deadlock, time limit): it says nothing about the work
    itself."""
    return isinstance(error, OperationalError | InterfaceError)


def place_of(error: BaseException) -> str:
    """`package/file.py:17`, where it was raised; of ours the innermost, where a library raised it."""
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/xuliu/" in frame.filename or "/tests/" in frame.filename]
    if not (found := (ours or list(frames))[-1:]):
        return ""
    return f"{'/'.join(PurePath(found[0].filename).parts[-2:])}:{found[0].lineno}"


def error_text(error: BaseException) -> str:
    """The error in a line, at most 500 signs. It may quote a stranger's text."""
    return words(f"{type(error).__name__}: {error}", most=500)


def kind_of(step: str, error: BaseException) -> str:
    """The kind of a failure: the step, the type of error, and where it was raised."""
    return f"{step}: {type(error).__name__} at {place_of(error)}"
