"""Whether a carrier accepts us at all. No Django; connectors know it through the contract."""

from collections.abc import Callable

from xuliu.common.findings import Finding, TryResult
from xuliu.common.outbound import NoAnswer, NotSent

ACCESS = {"zh-hans": "接口地址和密钥", "en": "Address and credentials"}


class AccountRefused(NotSent):
    """The carrier does not accept our credentials: it did nothing, and the operator has to act."""


def access(ask: Callable[[], object]) -> Finding:
    """Try an account's address and credentials; returns the findings."""
    try:
        ask()
    except AccountRefused as error:
        return Finding(about=ACCESS, shown=TryResult.WRONG, why=str(error)[:200])
    except (NotSent, NoAnswer) as error:
        return Finding(about=ACCESS, shown=TryResult.UNTRIED, why=str(error)[:200])
    return Finding(about=ACCESS, shown=TryResult.RIGHT)
