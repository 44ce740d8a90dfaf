"""The API's schema: ninja knows what each operation answers; what may be refused is declared here, once for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

REFUSALS = {
    400: "The request could not be read.",
    401: "Nobody is signed in.",
    403: "The CSRF token is missing or wrong, or this is not for the caller.",
    404: "There is no such thing, or the caller may not see it.",
    409: "It contradicts what is stored.",
    413: "The body is too large.",
    422: "A value cannot be.",
    503: "The database or Redis is away; nothing was stored.",
}
"""What a refusal with this status means (docs/protocol.md, "Errors", has the codes)."""

ERROR = {
    "title": "Error",
    "description": "Every refusal has this shape, some with further keys.",
    "type": "object",
    "required": ["success", "error", "code"],
    "properties": {
        "success": {"const": False},
        "error": {"type": "string", "minLength": 1, "description": "A sentence for people."},
        "code": {"type": "string", "pattern": "^[a-z_]+$", "description": "Stable; docs/protocol.md lists them."},
    },
}


class Api(NinjaAPI):
    """The API, whose schema also says how it refuses."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Return ninja's schema with every refusal declared."""
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"]["Error"] = ERROR
        for path, methods in schema["paths"].items():
            for method, operation in methods.items():
                for status in _refusals(path, method, operation):
                    operation["responses"].setdefault(status, _refusal(status))
        return schema


def also(*statuses: int) -> dict[str, Any]:
    """Refusals of an operation beside those that follow from its form, for its `openapi_extra`."""
    return {"responses": {status: _refusal(status) for status in statuses}}


def _refusals(path: str, method: str, operation: dict[str, Any]) -> Iterator[int]:
    """What follows from an operation's form: an id may be wrong, a POST has a token and a body, a query has values."""
    yield from (400, 401, 503)
    if "{" in path:
        yield 404
    if method == "post":
        yield from (403, 413)
    if "requestBody" in operation or any(each["in"] == "query" for each in operation["parameters"]):
        yield 422


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": REFUSALS[status], "content": {"application/json": {"schema": schema}}}
