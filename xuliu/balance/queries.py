"""Reads stored readings."""

from xuliu.balance.models import Reading


def reading_of(sim_id: int) -> Reading | None:
    """The newest reading of a SIM; None if there never was one."""
    return Reading.objects.filter(sim_id=sim_id).first()
