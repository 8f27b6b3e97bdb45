"""What we note of an answer where it is not the carrier's own word. No Django: connectors use these."""

from enum import StrEnum


class Note(StrEnum):
    """Stands where the carrier's words stand else, as the detail of an answer."""

    ANOTHER_SIM = "another_sim"  # the answer names another SIM than was asked about
    READINGS_SILENT = "readings_silent"  # they do not say whether it was done
    MORE_THAN_BEFORE = "more_than_before"
    AS_BEFORE = "as_before"
    TIME_USED_UP = "time_used_up"  # the call was not made: what came first took all its time
