"""Who and what a city begins with: goods, wholesalers with their shelves, shops with their credit, and who signs in."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.catalog.actions import put_offers
from khaacho.catalog.product_actions import add_products
from khaacho.catalog.records import NewOffer, NewProduct, Product
from khaacho.city.records import CityProduct, CityRetailer, CityVendor
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.records import MAX_ORDER_PAISA_DEFAULT, NewCreditLine
from khaacho.money import paisa_from_rupees
from khaacho.parties.actions import register_retailers, register_vendors
from khaacho.parties.records import Locale, NewRetailer, NewUser, NewVendor, PartyStatus, Retailer
from khaacho.parties.user_actions import add_users
from khaacho.platform.database import Transaction

# The first wholesalers stock nearly everything, deep; the others what they are known for.
GENERAL_STORES = 3
GENERAL_STOCK_PERCENT = 97
SPECIAL_STOCK_PERCENT = 88
GENERAL_SHELF_PAISA = paisa_from_rupees("900000")
SPECIAL_SHELF_PAISA = paisa_from_rupees("250000")
PIECES_MAX = 25_000
PIECES_MIN = 40
# One in this many shelves of a specialist is nearly empty.
SCARCE_EVERY = 25
# Prices around the list's, in thousandths: who has everything asks a little more than who knows his one trade.
GENERAL_PRICE_PERMILLE = (990, 1060)
SPECIAL_PRICE_PERMILLE = (940, 1010)
# Some specialists sell loose goods from this many kilograms on, and small things by the dozen.
LOOSE_MIN = Decimal(5)
BULK_BELOW_PAISA = 3_000
BULK_MULTIPLE = Decimal(12)
# So that the message everybody tries first can always be fulfilled by each of the general stores.
ALWAYS_STOCKED = frozenset({"RICE-JEERA-25KG", "NOOD-WAIWAI-CHK-75"})
# Every so many shops of the city also have credit with the first general store itself.
VENDOR_LINE_EVERY = 20
VENDOR_LINE_PERCENT = 30
MAX_ORDER_PERCENT = 25


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A shop of the city as it is registered, and as whom it acts."""

    plan: CityRetailer
    row: Retailer
    actor: Actor


async def stock_goods(tx: Transaction, goods: Sequence[CityProduct]) -> dict[str, Product]:
    """Add the catalogue; answers the products by code."""
    new = [
        NewProduct(
            code=product.sku,
            name=product.name,
            name_ne=product.name_ne,
            brand=product.brand or "",
            category=product.category,
            selling_unit=product.selling_unit,
            pack_size=product.pack_size,
            pack_unit=product.pack_unit,
            units_per_carton=product.units_per_carton,
            units_per_dozen=product.units_per_dozen,
            list_price_paisa=product.price_paisa,
            active=product.active,
        )
        for product in goods
    ]
    return {product.code: product for product in await add_products(tx, SYSTEM, products=new)}


async def open_vendors(
    tx: Transaction, vendors: Sequence[CityVendor], password_hashes: Mapping[str, str]
) -> dict[UUID, Actor]:
    """Register the wholesalers; answers as whom each acts, in the order given. Hashes are by phone."""
    new = [
        NewVendor(
            code=vendor.code,
            name=vendor.name,
            owner_name=vendor.owner_name,
            phone=vendor.phone,
            city=vendor.city,
            latitude=vendor.latitude,
            longitude=vendor.longitude,
            radius_km=vendor.radius_km,
            opens_at=vendor.opens_at,
            closes_at=vendor.closes_at,
            locale=Locale(vendor.locale),
            status=PartyStatus.ACTIVE,
            password_hash=password_hashes.get(vendor.phone),
        )
        for vendor in vendors
    ]
    return {
        row.id: Actor(role=ActorRole.VENDOR, name=row.owner_name, id=row.user_id, vendor_id=row.id)
        for row in await register_vendors(tx, SYSTEM, vendors=new)
    }


async def fill_shelves(
    tx: Transaction,
    vendors: Sequence[CityVendor],
    vendor_ids: Sequence[UUID],
    products: Mapping[str, Product],
    *,
    seed: int,
) -> int:
    """Put every wholesaler's offers in place; answers how many."""
    offers: list[NewOffer] = []
    for place, (vendor, vendor_id) in enumerate(zip(vendors, vendor_ids, strict=True)):
        dice = random.Random(f"{seed}:shelves:{vendor.code}")
        general = place < GENERAL_STORES
        for product in products.values():
            if not product.active or product.category not in vendor.categories:
                continue
            stocked = dice.randrange(100) < (GENERAL_STOCK_PERCENT if general else SPECIAL_STOCK_PERCENT)
            if stocked or (general and product.code in ALWAYS_STOCKED):
                offers.append(_offer(vendor_id, product, general=general, dice=dice))
    return len(await put_offers(tx, SYSTEM, offers=offers))


def _offer(vendor_id: UUID, product: Product, *, general: bool, dice: random.Random) -> NewOffer:
    list_price = product.list_price_paisa or 0
    permille = dice.randint(*(GENERAL_PRICE_PERMILLE if general else SPECIAL_PRICE_PERMILLE))
    price = max(_rounded(list_price * permille // 1000), 5)
    shelf = GENERAL_SHELF_PAISA if general else SPECIAL_SHELF_PAISA
    pieces = min(max(shelf // price, PIECES_MIN), PIECES_MAX)
    if not general and dice.randrange(SCARCE_EVERY) == 0:
        pieces = dice.randint(0, 4)
    by_the_dozen = not general and list_price < BULK_BELOW_PAISA and dice.randrange(3) == 0
    from_a_sack = not general and product.selling_unit == "kg" and dice.randrange(3) == 0
    return NewOffer(
        vendor_id=vendor_id,
        product_id=product.id,
        sku=product.code,
        price_paisa=price,
        stock=Decimal(pieces),
        min_quantity=LOOSE_MIN if from_a_sack else BULK_MULTIPLE if by_the_dozen else None,
        multiple=BULK_MULTIPLE if by_the_dozen else None,
        lead_time_days=1 if general else dice.randint(1, 2),
    )


def _rounded(price_paisa: int) -> int:
    """To what people can pay in coins: whole rupees, five paisa below ten rupees."""
    step = 100 if price_paisa >= 2_000 else 25 if price_paisa >= 1_000 else 5
    return (price_paisa + step // 2) // step * step


async def open_shops(
    tx: Transaction, shops: Sequence[CityRetailer], password_hashes: Mapping[str, str], *, lender_id: UUID
) -> list[Shop]:
    """Register shops with their credit lines: the platform's, and for some one that the vendor `lender_id` gives."""
    new = [
        NewRetailer(
            code=shop.code,
            pasal_name=shop.pasal_name,
            owner_name=shop.owner_name,
            phone=shop.phone,
            city=shop.city,
            latitude=shop.latitude,
            longitude=shop.longitude,
            locale=Locale(shop.locale),
            status=PartyStatus.ACTIVE,
            password_hash=password_hashes.get(shop.phone),
        )
        for shop in shops
    ]
    rows = await register_retailers(tx, SYSTEM, retailers=new)
    lines: list[NewCreditLine] = []
    for place, (shop, row) in enumerate(zip(shops, rows, strict=True), start=1):
        max_order = max(MAX_ORDER_PAISA_DEFAULT, shop.credit_limit_paisa * MAX_ORDER_PERCENT // 100)
        lines.append(NewCreditLine(retailer_id=row.id, limit_paisa=shop.credit_limit_paisa, max_order_paisa=max_order))
        if place % VENDOR_LINE_EVERY == 0:
            limit = shop.credit_limit_paisa * VENDOR_LINE_PERCENT // 100
            lines.append(NewCreditLine(retailer_id=row.id, vendor_id=lender_id, limit_paisa=limit))
    await open_credit_lines(tx, SYSTEM, lines)
    return [
        Shop(
            plan=shop,
            row=row,
            actor=Actor(role=ActorRole.RETAILER, name=row.owner_name, id=row.user_id, retailer_id=row.id),
        )
        for shop, row in zip(shops, rows, strict=True)
    ]


async def add_admin(tx: Transaction, phone: str, password_hash: str) -> Actor:
    """The person who sees everything; answers as whom they act."""
    new = NewUser(phone=phone, name="Asha Gurung", role=ActorRole.ADMIN, password_hash=password_hash)
    (user,) = await add_users(tx, SYSTEM, users=[new])
    return user.as_actor()
