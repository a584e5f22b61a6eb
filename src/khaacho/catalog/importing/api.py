"""The catalogue as a file over HTTP: a CSV body, or a form with the field `file`."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post
from litestar.datastructures import UploadFile
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import QueryParameter

from khaacho.actors import Actor
from khaacho.catalog.api_records import checked_quantity
from khaacho.catalog.importing.actions import STOCK_DEFAULT, ImportReport, import_catalog, refusal
from khaacho.catalog.importing.rows import read_catalog_file
from khaacho.errors import UnsupportedMediaType, ValidationFailed
from khaacho.parties.access import requires
from khaacho.platform.database import Database
from khaacho.platform.http import ApiRecord, Envelope, ok

FILE_BYTES_MAX = 32 * 1024 * 1024
FORM_FIELD = "file"


class RefusedRow(ApiRecord, frozen=True, kw_only=True):
    """A row that was not taken; the header is row 1."""

    row: int
    field: str
    why: str


class ImportAnswer(ApiRecord, frozen=True, kw_only=True):
    """What the file did: products created and updated, offers created or changed. Refused rows come with a 422."""

    rows: int
    taken: int
    created: int
    updated: int
    offers: int
    refused: list[RefusedRow]


class FileOperation(Operation):
    """Describes the body that this route reads by itself."""

    def __post_init__(self) -> None:
        csv_body = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, description="CSV in UTF-8 with a header"))
        file_field = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, properties={FORM_FIELD: file_field}, required=[FORM_FIELD])
        content = {"text/csv": csv_body, "multipart/form-data": OpenAPIMediaType(schema=form)}
        self.request_body = RequestBody(content=content, required=True)


@post(
    "/admin/import/catalog",
    operation_id="importCatalog",
    summary="Import a catalogue file, all of it or nothing",
    status_code=200,
    guards=[requires("catalog.import")],
    request_max_body_size=FILE_BYTES_MAX,
    operation_class=FileOperation,
)
async def import_catalog_file(
    request: Request[Any, Any, Any],
    database: Database,
    actor: Actor,
    vendor_id: Annotated[
        UUID | None, QueryParameter(name="vendorId", description="Priced active rows become this vendor's offers")
    ] = None,
    stock: Annotated[
        Decimal, QueryParameter(description="What a new offer has where its row does not say")
    ] = STOCK_DEFAULT,
) -> Envelope[ImportAnswer]:
    """Raises ImportRefused with the report when any row is refused; the same file again changes nothing."""
    checked_quantity(stock + 1, "stock")
    # Judging twenty thousand rows takes a good part of a second, in which others must be answered.
    file = await asyncio.to_thread(read_catalog_file, await _content(request))
    if file.refused and not file.rows:
        raise refusal(file.row_count, file.refused)
    async with database.transaction() as tx:
        report = await import_catalog(tx, actor, file=file, vendor_id=vendor_id, new_offer_stock=stock)
    return ok(_answer(report))


async def _content(request: Request[Any, Any, Any]) -> bytes:
    media_type = request.content_type[0].lower()
    if media_type == "multipart/form-data":
        uploaded = (await request.form()).get(FORM_FIELD)
        if not isinstance(uploaded, UploadFile):
            raise ValidationFailed(field=FORM_FIELD, why="is a file that is missing from the form")
        return await uploaded.read()
    if media_type in ("text/csv", "application/csv", "text/plain", "application/octet-stream"):
        return await request.body()
    raise UnsupportedMediaType(expected="text/csv, or multipart/form-data with a file")


def _answer(report: ImportReport) -> ImportAnswer:
    return ImportAnswer(
        rows=report.rows,
        taken=report.taken,
        created=report.created,
        updated=report.updated,
        offers=report.offers,
        refused=[RefusedRow(row=one.row, field=one.field, why=one.why) for one in report.refused],
    )


ROUTES: list[Any] = [import_catalog_file]
