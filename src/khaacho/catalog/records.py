"""Frozen rows of goods, and what is needed to add or change them."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.catalog.quantities import QuantityRules, allows_fractions
from khaacho.money import VAT_BASIS_POINTS_DEFAULT


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in one pack. `selling_unit` is what "1" means; pack_size and pack_unit say what one unit holds."""

    id: UUID
    code: str
    name: str
    name_ne: str
    brand: str
    category: str
    selling_unit: str
    pack_size: Decimal | None
    pack_unit: str
    units_per_carton: int | None
    units_per_dozen: int | None
    vat_basis_points: int
    list_price_paisa: int | None
    active: bool


class NewProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product to add."""

    code: str
    name: str
    category: str
    selling_unit: str
    name_ne: str = ""
    brand: str = ""
    pack_size: Decimal | None = None
    pack_unit: str = ""
    units_per_carton: int | None = None
    units_per_dozen: int | None = None
    vat_basis_points: int = VAT_BASIS_POINTS_DEFAULT
    list_price_paisa: int | None = None
    active: bool = True


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What one vendor sells a product for, and how many it has. Quantities are in selling units."""

    id: UUID
    vendor_id: UUID
    product_id: UUID
    sku: str
    price_paisa: int
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    multiple: Decimal | None
    lead_time_days: int
    active: bool
    physical: Decimal
    reserved: Decimal

    @property
    def available(self) -> Decimal:
        """What can still be promised."""
        return self.physical - self.reserved

    def quantity_rules(self, selling_unit: str) -> QuantityRules:
        """Which quantities of it can be bought, of a product sold by this unit."""
        return QuantityRules(
            min_quantity=self.min_quantity,
            max_quantity=self.max_quantity,
            multiple=self.multiple,
            fractions=allows_fractions(selling_unit),
        )


class OfferTerms(msgspec.Struct, frozen=True, kw_only=True):
    """An offer without its stock, as it is locked for a change."""

    id: UUID
    vendor_id: UUID
    product_id: UUID
    sku: str
    price_paisa: int
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    multiple: Decimal | None
    lead_time_days: int
    active: bool


class NewOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's offer to put in place. `stock` is a count of what is there; None leaves the count as it is."""

    vendor_id: UUID
    product_id: UUID
    sku: str
    price_paisa: int
    stock: Decimal | None = None
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    multiple: Decimal | None = None
    lead_time_days: int = 1
    active: bool = True


class PutOutcome(StrEnum):
    CREATED = "CREATED"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"


class PutOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as it stands after it was put, and what that took."""

    offer: Offer
    outcome: PutOutcome


class StockLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A stock row; `id` is the offer's."""

    id: UUID
    physical: Decimal
    reserved: Decimal

    @property
    def available(self) -> Decimal:
        """What can still be promised."""
        return self.physical - self.reserved


class StockChange(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that came in (positive) or went otherwise than by an order (negative), and why."""

    offer_id: UUID
    change: Decimal
    reason: str


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """A phrase that means a product, for everyone or for one retailer."""

    id: UUID
    product_id: UUID
    product_code: str
    phrase: str
    retailer_id: UUID | None


class NewAlias(msgspec.Struct, frozen=True, kw_only=True):
    """A phrase to learn. It is kept lower-cased, with single spaces."""

    product_id: UUID
    phrase: str
    retailer_id: UUID | None = None


class OfferCode(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's own code for a product."""

    sku: str
    product_id: UUID


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a message can be read against. It is at least as new as `version` says."""

    version: int
    products: list[Product]
    aliases: list[Alias]
    offer_codes: list[OfferCode]
