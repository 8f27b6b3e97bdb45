"""From models to the words of a page. Pure functions: what they need is given, the clock too."""
