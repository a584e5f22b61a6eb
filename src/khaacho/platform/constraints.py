"""From what the database refused to what the caller is told: one table, constraint name → error.

A constraint that is not listed is a fault of ours and surfaces as INTERNAL_ERROR; names and SQL never leave here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from khaacho.errors import (
    AlreadyApplied,
    AlreadyExists,
    AlreadyRefunded,
    AlreadyReleased,
    AlreadyReversed,
    BalanceOutOfBounds,
    Conflict,
    DatabaseUnavailable,
    Deadlock,
    InsufficientStock,
    KhaachoError,
    LedgerBroken,
    LockTimeout,
    NotFound,
    ProductNotFound,
    RequestInProgress,
    RequestTimeout,
    RetailerNotFound,
    ValidationFailed,
)

Refusal = Callable[[], KhaachoError]

CONSTRAINT_ERRORS: dict[str, Refusal] = {
    "users_phone_role_key": lambda: AlreadyExists(what="phone number"),
    "retailers_phone_key": lambda: AlreadyExists(what="phone number"),
    "vendors_phone_key": lambda: AlreadyExists(what="phone number"),
    "retailers_code_key": lambda: AlreadyExists(what="code"),
    "vendors_code_key": lambda: AlreadyExists(what="code"),
    "vendors_hours_check": lambda: ValidationFailed(field="closesAt", why="opensAt and closesAt go together"),
    "products_code_key": lambda: AlreadyExists(what="code"),
    "product_aliases_phrase_key": lambda: AlreadyExists(what="alias"),
    "product_aliases_product_id_fkey": lambda: ProductNotFound(given="of that id"),
    "product_aliases_retailer_id_fkey": RetailerNotFound,
    "vendor_offers_vendor_id_sku_key": lambda: AlreadyExists(what="SKU at this vendor"),
    "vendor_offers_vendor_id_product_id_key": lambda: AlreadyExists(what="product at this vendor"),
    "vendor_offers_vendor_id_fkey": lambda: NotFound(what="vendor"),
    "vendor_offers_product_id_fkey": lambda: ProductNotFound(given="of that id"),
    "vendor_offers_min_max_check": lambda: ValidationFailed(field="minQuantity", why="is above maxQuantity"),
    "stock_physical_check": lambda: InsufficientStock(sku="a product", available=0),
    "stock_reserved_check": lambda: InsufficientStock(sku="a product", available=0),
    # A line's id is derived from its two parties, so this one is met first.
    "credit_accounts_pkey": lambda: AlreadyExists(what="credit line"),
    "credit_accounts_retailer_id_vendor_id_key": lambda: AlreadyExists(what="credit line"),
    "credit_accounts_retailer_id_fkey": RetailerNotFound,
    "credit_accounts_vendor_id_fkey": lambda: NotFound(what="vendor"),
    "ledger_accounts_ceiling_check": BalanceOutOfBounds,
    "ledger_accounts_floor_check": BalanceOutOfBounds,
    "ledger_accounts_held_check": BalanceOutOfBounds,
    "ledger_transfers_amount_check": LedgerBroken,
    "ledger_transfers_sides_check": LedgerBroken,
    "ledger_transfers_debit_account_fkey": LedgerBroken,
    "ledger_transfers_credit_account_fkey": LedgerBroken,
    "ledger_transfers_idempotency_key_key": lambda: Conflict(why="This was posted before."),
    "ledger_transfers_reverses_id_key": AlreadyReversed,
    "ledger_holds_idempotency_key_key": lambda: Conflict(why="This was held before."),
    "ledger_hold_endings_pkey": AlreadyReleased,
    "ledger_append_only": LedgerBroken,
    "idempotency_keys_pkey": RequestInProgress,
    "credit_debits_cleared_check": lambda: Conflict(why="More would be cleared than is owed."),
    "credit_allocations_undoes_id_key": AlreadyReversed,
    "orders_placement_key": RequestInProgress,
    "orders_code_key": lambda: Conflict(why="Two orders met on one code; try again."),
    # Two requests with one key that bought at once: the order of the first is found when the second comes again.
    "prepaid_orders_idempotency_key_key": RequestInProgress,
    "applications_one_live": AlreadyApplied,
    "application_refunds_application_key": AlreadyRefunded,
    "project_refund_runs_one_open": lambda: Conflict(why="This project's refunds are being paid already."),
    "baskets_one_open_per_retailer": lambda: Conflict(why="The retailer already has an open basket."),
}


def error_for(error: psycopg.Error) -> KhaachoError | None:
    """The refusal this database error stands for, or None when it is a fault of ours."""
    if isinstance(error, pg.LockNotAvailable):
        return LockTimeout()
    if isinstance(error, pg.QueryCanceled):
        return RequestTimeout()
    if isinstance(error, (pg.DeadlockDetected, pg.SerializationFailure)):
        return Deadlock()
    if isinstance(error, (pg.IntegrityError, pg.RaiseException)):
        refusal = CONSTRAINT_ERRORS.get(error.diag.constraint_name or "")
        return refusal() if refusal else None
    if isinstance(error, (pg.CharacterNotInRepertoire, pg.UntranslatableCharacter)) or "NUL" in str(error):
        return ValidationFailed(field="text", why="holds a character that cannot be stored")
    if isinstance(error, (pg.NumericValueOutOfRange, pg.DatetimeFieldOverflow)):
        return ValidationFailed(field="number", why="is out of range")
    if isinstance(error, psycopg.OperationalError):
        return DatabaseUnavailable()
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Turn database errors raised in the block into the product's own."""
    try:
        yield
    except psycopg.Error as error:
        refusal = error_for(error)
        if refusal is None:
            raise
        raise refusal from error
