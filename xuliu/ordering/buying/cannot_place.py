"""Why an order is not placed."""


class CannotPlace(Exception):
    """`code`: lapsed, already_paid, account_paused, offering_paused, no_provider, provider_paused, way_unknown,
    too_many_openings."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
