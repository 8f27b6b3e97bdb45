"""Codes, facts and figures in words, once for all surfaces. Knows no page: no HTML, no request."""
