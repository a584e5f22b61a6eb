"""From what the database refused to what people are told: the table of names, against the schema itself."""

from __future__ import annotations

import msgspec
import pytest

from khaacho.errors import KhaachoError
from khaacho.platform.constraints import CONSTRAINT_ERRORS
from khaacho.platform.database import Database

# Names that triggers give, not constraints.
RAISED_BY_TRIGGERS = {"ledger_append_only"}

# Constraints of the tables that money and goods move through which no request can hit, and why. A constraint that is
# neither listed in CONSTRAINT_ERRORS nor here has not been thought about.
NEVER_HIT = {
    "decided before it is written: amounts, quantities and states come from decisions that are tested to keep them": {
        "credit_accounts_de_minimis_paisa_check",
        "credit_accounts_limit_paisa_check",
        "credit_accounts_max_order_paisa_check",
        "credit_accounts_max_outstanding_days_check",
        "credit_accounts_terms_days_check",
        "credit_adjustments_amount_paisa_check",
        "credit_adjustments_ended_check",
        "credit_adjustments_unapplied_check",
        "credit_allocations_amount_paisa_check",
        "credit_allocations_cause_check",
        "credit_debits_amount_paisa_check",
        "credit_debits_written_off_check",
        "credit_payments_amount_paisa_check",
        "credit_payments_check",
        "credit_payments_cheque_check",
        "credit_payments_ended_check",
        "credit_payments_unspent_check",
        "ledger_entries_cause_check",
        "ledger_entries_held_check",
        "ledger_entries_posted_check",
        "ledger_entries_version_check",
        "ledger_hold_endings_check",
        "ledger_hold_endings_released_amount_check",
        "ledger_hold_endings_settled_amount_check",
        "ledger_holds_amount_check",
        "order_lines_amount_paisa_check",
        "order_lines_check",
        "order_lines_quantity_check",
        "order_lines_tax_paisa_check",
        "order_lines_unit_price_paisa_check",
        "order_lines_vat_basis_points_check",
        "orders_check",
        "orders_check1",
        "orders_check2",
        "orders_subtotal_paisa_check",
        "orders_tax_paisa_check",
        "idempotency_keys_key_check",
    },
    "words of a closed list, written by code that has them as an enumeration": {
        "baskets_payment_mode_check",
        "baskets_state_check",
        "credit_accounts_status_check",
        "credit_adjustments_kind_check",
        "credit_adjustments_reason_check",
        "credit_adjustments_state_check",
        "credit_payments_method_check",
        "credit_payments_state_check",
        "ledger_accounts_unit_check",
        "ledger_entries_kind_check",
        "ledger_hold_endings_kind_check",
        "orders_payment_mode_check",
        "orders_status_check",
    },
    "ids made anew for every row": {
        "baskets_pkey",
        "credit_adjustments_pkey",
        "credit_allocations_pkey",
        "credit_debits_pkey",
        "credit_payments_pkey",
        "ledger_holds_pkey",
        "ledger_transfers_pkey",
        "orders_pkey",
        "order_lines_pkey",
    },
    "ids derived from what they are for, and opened with ON CONFLICT DO NOTHING": {
        "ledger_accounts_id_unit_key",
        "ledger_accounts_kind_owner_key",
        "ledger_accounts_pkey",
        "order_days_pkey",
    },
    "a row that the same transaction has just read or written": {
        "baskets_retailer_id_fkey",
        "credit_accounts_id_fkey",
        "credit_adjustments_account_id_fkey",
        "credit_adjustments_debit_id_fkey",
        "credit_adjustments_retailer_id_fkey",
        "credit_allocations_adjustment_id_fkey",
        "credit_allocations_debit_id_fkey",
        "credit_allocations_payment_id_fkey",
        "credit_allocations_undoes_id_fkey",
        "credit_debits_account_id_fkey",
        "credit_debits_retailer_id_fkey",
        "credit_payments_account_id_fkey",
        "credit_payments_debit_id_fkey",
        "credit_payments_retailer_id_fkey",
        "ledger_entries_account_id_fkey",
        "ledger_entries_hold_id_fkey",
        "ledger_entries_transfer_id_fkey",
        "ledger_hold_endings_hold_id_fkey",
        "ledger_holds_account_id_fkey",
        "ledger_transfers_hold_fkey",
        "ledger_transfers_reverses_id_fkey",
        "order_lines_offer_id_fkey",
        "order_lines_order_id_fkey",
        "order_lines_product_id_fkey",
        "orders_basket_id_fkey",
        "orders_credit_account_id_fkey",
        "orders_hold_id_fkey",
        "orders_retailer_id_fkey",
        "orders_vendor_id_fkey",
        "stock_id_fkey",
        "stock_pkey",
    },
    "the row is locked by whoever writes the next version": {"ledger_entries_pkey"},
    "only an account that keeps a balance is ever changed": {"ledger_accounts_unkept_check"},
}
MONEY_TABLES = (
    "ledger_accounts",
    "ledger_transfers",
    "ledger_holds",
    "ledger_hold_endings",
    "ledger_entries",
    "credit_accounts",
    "credit_debits",
    "credit_payments",
    "credit_allocations",
    "credit_adjustments",
    "baskets",
    "orders",
    "order_lines",
    "order_days",
    "stock",
    "idempotency_keys",
)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    table: str
    name: str


async def constraints_of(database: Database) -> list[Named]:
    """Every constraint and every unique index of the schema, by the name an error would carry."""
    async with database.reading() as tx:
        return await tx.all(
            """
            SELECT relation.relname AS table, con.conname AS name
            FROM pg_constraint AS con
            JOIN pg_class AS relation ON relation.oid = con.conrelid
            WHERE con.connamespace = 'public'::regnamespace AND con.contype IN ('c', 'u', 'p', 'f', 'x')
            UNION
            SELECT relation.relname, unique_index.relname
            FROM pg_index
            JOIN pg_class AS unique_index ON unique_index.oid = pg_index.indexrelid
            JOIN pg_class AS relation ON relation.oid = pg_index.indrelid
            WHERE pg_index.indisunique AND relation.relnamespace = 'public'::regnamespace
            """,
            into=Named,
        )


async def test_every_name_in_the_table_is_in_the_schema(database: Database) -> None:
    """A renamed constraint would turn a refusal into a fault without anybody noticing."""
    existing = {one.name for one in await constraints_of(database)}
    assert set(CONSTRAINT_ERRORS) - RAISED_BY_TRIGGERS - existing == set()


async def test_every_constraint_of_money_is_told_or_out_of_reach(database: Database) -> None:
    """Each CHECK, key and foreign key of these tables has an error, or a reason why no request meets it."""
    names = {one.name for one in await constraints_of(database) if one.table in MONEY_TABLES}
    thought_of = set(CONSTRAINT_ERRORS) | {name for reasoned in NEVER_HIT.values() for name in reasoned}
    assert names - thought_of == set()
    # And no reason outlives its constraint, or stands beside an error.
    assert {name for reasoned in NEVER_HIT.values() for name in reasoned} - names == set()
    assert {name for reasoned in NEVER_HIT.values() for name in reasoned} & set(CONSTRAINT_ERRORS) == set()


@pytest.mark.parametrize("name", CONSTRAINT_ERRORS)
def test_every_refusal_can_be_said(name: str) -> None:
    """Each error made from a constraint has all the details its sentence wants."""
    refusal = CONSTRAINT_ERRORS[name]()
    assert isinstance(refusal, KhaachoError)
    assert str(refusal)
