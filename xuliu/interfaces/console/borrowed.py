"""Third parties' sentences that the console translates."""

from django.utils.translation import gettext_noop

# Unfold ships no translations of its own words.
UNFOLD = (
    gettext_noop("Filters"),
    gettext_noop("Type to search"),
    gettext_noop("Clear all filters"),
    gettext_noop("No results found"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("Reset filters"),
    gettext_noop("Toggle password visibility"),
)
# Allauth's own Chinese for it reads as "error code".
ALLAUTH = (gettext_noop("Incorrect code."),)
