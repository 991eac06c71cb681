"""Documents: JSON objects with a format number, read back as the types that wrote them."""

import json
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from kvjob.errors import ConfigurationError, DataError
from kvjob.store import KeyMissing, Store

FORMAT = 1
"""Format of every document this version writes; it reads no newer one."""


class Document(BaseModel):
    """One JSON object of the store."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    format: int = FORMAT
    """Format number of the document."""


D = TypeVar("D", bound=Document)


def document_bytes(document: Document) -> bytes:
    """A document as JSON; equal documents are equal bytes."""
    return (document.model_dump_json(indent=1) + "\n").encode()


def write_document(store: Store, key: str, document: Document) -> None:
    """Put document under key."""
    store.write(key, document_bytes(document))


def read_document(store: Store, key: str, kind: type[D]) -> D:
    """The document under key.

    Raises:
        KeyMissing: there is none.
        ConfigurationError: a newer kvjob wrote it.
        DataError: it is damaged.
    """
    return parse_document(store.read(key), kind, f"{store.url}/{key}")


def find_document(store: Store, key: str, kind: type[D]) -> D | None:
    """As read_document, but None if there is none."""
    try:
        return read_document(store, key, kind)
    except KeyMissing:
        return None


def parse_document(data: bytes, kind: type[D], where: str) -> D:
    """The document that data holds; where names it in errors, which are those of read_document."""
    try:
        values = json.loads(data)
        newer = (
            isinstance(values, dict) and isinstance(values.get("format"), int) and values["format"] > FORMAT
        )
    except (ValueError, RecursionError):
        raise DataError("not JSON", where=where, fix="Delete it, or restore it from a backup") from None
    if newer:
        raise ConfigurationError(
            f"written by a newer kvjob, in format {values['format']}",
            where=where,
            fix=f"Upgrade kvjob (this version reads up to format {FORMAT}), or use another store",
        )
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "document"
        raise DataError(
            f"damaged: {field}: {first['msg']}", where=where, fix="Delete it, or restore it from a backup"
        ) from None
