"""A path, its name and its view are one word."""

import re

from xuliu.interfaces.merchant.urls import urlpatterns


def test_a_view_is_called_as_its_path() -> None:
    strays = []
    for each in urlpatterns:
        words = re.findall(r"[a-z][a-z-]+", re.sub(r"<[^>]*>", "", str(each.pattern)))
        view = getattr(each.callback, "__name__", "")
        if view != each.name or (words and words[-1].replace("-", "_") not in view):
            strays.append((str(each.pattern), each.name, view))

    assert strays == []
