"""Openings: how many payments visitors of pages may have opened at a provider. An account's openings are one budget, of
which each shop has a share, and those who come without a sticker another, by address."""

from collections.abc import Sequence
from datetime import timedelta

from xuliu.common import guard
from xuliu.common.crypto import keyed_hash

WINDOW = timedelta(minutes=1)
SHARE_OF_A_SHOP = 20
SHARE_OF_AN_ADDRESS = 10
# Without a sticker, no more than half of what an account may open: shops' own stickers are served from the other half.
PART_WITHOUT_STICKER = 2

Share = Sequence[str | int]  # of what kind, its key, and how many times an address's share it has


def shares_of_shop(*, terminal_id: int, merchant_id: int | None) -> list[Share]:
    """Of who holds a terminal's sticker: the merchant's share, whatever their stickers, else the sticker's own."""
    return [["merchant", str(merchant_id), 1] if merchant_id else ["sticker", str(terminal_id), 1]]


def shares_of_address(address: str) -> list[Share]:
    """Of who comes without: the address's, and of an IPv6 one those of the networks around it; hashed."""
    nets = guard.of_address(kind="address", address=address, limit=1, window=WINDOW)
    return [[net.kind, keyed_hash(net.key, purpose="share of openings").hex(), net.limit] for net in nets]


def budgets(*, account_id: int, shares: Sequence[Share], is_by_sticker: bool, most: int) -> list[guard.Budget]:
    """What one more opening is counted against: each of these shares, and the account's whole budget."""
    own = SHARE_OF_A_SHOP if is_by_sticker else SHARE_OF_AN_ADDRESS
    whole = most if is_by_sticker else most // PART_WITHOUT_STICKER
    return [
        *(_budget(account_id, f"openings {kind}", str(key), own * int(factor)) for kind, key, factor in shares),
        _budget(account_id, "openings of all", "", whole),
    ]


def _budget(account_id: int, kind: str, key: str, limit: int) -> guard.Budget:
    return guard.Budget(kind=kind, key=f"{account_id} {key}", limit=limit, window=WINDOW)
