"""The way of every call to a stand-in: latency, rate, what goes wrong, the deed, the log."""

import json
import time
from collections import OrderedDict, deque
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from xuliu.sandbox.engine.clock import Clock, iso
from xuliu.sandbox.engine.faults import OF_READS, WIRE, Fault, Faults
from xuliu.sandbox.engine.server import Manner, Request, Response, TimedResponse
from xuliu.sandbox.engine.settings import Settings
from xuliu.sandbox.engine.stand_in import Intent, StandIn
from xuliu.sandbox.engine.store import Store

ODD_BODY = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"
ODD_VALUE = "an odd value"
MANNERS = {"lose_answer": Manner.CLOSE, "hang": Manner.CLOSE, "answer_twice": Manner.TWICE, "drip": Manner.DRIP}


class Copies:
    """What was answered to each question in the last while, as a replica that lags behind would answer it again."""

    MOST_QUESTIONS, MOST_ANSWERS = 2_000, 8

    def __init__(self) -> None:
        self._told: OrderedDict[str, deque[tuple[float, Response]]] = OrderedDict()

    def keep(self, question: str, at: float, response: Response) -> None:
        """Remember an answer, or that it still held."""
        told = self._told.setdefault(question, deque(maxlen=self.MOST_ANSWERS))
        self._told.move_to_end(question)
        if told and told[-1][1].body == response.body:
            told.pop()
        told.append((at, response))
        if len(self._told) > self.MOST_QUESTIONS:
            self._told.popitem(last=False)

    def oldest(self, question: str, since: float) -> Response | None:
        """The oldest answer that was still given since then."""
        return next((response for at, response in self._told.get(question, ()) if at >= since), None)

    def clear(self) -> None:
        """Forget all."""
        self._told.clear()


class Calls:
    """The last calls, for tests to count."""

    def __init__(self) -> None:
        self._kept: deque[dict[str, Any]] = deque(maxlen=10_000)
        self._copies: dict[str, Copies] = {}

    def copies(self, peer: str) -> Copies:
        """A peer's answers of the last while."""
        return self._copies.setdefault(peer, Copies())

    def add(self, call: dict[str, Any]) -> None:
        """Remember one."""
        self._kept.append(call)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        for copies in self._copies.values():
            copies.clear()

    def found(self, peer: str, operation: str, iccid: str) -> list[dict[str, Any]]:
        """Those that fit, oldest first; what is empty fits all."""
        return [
            call
            for call in list(self._kept)
            if (not peer or call["peer"] == peer)
            and (not operation or operation in (call["operation"], call["group"]))
            and (not iccid or iccid in call["iccids"])
        ]


class Exchange:
    """Answers a peer's calls."""

    def __init__(
        self, peer: StandIn, store: Store, clock: Clock, settings: Settings, faults: Faults, calls: Calls
    ) -> None:
        self._peer = peer
        self._store = store
        self._clock = clock
        self._settings = settings
        self._faults = faults
        self._calls = calls
        self._copies = calls.copies(peer.code)
        self._recent: deque[float] = deque()

    def answer(self, request: Request) -> TimedResponse:
        """What the port sends back."""
        call = self._peer.route(request)
        if isinstance(call, Response):
            self._log(Intent(request.path, "", Response), call, None)
            return self._in_time(self._peer.finish(call, request, None))
        fault = self._over_rate() or self._pick(call)
        response = self._respond(call, request, fault)
        self._log(call, response, fault)
        answer = self._in_time(self._peer.finish(response, request, fault))
        return answer if fault is None else _in_manner(answer, fault)

    def _pick(self, call: Intent) -> Fault | None:
        kinds = WIRE if call.group == "read" else WIRE - OF_READS
        if call.run_of_another is None:
            kinds -= {"other_sim"}
        found = self._faults.pick
        return found(
            self._peer.code, call.operation, call.group, kinds=kinds, iccids=call.iccids, reference=call.reference
        )

    def _respond(self, call: Intent, request: Request, fault: Fault | None) -> Response:
        if fault is not None and not fault.acts:
            with self._store.transaction():
                response = self._peer.faulty(fault, request)
        else:
            run = call.run_of_another if fault is not None and fault.kind == "other_sim" else None
            with self._store.transaction():
                response = (run or call.run)()
            if call.group == "read":
                response = self._copied(request, response, fault)
        return response if fault is None else _distorted(response, fault)

    def _copied(self, request: Request, response: Response, fault: Fault | None) -> Response:
        """As it is, or for a stale one as it was answered within the last `seconds`."""
        question, now = _question(request, self._peer.varying), self._clock.timestamp()
        if fault is not None and fault.kind == "stale_read":
            return self._copies.oldest(question, now - fault.seconds(600.0)) or response
        if fault is None:
            self._copies.keep(question, now, response)
        return response

    def _over_rate(self) -> Fault | None:
        """429 above the allowed calls a second, measured over the last one."""
        allowed = self._settings["calls_per_second"].get(self._peer.code)
        if allowed is None:
            return None
        now = time.monotonic()
        with self._store.lock:
            while self._recent and self._recent[0] <= now - 1.0:
                self._recent.popleft()
            if len(self._recent) >= allowed:
                return Fault("too_many", {"retry_after": 1})
            self._recent.append(now)
        return None

    def _in_time(self, response: Response) -> TimedResponse:
        return TimedResponse(response, delay=self._settings["latency_ms"] / 1000)

    def _log(self, call: Intent, response: Response, fault: Fault | None) -> None:
        entry: dict[str, Any] = {
            "peer": self._peer.code,
            "operation": call.operation,
            "group": call.group,
            "reference": call.reference,
        }
        entry |= {"iccids": list(call.iccids), "status": response.status, "fault": fault.kind if fault else ""}
        self._calls.add(entry | {"at": iso(self._clock.timestamp())})


def _question(request: Request, varying: Collection[str]) -> str:
    """What is asked, without what differs from call to call."""
    body = request.json() if request.body else None
    fields = {**request.query, **body} if isinstance(body, dict) else {**request.query}
    asked = {name: value for name, value in fields.items() if name not in varying}
    return f"{request.method} {request.path} {json.dumps(asked, sort_keys=True)}"


def _distorted(response: Response, fault: Fault) -> Response:
    """The answer as the fault leaves it."""
    if fault.kind in ("error", "error_after"):
        status = int(fault.more.get("status", 502 if fault.kind == "error_after" else 500))
        if fault.acts:
            return Response(status, ODD_BODY.encode(), {"Content-Type": "text/html"})
        return replace(response, status=status)
    if fault.kind == "odd_body":
        body = str(fault.more.get("body", ODD_BODY)).encode()
        return Response(200, body, {"Content-Type": "text/html; charset=utf-8"})
    if fault.kind == "odd_value":
        return replace(response, body=_with_odd_value(response.body, fault))
    return response


def _with_odd_value(body: bytes, fault: Fault) -> bytes:
    """The answer with one of its values replaced, by place, by what `value` is in JSON; as it is where it has none."""
    try:
        said = json.loads(body)
    except ValueError:
        return body
    places = list(_slots(said))
    if not places:
        return body
    inner, step = places[int(fault.more.get("place", 0)) % len(places)]
    inner[step] = ODD_VALUE
    return json.dumps(said).replace(json.dumps(ODD_VALUE), str(fault.more.get("value", "1e999"))).encode()


def _slots(said: Any) -> Iterator[tuple[Any, Any]]:
    """Every value of an answer that holds no other: what it stands in, and under which name or number."""
    steps = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for step, inner in steps:
        if isinstance(inner, dict | list) and inner:
            yield from _slots(inner)
        else:
            yield said, step


def _in_manner(answer: TimedResponse, fault: Fault) -> TimedResponse:
    waits = {"hang": 30.0, "late": 1.0}
    delay = answer.delay + (fault.seconds(waits[fault.kind]) if fault.kind in waits else 0.0)
    manner = MANNERS.get(fault.kind, Manner.PLAIN)
    return TimedResponse(answer.response, manner, delay, pause=fault.seconds(0.2))
