"""Connectors are found by the folder that they lie in (dropping one in: tests/contracts/test_dropping_one_in.py)."""

import pytest

from xuliu.carrier.registry import UnknownConnector, all_connectors, connector_class


def test_the_connectors_that_ship_are_found_by_code() -> None:
    assert {"1nce", "onelink"} <= set(all_connectors())
    assert connector_class("1nce").code == "1nce"


def test_a_code_that_nobody_has_is_said() -> None:
    with pytest.raises(UnknownConnector, match="zhou-tel"):
        connector_class("zhou-tel")
