"""Why an order is not placed."""

from xuliu.ordering.buying.refusals import RefusalCode


class CannotPlace(Exception):
    """`code` says why."""

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(code)
        self.code = code
