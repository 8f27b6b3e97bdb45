"""What a command says when it cannot go on."""


class CommandFailed(Exception):
    """An expected end: one whole sentence that says what to do. Printed without a traceback; exit code 1."""
