"""1NCE's plans and objects: SIM card, quota, usage."""

from datetime import date
from typing import Any

from xuliu.sandbox.engine.sims import CarrierPlan
from xuliu.sandbox.engine.store import Row

CODE = "1nce"
MEGABYTE = 1_000_000
PLANS = tuple(
    CarrierPlan(
        carrier=CODE, code=code, name=name, months=months, bytes=500 * MEGABYTE, cost_minor=1000, currency="EUR"
    )
    for code, name, months in (("topup", "Top-up 500 MB", 0), ("1", "500 MB, 1 year", 12))
)
SMS_QUOTA = 250
LOW_PERCENT = 20


def card(sim: Row) -> dict[str, Any]:
    """The vendor's `SIM_card`."""
    iccid = sim["iccid"]
    is_whole = len(iccid) == 20 and iccid[-1] == _luhn_digit(iccid[:-1])
    bare = iccid[:-1] if is_whole else iccid
    numbers = {
        "iccid": bare,
        "iccid_with_luhn": bare + _luhn_digit(bare),
        "msisdn": sim["msisdn"],
        "imei": sim["imei"],
    }
    numbers |= {"imsi": sim["imsi"], "imsi_2": sim["imsi"], "current_imsi": sim["imsi"], "imei_lock": False}
    data, sms = _quota_status(sim), {"id": 0, "description": "More than 20% available"}
    return numbers | {
        "status": "Enabled" if sim["state"] == "active" else "Disabled",
        "activation_date": f"{sim['base_starts_on']}T00:00:00.000+0000",
        "ip_address": f"100.64.{int(iccid[-5:-2] or 0) % 256}.{int(iccid[-3:] or 0) % 254 + 1}"
        if iccid[-5:].isdigit()
        else "100.64.0.1",
        "current_quota": _megabytes(sim["granted_bytes"]),
        "quota_status": data,
        "current_quota_SMS": SMS_QUOTA,
        "quota_status_SMS": sms,
        "label": sim["label"],
    }


def quota(sim: Row, last_added: int) -> dict[str, Any]:
    """The vendor's `Quota` for data. What is left never falls below nothing."""
    left = max(0, sim["granted_bytes"] - sim["used_bytes"])
    return {
        "volume": _megabytes(left),
        "total_volume": _megabytes(sim["granted_bytes"]),
        "expiry_date": f"{sim['ends_on']}T00:00:00.000Z",
        "peak_throughput": 1_000_000,
        "last_volume_added": _megabytes(last_added),
        "last_status_change_date": f"{sim['base_starts_on']}T00:00:00.000Z",
        "threshold_percentage": LOW_PERCENT,
    }


def sms_quota(sim: Row) -> dict[str, Any]:
    """The vendor's `Quota` for messages: nobody sends any here."""
    dates = {"expiry_date": f"{sim['ends_on']}T00:00:00.000Z", "threshold_percentage": LOW_PERCENT}
    return {"volume": SMS_QUOTA, "total_volume": SMS_QUOTA, "last_volume_added": SMS_QUOTA, **dates}


def usage(sim: Row, today: date) -> dict[str, Any]:
    """The vendor's `DailyUsage`: everything used so far, on today's record."""
    volume = f"{sim['used_bytes'] / MEGABYTE:.6f}"
    euro = {"id": 1, "symbol": "€", "code": "EUR"}
    kind = {"id": 5, "description": "Data", "unit": "MB"}
    data = {
        "volume": volume,
        "volume_rx": volume,
        "volume_tx": "0.000000",
        "cost": volume,
        "currency": euro,
        "traffic_type": kind,
    }
    return {"stats": [{"date": f"{today.isoformat()}T00:00:00.000Z", "data": data}]}


def _quota_status(sim: Row) -> dict[str, Any]:
    left = sim["granted_bytes"] - sim["used_bytes"]
    if left <= 0:
        return {"id": 2, "description": "No volume available"}
    if left * 100 < sim["granted_bytes"] * LOW_PERCENT:
        return {"id": 1, "description": "Less than 20% available"}
    return {"id": 0, "description": "More than 20% available"}


def _megabytes(size: int) -> float | int:
    return size // MEGABYTE if size % MEGABYTE == 0 else round(size / MEGABYTE, 6)


def _luhn_digit(number: str) -> str:
    digits = [int(one) for one in reversed(number) if one.isdigit()]
    total = sum(digit if at % 2 else sum(divmod(digit * 2, 10)) for at, digit in enumerate(digits))
    return str(-total % 10)
