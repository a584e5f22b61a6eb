"""Orders of credits as they are stored: rows and SQL. What happens to them is in `purchase` and `fulfilment`."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.errors import OrderNotFound
from khaacho.platform.database import Transaction
from khaacho.prepaid.gateways.port import Currency, GatewayName, OrderAsked

# Asked about first when a payer should long be back, then every quarter of an hour, later once a day.
FIRST_ASKED_AFTER = timedelta(minutes=5)
ASKED_EVERY = timedelta(minutes=14)
EXPIRES_AFTER = timedelta(hours=24)
ASKED_LATE_EVERY = timedelta(hours=23)
# Gateways let a payment be taken up to five days after it was promised.
ASKED_NO_LONGER_AFTER = timedelta(days=8)


class OrderState(StrEnum):
    """CREATED: the gateway has not answered yet. EXPIRED orders are still credited when money comes."""

    CREATED = "CREATED"
    OPEN = "OPEN"
    PAID = "PAID"
    EXPIRED = "EXPIRED"


class PurchaseOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody set out to buy, with the price as it was then and where the request came from [P33]."""

    id: UUID
    user_id: UUID
    gateway: GatewayName
    receipt: str
    gateway_order_id: str | None
    units: int
    amount_paisa: int
    currency: Currency
    price_inr_paisa: int
    base_price_paisa: int
    package_id: UUID | None
    package_name: str | None
    discount_basis_points: int
    state: OrderState
    failure: str | None
    ip: str | None
    user_agent: str | None
    idempotency_key: str | None
    created_at: datetime
    paid_at: datetime | None
    ask_at: datetime | None

    @property
    def asked(self) -> OrderAsked:
        """The order as a gateway is asked about it."""
        return OrderAsked(gateway_order_id=self.gateway_order_id or "", amount_paisa=self.amount_paisa)

    def is_for(self, units: int, package_id: UUID | None, gateway: GatewayName) -> bool:
        """Was it these credits that were ordered?"""
        return (self.units, self.package_id, self.gateway) == (units, package_id, gateway)


COLUMNS = """id, user_id, gateway, receipt, gateway_order_id, units, amount_paisa, currency, price_inr_paisa,
    base_price_paisa, package_id, package_name, discount_basis_points, state, failure, ip, user_agent,
    idempotency_key, created_at, paid_at, ask_at"""


async def insert_order(tx: Transaction, order: PurchaseOrder) -> None:
    """Store a new order."""
    await tx.execute(
        f"""
        INSERT INTO prepaid_orders ({COLUMNS})
        VALUES (%(id)s, %(user_id)s, %(gateway)s, %(receipt)s, %(gateway_order_id)s, %(units)s, %(amount_paisa)s,
            %(currency)s, %(price_inr_paisa)s, %(base_price_paisa)s, %(package_id)s, %(package_name)s,
            %(discount_basis_points)s, %(state)s, %(failure)s, %(ip)s, %(user_agent)s, %(idempotency_key)s,
            %(created_at)s, %(paid_at)s, %(ask_at)s)
        """,
        {name: getattr(value, "value", value) for name, value in msgspec.structs.asdict(order).items()},
    )


async def find_order(tx: Transaction, gateway: GatewayName, gateway_order_id: str) -> PurchaseOrder | None:
    """The order a gateway calls by this name."""
    return await tx.first(
        f"SELECT {COLUMNS} FROM prepaid_orders WHERE gateway = %(gateway)s AND gateway_order_id = %(name)s",
        {"gateway": gateway.value, "name": gateway_order_id},
        into=PurchaseOrder,
    )


async def find_order_under(tx: Transaction, user_id: UUID, idempotency_key: str) -> PurchaseOrder | None:
    """The order this person made under this key."""
    return await tx.first(
        f"SELECT {COLUMNS} FROM prepaid_orders WHERE user_id = %(user)s AND idempotency_key = %(key)s",
        {"user": user_id, "key": idempotency_key},
        into=PurchaseOrder,
    )


async def require_own_order(tx: Transaction, user_id: UUID, order_id: UUID) -> PurchaseOrder:
    """An order by our id. Raises OrderNotFound, also for somebody else's."""
    found = await tx.first(
        f"SELECT {COLUMNS} FROM prepaid_orders WHERE id = %(id)s", {"id": order_id}, into=PurchaseOrder
    )
    if found is None or found.user_id != user_id:
        raise OrderNotFound
    return found


async def find_unpaid_orders(tx: Transaction, user_id: UUID, *, since: datetime, limit: int) -> list[PurchaseOrder]:
    """What this person set out to buy since then and nobody has paid, newest first; prepaid_orders_user_idx."""
    return await tx.all(
        f"""
        SELECT {COLUMNS}
        FROM prepaid_orders
        WHERE user_id = %(user)s AND state <> 'PAID' AND created_at >= %(since)s
        ORDER BY id DESC
        LIMIT %(limit)s
        """,
        {"user": user_id, "since": since, "limit": limit},
        into=PurchaseOrder,
    )


async def name_order(tx: Transaction, receipt: str, gateway_order_id: str) -> str | None:
    """Note what the gateway calls the order with this receipt; answers the name that is stored, None for a stranger's.

    The first name stays, so that everybody pays the same order.
    """
    await tx.execute(
        """
        UPDATE prepaid_orders
        SET gateway_order_id = %(name)s, state = CASE WHEN state = 'CREATED' THEN 'OPEN' ELSE state END
        WHERE receipt = %(receipt)s AND gateway_order_id IS NULL
        """,
        {"receipt": receipt, "name": gateway_order_id},
    )
    name: str | None = await tx.value(
        "SELECT gateway_order_id FROM prepaid_orders WHERE receipt = %(receipt)s", {"receipt": receipt}
    )
    return name


async def note_failure(tx: Transaction, gateway: GatewayName, gateway_order_id: str, failure: str) -> None:
    """Remember why paying did not work; the order stays open, since the payer may try again."""
    await tx.execute(
        """
        UPDATE prepaid_orders
        SET failure = %(failure)s
        WHERE gateway = %(gateway)s AND gateway_order_id = %(name)s AND state <> 'PAID'
        """,
        {"gateway": gateway.value, "name": gateway_order_id, "failure": failure[:200]},
    )


async def note_paid(tx: Transaction, order_id: UUID, paid_at: datetime) -> None:
    """The order is paid; nobody need ask about it any more."""
    await tx.send_only(
        """
        UPDATE prepaid_orders
        SET state = 'PAID', paid_at = COALESCE(paid_at, %(paid_at)s), ask_at = NULL
        WHERE id = %(id)s
        """,
        {"id": order_id, "paid_at": paid_at},
    )


async def claim_orders_to_ask(tx: Transaction, moment: datetime, limit: int) -> list[PurchaseOrder]:
    """Orders due to be asked about, each given its next time at once, so that two workers ask about different ones."""
    return await tx.all(
        f"""
        UPDATE prepaid_orders
        SET ask_at = CASE
                WHEN created_at > %(expired)s THEN %(moment)s + %(every)s
                WHEN created_at > %(given_up)s THEN %(moment)s + %(late_every)s
            END
        WHERE ask_at <= %(moment)s AND id IN (
            SELECT id FROM prepaid_orders WHERE ask_at <= %(moment)s ORDER BY ask_at LIMIT %(limit)s
        )
        RETURNING {COLUMNS}
        """,
        {
            "moment": moment,
            "limit": limit,
            "every": ASKED_EVERY,
            "late_every": ASKED_LATE_EVERY,
            "expired": moment - EXPIRES_AFTER,
            "given_up": moment - ASKED_NO_LONGER_AFTER,
        },
        into=PurchaseOrder,
    )


async def count_orders_to_ask(tx: Transaction, moment: datetime) -> int:
    """How many orders are due to be asked about."""
    count: int = await tx.value("SELECT count(*) FROM prepaid_orders WHERE ask_at <= %(moment)s", {"moment": moment})
    return count


async def expire_order(tx: Transaction, order_id: UUID) -> bool:
    """Nobody paid in a day; answers whether it was still open. Money that comes later is credited all the same."""
    expired = await tx.execute(
        "UPDATE prepaid_orders SET state = 'EXPIRED' WHERE id = %(id)s AND state IN ('CREATED', 'OPEN')",
        {"id": order_id},
    )
    return expired == 1


def first_asked_at() -> datetime:
    """When a new order is first asked about."""
    return clock.now() + FIRST_ASKED_AFTER
