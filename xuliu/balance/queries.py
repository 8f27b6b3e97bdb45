"""Reads of what carriers said."""

from xuliu.balance.models import Reading


def reading_of(sim_id: int) -> Reading | None:
    """The newest figures of one SIM, or None where nobody ever asked."""
    return Reading.objects.filter(sim_id=sim_id).first()
