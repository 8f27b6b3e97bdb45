"""Our own notes on an answer. No Django: connectors use these."""

from enum import StrEnum


class Note(StrEnum):
    """Stands in for the carrier's words as an answer's detail."""

    ANOTHER_SIM = "another_sim"  # the answer names another SIM than we asked about
    READINGS_SILENT = "readings_silent"  # they do not say whether it was done
    MORE_THAN_BEFORE = "more_than_before"
    AS_BEFORE = "as_before"
    TIME_USED_UP = "time_used_up"  # the call was not made: preceding calls took all its time
