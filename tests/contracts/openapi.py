"""Holds requests and answers against a vendor's OpenAPI 3.0 files. Reads the files; keeps nothing of them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from openapi_schema_validator import OAS30Validator

from xuliu.common.outbound import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer. `path` is without the server's base; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    response: Response


class Description:
    """One or several OpenAPI files of one vendor."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._specs = [yaml.safe_load(file.read_text()) for file in files]

    def faults(self, exchange: Exchange) -> list[str]:
        """What of the exchange is not as described; nothing where all is."""
        found = self._operation(exchange.method, exchange.path)
        if found is None:
            return [f"no operation {exchange.method} {exchange.path}"]
        spec, operation = found
        faults = [*_request_faults(spec, operation, exchange), *_answer_faults(spec, operation, exchange.response)]
        return [f"{operation['operationId']}: {fault}" for fault in faults]

    def operations(self) -> set[str]:
        """The names of all operations."""
        return {
            operation["operationId"]
            for spec in self._specs
            for methods in spec["paths"].values()
            for operation in methods.values()
        }

    def name_of(self, exchange: Exchange) -> str:
        """The name of its operation; empty where there is none."""
        found = self._operation(exchange.method, exchange.path)
        return str(found[1]["operationId"]) if found else ""

    def _operation(self, method: str, path: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        for spec in self._specs:
            # A path without a place-holder is meant before one with (/v1/sims/extension, /v1/sims/{iccid}).
            for template in sorted(spec["paths"], key=lambda template: template.count("{")):
                pattern = re.sub(r"\{\w+\}", "[^/]+", template)
                if re.fullmatch(pattern, path) and method.lower() in spec["paths"][template]:
                    return spec, spec["paths"][template][method.lower()]
        return None


def _request_faults(spec: Mapping[str, Any], operation: Mapping[str, Any], exchange: Exchange) -> list[str]:
    described = {item["name"]: item for item in operation.get("parameters", ()) if item["in"] == "query"}
    faults = [f"query {name} is not described" for name in exchange.query if name not in described]
    for name, item in described.items():
        if name in exchange.query:
            is_number = item["schema"].get("type") == "integer" and exchange.query[name].isdigit()
            said = int(exchange.query[name]) if is_number else exchange.query[name]
            faults += _schema_faults(spec, item["schema"], said, f"query {name}")
        elif item.get("required"):
            faults.append(f"query {name} is missing")
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        faults += _schema_faults(spec, schema, exchange.body, "request")
    elif exchange.body is not None:
        faults.append("a body is sent and none is described")
    schemes = {spec["components"]["securitySchemes"][name]["scheme"] for each in operation["security"] for name in each}
    if exchange.headers.get("authorization", "").split(" ")[0].lower() not in schemes:
        faults.append(f"the authorization is none of {sorted(schemes)}")
    return faults


def _answer_faults(spec: Mapping[str, Any], operation: Mapping[str, Any], response: Response) -> list[str]:
    described = operation["responses"].get(str(response.status))
    if described is None:
        return [f"an answer {response.status} is not described"]
    faults = [
        f"the header {name} is missing"
        for name, header in described.get("headers", {}).items()
        if header.get("required") and name.lower() not in response.headers
    ]
    content = described.get("content", {}).get("application/json", {}) or described.get("content", {}).get("*/*", {})
    if "schema" not in content:
        return faults + (["a body is answered and none is described"] if response.body else [])
    if not response.headers.get("content-type", "").startswith("application/json"):
        faults.append("the answer's content type is not JSON")
    said = response.json()
    examples = [example["value"] for example in content.get("examples", {}).values()]
    return faults + _schema_faults(spec, content["schema"], said, "answer", examples)


def _schema_faults(
    spec: Mapping[str, Any], schema: Mapping[str, Any], value: Any, what: str, examples: Sequence[Any] = ()
) -> list[str]:
    root = {"components": spec.get("components", {}), **schema}
    faults = [f"{what}{error.json_path[1:]}: {error.message}" for error in OAS30Validator(root).iter_errors(value)]
    known = _names(spec, schema) | {name for example in examples for name in example}
    strange = {name for entry in (value if isinstance(value, list) else [value]) for name in _keys(entry)} - known
    return faults + [f"{what}: {name} is not described" for name in sorted(strange) if known]


def _names(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> set[str]:
    """The properties of an object, or of the objects of an array."""
    while "$ref" in schema or "items" in schema:
        schema = schema["items"] if "items" in schema else _referred(spec, schema["$ref"])
    return set(schema.get("properties", ()))


def _referred(spec: Mapping[str, Any], reference: str) -> dict[str, Any]:
    place: Any = spec
    for name in reference.removeprefix("#/").split("/"):
        place = place[name]
    return dict(place)


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def body_of(content: bytes) -> Any:
    """JSON, or None where there is no body."""
    return json.loads(content) if content else None
