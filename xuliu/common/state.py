"""The only writer of a state: compare-and-swap over a set, with an event row for each row that moved."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, models

from xuliu.common import actor, arrays, clock
from xuliu.common.reasons import Whys

WHY = ("why_code", "why_detail")


class Stateful(Protocol):
    """A model with `state`, `state_at` and MOVES: what may follow what."""

    MOVES: Mapping[str, frozenset[str]]


def move(
    model: type[models.Model],
    ids: Sequence[int],
    *,
    to: str,
    only_from: Sequence[str] | None = None,
    why: Whys = None,
    detail: str = "",
    also: Mapping[str, Any] | None = None,
    also_each: Mapping[str, Sequence[Any]] | None = None,
    at: datetime | None = None,
) -> list[int]:
    """Move rows to a state and return the ids that moved; the caller acts on those alone.

    One statement whatever the number of rows, locking in primary-key order. A row whose present state does not allow
    the move (by MOVES, narrowed by `only_from`) stays as it is. `also` sets columns to one value, `also_each` to one
    value a row, in the order of `ids`; `why` likewise. `detail` is what stands behind a `why` that all share. Raises
    ValueError for a state that no MOVES leads to.
    """
    origins = _origins(model, to, only_from)
    if not ids:
        return []
    instant, doer, keys = at or clock.now(), actor.current(), arrays.integers(ids)
    shared, own = _whys(why, detail)
    also = {**(also or {}), **{name: column[0] for name, column in (also_each or {}).items() if _is_one(column)}}
    also_each = {name: column for name, column in (also_each or {}).items() if name not in also}
    each = [*own, *(arrays.of(column) for column in also_each.values())]
    parameters: list[Any] = [keys, *each] if each else []
    parameters += [keys, origins, to, instant, *also.values()]
    parameters += [model._meta.model_name, to, *shared, doer.kind, doer.id, doer.label, instant]
    statement = _statement(model, each=list(also_each), also=list(also), is_one_why=bool(shared))
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [row[0] for row in cursor.fetchall()]


def _whys(why: Whys, detail: str) -> tuple[list[str], list[str]]:
    """The code and the detail that all rows share, or the two columns that each row has its own of."""
    if isinstance(why, str) or not why:
        return [str(why or ""), detail], []
    if _is_one(why):
        return [str(why[0].code), why[0].detail], []
    return [], [arrays.texts([one.code for one in why]), arrays.texts([one.detail for one in why])]


def _is_one(column: Sequence[Any]) -> bool:
    """Whether all rows bring the same: most do, and what they bring need not be joined."""
    return column.count(column[0]) == len(column)


def _statement(model: type[models.Model], *, each: Sequence[str], also: Sequence[str], is_one_why: bool) -> str:
    """Names come from the model; values are parameters. Where no column differs from row to row there is nothing to
    join: the statement, made most often for a row or two, is then planned in half the time."""
    table = connection.ops.quote_name(model._meta.db_table)
    own = {} if is_one_why else dict.fromkeys(WHY, "text")  # what each row brings: columns and their types
    own |= {_column(model, name): _column_type(model, name) for name in each}
    given = (
        f"""w AS (
            SELECT * FROM unnest(%s::bigint[]{"".join(f", %s::{kind}[]" for kind in own.values())})
            AS u(id{"".join(f", {name}" for name in own)})),"""
        if own
        else ""
    )
    assignments = "".join(f", {name} = w.{name}" for name in own if name not in WHY)
    assignments += "".join(f", {_column(model, name)} = %s" for name in also)
    return f"""
        WITH {given} held AS (
            SELECT id, state FROM {table} WHERE id = ANY(%s::bigint[]) AND state = ANY(%s)
            ORDER BY id FOR NO KEY UPDATE),
        moved AS (
            UPDATE {table} t SET state = %s, state_at = %s{assignments}
            FROM held {"JOIN w USING (id)" if own else ""} WHERE t.id = held.id
            RETURNING t.id, held.state AS was{"" if is_one_why else ", w.why_code, w.why_detail"})
        INSERT INTO common_event
            (kind, subject_id, was, became, why_code, detail, actor_kind, actor_id, actor_label, at)
        SELECT %s, id, was, %s, {"%s, %s" if is_one_why else "why_code, why_detail"}, %s, %s, %s, %s
        FROM moved RETURNING subject_id"""


def _origins(model: type[models.Model], to: str, only_from: Sequence[str] | None) -> list[str]:
    moves: Mapping[str, frozenset[str]] = model.MOVES  # type: ignore[attr-defined]  # every stateful model has it
    origins = [state for state, onward in moves.items() if to in onward]
    if only_from is not None:
        origins = [state for state in origins if state in only_from]
    if not origins:
        raise ValueError(f"{model.__name__}: nothing moves to {to} from {only_from or 'anywhere'}")
    return origins


def _column(model: type[models.Model], name: str) -> str:
    column: str = _field(model, name).column
    return connection.ops.quote_name(column)


def _column_type(model: type[models.Model], name: str) -> str:
    kind: str | None = _field(model, name).db_type(connection)
    if kind is None:
        raise ValueError(f"{model.__name__}.{name} has no column")
    return kind


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name)
