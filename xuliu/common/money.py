"""Arithmetic of money in integer minor units; rounding is written out."""

from collections.abc import Sequence


def included_tax(gross_minor: int, rate_basis_points: int) -> int:
    """The tax within a gross amount, rounded half up: 600 basis points are 6 %."""
    divisor = 10_000 + rate_basis_points
    return (2 * gross_minor * rate_basis_points + divisor) // (2 * divisor)


def allot(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount >= 0 over weights >= 0 by largest remainder; the parts add up to it exactly.

    Equal remainders go to the earlier weight. Raises ValueError for negative input or when all weights are 0
    while there is something to split.
    """
    whole = sum(weights)
    if amount_minor < 0 or any(weight < 0 for weight in weights):
        raise ValueError("amount and weights must not be negative")
    if whole == 0:
        if amount_minor:
            raise ValueError("nothing to split over")
        return [0] * len(weights)
    parts = [amount_minor * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount_minor * weights[i] % whole), i))
    for index in by_remainder[: amount_minor - sum(parts)]:
        parts[index] += 1
    return parts


def decimal_text(amount_minor: int, exponent: int = 2) -> str:
    """`3600` as `36.00`."""
    sign = "-" if amount_minor < 0 else ""
    whole, part = divmod(abs(amount_minor), 10**exponent)
    return f"{sign}{whole}.{part:0{exponent}d}" if exponent else f"{sign}{whole}"
