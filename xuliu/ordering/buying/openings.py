"""Openings: how many payments visitors of pages may have opened at a provider. An account has one budget; each shop has
a share of it, and so does each address without a sticker."""

from collections.abc import Sequence
from datetime import timedelta

from xuliu.common import guard
from xuliu.common.crypto import keyed_hash

WINDOW = timedelta(minutes=1)
SHARE_OF_A_SHOP = 20
SHARE_OF_AN_ADDRESS = 10
# Visitors without a sticker get at most half of an account's budget; the other half is for the shops' stickers.
PART_WITHOUT_STICKER = 2

Share = Sequence[str | int]  # kind, key, and size in multiples of an address's share


def shares_of_shop(*, terminal_id: int, merchant_id: int | None) -> list[Share]:
    """The shares of a visitor with a terminal's sticker: the merchant's, else the sticker's own."""
    return [["merchant", str(merchant_id), 1] if merchant_id else ["sticker", str(terminal_id), 1]]


def shares_of_address(address: str) -> list[Share]:
    """The shares of a visitor without a sticker: the address's and, for IPv6, its networks'; hashed."""
    nets = guard.of_address(kind="address", address=address, limit=1, window=WINDOW)
    return [[net.kind, keyed_hash(net.key, purpose="share of openings").hex(), net.limit] for net in nets]


def budgets(*, account_id: int, shares: Sequence[Share], is_by_sticker: bool, most: int) -> list[guard.Budget]:
    """The budgets that an opening uses: each of these shares, and the account's whole budget."""
    own = SHARE_OF_A_SHOP if is_by_sticker else SHARE_OF_AN_ADDRESS
    whole = most if is_by_sticker else most // PART_WITHOUT_STICKER
    return [
        *(_budget(account_id, f"openings {kind}", str(key), own * int(factor)) for kind, key, factor in shares),
        _budget(account_id, "openings of all", "", whole),
    ]


def _budget(account_id: int, kind: str, key: str, limit: int) -> guard.Budget:
    return guard.Budget(kind=kind, key=f"{account_id} {key}", limit=limit, window=WINDOW)
