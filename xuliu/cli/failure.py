"""The error with which a command ends."""


class CommandFailed(Exception):
    """An expected failure: one whole sentence that says what to do. Printed without a traceback; exit code 1."""
