"""Turns models into the text of a page. Pure functions: everything is passed in, even the time."""
