"""What WeChat Pay says of a payment or a refund, as a StatusReport."""

from collections.abc import Mapping
from typing import Any

from xuliu.payment.contract import Malformed, Status, StatusReport, Subject
from xuliu.payment.providers.wechatpay import codes
from xuliu.payment.reading import about, inner, instant, minor_units, optional_text, text

CURRENCY = "CNY"  # the only one for merchants in mainland China


def status_report(said: Mapping[str, Any]) -> StatusReport:
    """A transaction or a refund, be it from a notice or from a query. Raises Malformed."""
    is_payment = "out_refund_no" not in said
    reference = text(said, "out_trade_no" if is_payment else "out_refund_no")
    with about(reference):
        state = said.get("trade_state") or said.get("refund_status") or said.get("status")
        status = (codes.PAYMENT_STATUSES if is_payment else codes.REFUND_STATUSES).get(str(state))
        if status is None:
            raise Malformed(f"a state that WeChat Pay does not document: {state}"[:120])
        amount = inner(said, "amount")
        figure = amount.get("total" if is_payment else "refund")
        return StatusReport(
            subject=Subject.PAYMENT if is_payment else Subject.REFUND,
            reference=reference,
            status=status,
            amount_minor=minor_units(figure, is_needed=status is Status.SUCCEEDED),
            currency="" if figure is None else optional_text(amount, "currency") or CURRENCY,
            number=optional_text(said, "transaction_id" if is_payment else "refund_id"),
            at=instant(said.get("success_time"), is_needed=is_payment and status is Status.SUCCEEDED),
            merchant_number=optional_text(said, "mchid"),
            payment_reference="" if is_payment else optional_text(said, "out_trade_no"),
            detail=str(state),
        )
