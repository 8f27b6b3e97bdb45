"""What staff may be allowed to do; `party.roles` says which role has which right."""

from enum import StrEnum


class Right(StrEnum):
    """Checked with Django's own `user.has_perm(Right.SEE)`. Staff without a role may do nothing."""

    SEE = "right.see"  # SIMs, terminals, offerings, orders, cases
    SEE_MONEY = "right.see_money"  # payments, refunds, notices, postings
    DECIDE = "right.decide"  # ask a carrier again, send again (with a second person), close a case
    REFUND = "right.refund"  # give a stuck line's money back, accept a delivery
    SELL = "right.sell"  # offerings, prices, price lists
    PAUSE = "right.pause"  # the kill switch of accounts and offerings
    CONFIGURE = "right.configure"  # accounts and their credentials, sellers, merchants
    SHOW_CONTACTS = "right.show_contacts"  # read a person's phone number and mail address
    EMPLOY = "right.employ"  # people and their roles
