"""A world to measure in: shops with credit lines, one wholesaler with goods, made set-wise.

The shops are numbered in the table `bench_people`, the goods in `bench_goods`, so that pgbench can pick them too.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import psycopg

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.records import NewCreditLine
from khaacho.ids import new_id
from khaacho.platform.database import Database, Transaction

SHOPS = 10_000
GOODS = 300
# Far above what any run uses: refusals are measured where they are wanted, not met by accident.
LIMIT_PAISA = 1_000_000_000_00
STOCK = 100_000_000

BENCH = Actor(role=ActorRole.ADMIN, name="bench")


@dataclass(frozen=True)
class World:
    shops: list[UUID]
    products: list[UUID]
    vendor: UUID


async def build_world(database: Database, *, shops: int = SHOPS, goods: int = GOODS) -> World:
    """Make everything an order needs; answers the ids."""
    world = World(shops=[new_id() for _ in range(shops)], products=[new_id() for _ in range(goods)], vendor=new_id())
    async with database.transaction() as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        await tx.execute(
            """
            INSERT INTO retailers (id, code, pasal_name, owner_name, phone, city, status, created_at)
            SELECT id, 'RET' || n, 'Pasal ' || n, 'Owner', '+97797' || lpad(n::text, 8, '0'), 'Surkhet', 'ACTIVE',
                %(now)s
            FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS shop (id, n)
            """,
            {"ids": world.shops, "now": clock.now()},
        )
        await tx.execute(
            """
            INSERT INTO vendors (id, code, name, owner_name, phone, city, status, created_at)
            VALUES (%(id)s, 'VEN1', 'Wholesaler', 'Owner', '+9779800000001', 'Surkhet', 'ACTIVE', %(now)s)
            """,
            {"id": world.vendor, "now": clock.now()},
        )
        params = {"products": world.products, "offers": [new_id() for _ in world.products], "vendor": world.vendor}
        await tx.execute(
            """
            INSERT INTO products (id, code, name, category, selling_unit, created_at, updated_at)
            SELECT id, 'P' || n, 'Product ' || n, 'grocery', 'packet', %(now)s, %(now)s
            FROM unnest(%(products)s::uuid[]) WITH ORDINALITY AS product (id, n)
            """,
            {**params, "now": clock.now()},
        )
        await tx.execute(
            """
            INSERT INTO vendor_offers (id, vendor_id, product_id, sku, price_paisa, created_at, updated_at)
            SELECT offer_id, %(vendor)s, product_id, 'P' || n, 10000 + n, %(now)s, %(now)s
            FROM unnest(%(offers)s::uuid[], %(products)s::uuid[]) WITH ORDINALITY AS o (offer_id, product_id, n)
            """,
            {**params, "now": clock.now()},
        )
        await tx.execute("INSERT INTO stock (id, physical) SELECT id, %(stock)s FROM vendor_offers", {"stock": STOCK})
        for start in range(0, shops, 1000):
            await _open_lines(tx, world.shops[start : start + 1000])
    # The application's role may not create tables, and should not; the owner does it here.
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute(
            """
            CREATE TABLE bench_people AS
            SELECT row_number() OVER (ORDER BY id)::integer AS n, retailer_id, id AS line_id FROM credit_accounts;
            ALTER TABLE bench_people ADD PRIMARY KEY (n);
            CREATE TABLE bench_goods AS
            SELECT row_number() OVER (ORDER BY id)::integer AS n, id AS offer_id, product_id, sku, price_paisa
            FROM vendor_offers;
            ALTER TABLE bench_goods ADD PRIMARY KEY (n);
            GRANT SELECT ON bench_people, bench_goods TO khaacho_app;
            """
        )
        owner.execute("ANALYZE")
    return world


async def _open_lines(tx: Transaction, shops: list[UUID]) -> None:
    await open_credit_lines(
        tx,
        BENCH,
        [NewCreditLine(retailer_id=shop, limit_paisa=LIMIT_PAISA, max_order_paisa=LIMIT_PAISA) for shop in shops],
    )
