"""A carrier on paper, in this process: for tests that want a thousand lines and no network. Dropped in by a test."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, ClassVar

from xuliu.carrier.contract import (
    Action,
    Answer,
    BaseConfig,
    Capabilities,
    Change,
    Outcome,
    Proof,
    Question,
    Reading,
    Reason,
    Session,
    SimKey,
    civil_date,
)
from xuliu.common.dates import add_months


@dataclass
class Books:
    """What the carrier knows, and where it is to answer oddly."""

    ends_on: dict[str, date | None] = field(default_factory=dict)
    effects: Counter[str] = field(default_factory=Counter)
    says_later: bool = False  # answers ACCEPTED, and DONE only when asked
    starts_from: date | None = None  # where a SIM without an end begins; None: today
    reads: Counter[str] = field(default_factory=Counter)
    during_submit: Callable[[], object] | None = None  # once, before a refusal that comes late
    refuses: Callable[[Change], Answer] | None = None  # instead of doing it
    knows_nothing: bool = False  # answers NOT_FOUND when asked
    is_vague: bool = False  # does it, and says nothing that can be understood
    during_find: Callable[[], object] | None = None  # once, before it answers what it is asked
    finds: Outcome | None = None  # instead of DONE, when asked


BOOKS = Books()


class Connector:
    """Paper. Does everything at once."""

    code: ClassVar[str] = "paper"
    name: ClassVar[Mapping[str, str]] = {"zh-hans": "纸上", "en": "Paper"}
    Config: ClassVar[type[Any]] = BaseConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.RENEW}),
        proofs=frozenset({Proof.PERIOD_END}),
        batch_size=1_000,
        read_batch_size=1_000,
        calls_per_second=1_000.0,
        parallel=1,
        has_results_later=True,
        settles_within=timedelta(minutes=1),
    )

    def __init__(self, config: BaseConfig) -> None:
        self._config = config

    @staticmethod
    def names_of(iccid: str) -> tuple[str, ...]:
        """The one that is given."""
        return (iccid,)

    def read(self, session: Session, sims: Sequence[SimKey]) -> list[Reading]:
        """What stands on the paper."""
        BOOKS.reads.update(sim.iccid for sim in sims)
        plain = Reading(iccid="", as_of=session.now(), state="active")
        return [
            replace(
                plain,
                iccid=sim.iccid,
                period_end_on=BOOKS.ends_on[sim.iccid],
            )
            for sim in sims
        ]

    def submit(self, session: Session, changes: Sequence[Change]) -> list[Answer]:
        """Done at once, and said so at once or later; or, where something is to happen meanwhile, refused late."""
        meanwhile, BOOKS.during_submit = BOOKS.during_submit, None
        if meanwhile is not None:
            meanwhile()
            return [Answer.refused(change, Reason.SIM, "refused after a long time") for change in changes]
        if BOOKS.refuses is not None:
            return [BOOKS.refuses(change) for change in changes]
        for change in changes:
            iccid = change.sim.iccid
            start = BOOKS.ends_on[iccid] or BOOKS.starts_from or civil_date(session.now(), "Asia/Shanghai")
            BOOKS.ends_on[iccid] = add_months(start, change.months, anchor_day=start.day)
            BOOKS.effects[iccid] += 1
        if BOOKS.is_vague:
            return [Answer(reference=one.reference, outcome=Outcome.UNKNOWN) for one in changes]
        if BOOKS.says_later:
            return [
                Answer(reference=one.reference, outcome=Outcome.ACCEPTED, number=one.reference[:10]) for one in changes
            ]
        return [self._done(change) for change in changes]

    def find(self, session: Session, questions: Sequence[Question]) -> list[Answer]:
        """Done, where it was; or what it is to say."""
        meanwhile, BOOKS.during_find = BOOKS.during_find, None
        if meanwhile is not None:
            meanwhile()
        says = Outcome.NOT_FOUND if BOOKS.knows_nothing else BOOKS.finds
        if says is not None:
            return [self._said(question.change, says) for question in questions]
        return [self._done(question.change) for question in questions]

    @staticmethod
    def _said(change: Change, outcome: Outcome) -> Answer:
        if outcome is Outcome.REJECTED:
            return Answer.refused(change, Reason.SIM, "refused after a long time")
        return Answer(reference=change.reference, outcome=outcome)

    def _done(self, change: Change) -> Answer:
        return Answer(reference=change.reference, outcome=Outcome.DONE, number=change.reference[:10])
