"""What a provider says of payments: notices as WeChat Pay signs and seals them, and the answers to a query."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.fleet import Fleet, keys
from xuliu.common import clock
from xuliu.ordering.buying import by_notice
from xuliu.ordering.delivering import ready
from xuliu.payment.contract import Status, StatusReport, Subject
from xuliu.payment.models import Payment
from xuliu.payment.operations import QueryNotice, store_query_notices
from xuliu.sandbox.providers.wechatpay.keys import private_key
from xuliu.sandbox.providers.wechatpay.signing import SCHEME, Signer

Notice = tuple[dict[str, str], bytes]


def pay_order(folder: Path, fleet: Fleet, order_id: int) -> None:
    """The order is paid, as a query found, and all its lines are released."""
    payment = Payment.objects.get(order_id=order_id)
    report = StatusReport(subject=Subject.PAYMENT, reference=payment.reference, status=Status.SUCCEEDED)
    shown = _transaction(folder, payment.reference, payment.amount_minor, clock.now())
    store_query_notices([QueryNotice(account_id=fleet.provider.pk, report=report, body=json.dumps(shown).encode())])
    while by_notice.apply_notices():
        pass
    while ready.release_rest():
        pass


def notices(folder: Path, payments: Sequence[tuple[str, int]]) -> list[Notice]:
    """Headers and body of one notice for each (reference, amount), signed now: good for five minutes."""
    made = keys(folder)
    signer = Signer(made.ours["public_key_id"], private_key(made.theirs["public_key_mode"]))
    box, at = AESGCM(made.ours["api_v3_key"].encode()), clock.now()
    return [_notice(signer, box, _transaction(folder, reference, amount, at), at) for reference, amount in payments]


def _notice(signer: Signer, box: AESGCM, shown: dict[str, Any], at: datetime) -> Notice:
    nonce, original = secrets.token_hex(6), "transaction"
    sealed = box.encrypt(nonce.encode(), json.dumps(shown).encode(), original.encode())
    resource = {
        "original_type": original,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": original,
        "nonce": nonce,
    }
    envelope = {
        "id": secrets.token_hex(16),
        "create_time": at.isoformat(timespec="seconds"),
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": resource,
    }
    body = json.dumps(envelope, ensure_ascii=False)
    stamp, word = str(int(at.timestamp())), secrets.token_hex(16)
    headers = {
        "Content-Type": "application/json",
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": word,
        "Wechatpay-Signature": signer.signature(stamp, word, body),
        "Wechatpay-Signature-Type": SCHEME,
        "Wechatpay-Serial": signer.serial,
    }
    return headers, body.encode()


def _transaction(folder: Path, reference: str, amount_minor: int, at: datetime) -> dict[str, Any]:
    made = keys(folder).ours
    return {
        "mchid": made["mchid"],
        "appid": made["appid"],
        "out_trade_no": reference,
        "transaction_id": f"42000{reference[:22]}",
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "success_time": at.isoformat(timespec="seconds"),
        "payer": {"openid": "oBench"},
        "amount": {"total": amount_minor, "payer_total": amount_minor, "currency": "CNY", "payer_currency": "CNY"},
    }
