"""What travels about goods, in and out, and how it is turned into rows. Percent and rupees outside, integers inside."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from khaacho.catalog.quantities import QuantityRules, allows_fractions, leave_something
from khaacho.catalog.records import Alias, NewOffer, NewProduct, Offer, Product, StockLevel
from khaacho.errors import ValidationFailed
from khaacho.money import (
    QUANTITY_DECIMALS_MAX,
    QUANTITY_MAX,
    VAT_BASIS_POINTS_DEFAULT,
    paisa_from_rupees,
    rupees,
)
from khaacho.platform.http import ApiRecord, Quantity, Rupees

BASIS_POINTS_PER_PERCENT = 100
BULK_OFFERS_MAX = 2_000

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$", examples=["RICE-JEERA-25KG"])]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
MaybeText = Annotated[str, msgspec.Meta(max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
LeadTimeDays = Annotated[int, msgspec.Meta(ge=0, le=365)]
Percent = Annotated[Decimal, msgspec.Meta(description="Percent, at most two decimals", examples=[13])]


class ProductRequest(ApiRecord, frozen=True, kw_only=True):
    """A product to add. `sellingUnit` is what "1" means; packSize and packUnit say what one of it holds."""

    code: Code
    name: Text
    name_ne: MaybeText = ""
    brand: MaybeText = ""
    category: Text
    selling_unit: Text
    pack_size: Quantity | None = None
    pack_unit: MaybeText = ""
    units_per_carton: Count | None = None
    units_per_dozen: Count | None = None
    vat_rate: Percent | None = None
    list_price: Rupees | None = None
    active: bool = True


class ProductPatch(ApiRecord, frozen=True, kw_only=True):
    """What is to be different; what is left out stays."""

    code: Code | UnsetType = UNSET
    name: Text | UnsetType = UNSET
    name_ne: MaybeText | UnsetType = UNSET
    brand: MaybeText | UnsetType = UNSET
    category: Text | UnsetType = UNSET
    selling_unit: Text | UnsetType = UNSET
    pack_size: Quantity | UnsetType | None = UNSET
    pack_unit: MaybeText | UnsetType = UNSET
    units_per_carton: Count | UnsetType | None = UNSET
    units_per_dozen: Count | UnsetType | None = UNSET
    vat_rate: Percent | UnsetType = UNSET
    list_price: Rupees | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


class ProductAnswer(ApiRecord, frozen=True, kw_only=True):
    """A product."""

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
    vat_rate: Decimal
    list_price: Decimal | None
    active: bool


class AliasRequest(ApiRecord, frozen=True, kw_only=True):
    """A phrase that means the product: to everyone, or to one retailer."""

    phrase: Text
    retailer_id: UUID | None = None


class AliasAnswer(ApiRecord, frozen=True, kw_only=True):
    """A phrase as it was learned: lower case, single spaces."""

    product_id: UUID
    phrase: str
    retailer_id: UUID | None


class OfferRequest(ApiRecord, frozen=True, kw_only=True):
    """What a vendor sells a product for, and how many were counted."""

    product_id: UUID
    sku: Code
    price: Rupees
    stock: Quantity
    min_quantity: Quantity | None = None
    max_quantity: Quantity | None = None
    multiple: Quantity | None = None
    lead_time_days: LeadTimeDays = 1


class OfferPatch(ApiRecord, frozen=True, kw_only=True):
    """What is to be different; what is left out stays. `stock` is a new count of what is there."""

    sku: Code | UnsetType = UNSET
    price: Rupees | UnsetType = UNSET
    stock: Quantity | UnsetType = UNSET
    min_quantity: Quantity | UnsetType | None = UNSET
    max_quantity: Quantity | UnsetType | None = UNSET
    multiple: Quantity | UnsetType | None = UNSET
    lead_time_days: LeadTimeDays | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class OfferAnswer(ApiRecord, frozen=True, kw_only=True):
    """A vendor's offer with its stock, in selling units."""

    id: UUID
    vendor_id: UUID
    product_id: UUID
    sku: str
    price: Decimal
    stock: Decimal
    reserved: Decimal
    available: Decimal
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    multiple: Decimal | None
    lead_time_days: int
    active: bool


class BulkOffersRequest(ApiRecord, frozen=True, kw_only=True):
    """Offers to put in place, all or none."""

    offers: Annotated[list[OfferRequest], msgspec.Meta(min_length=1, max_length=BULK_OFFERS_MAX)]


class BulkOffersAnswer(ApiRecord, frozen=True, kw_only=True):
    """The offers as they stand, in order, and what it took."""

    offers: list[OfferAnswer]
    created: int
    changed: int
    unchanged: int


class StockRequest(ApiRecord, frozen=True, kw_only=True):
    """Goods in (positive) or out (negative), by the vendor's SKU or the product's code, and why."""

    sku: Code
    change: Quantity
    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=r"\S")]


class StockAnswer(ApiRecord, frozen=True, kw_only=True):
    """The level after it."""

    offer_id: UUID
    sku: str
    stock: Decimal
    reserved: Decimal
    available: Decimal


# --- out ---------------------------------------------------------------------------------------------------------


def product_answer(product: Product) -> ProductAnswer:
    """The row as it travels."""
    return ProductAnswer(
        id=product.id,
        code=product.code,
        name=product.name,
        name_ne=product.name_ne,
        brand=product.brand,
        category=product.category,
        selling_unit=product.selling_unit,
        pack_size=product.pack_size,
        pack_unit=product.pack_unit,
        units_per_carton=product.units_per_carton,
        units_per_dozen=product.units_per_dozen,
        vat_rate=Decimal(product.vat_basis_points) / BASIS_POINTS_PER_PERCENT,
        list_price=None if product.list_price_paisa is None else rupees(product.list_price_paisa),
        active=product.active,
    )


def offer_answer(offer: Offer) -> OfferAnswer:
    """The row as it travels."""
    return OfferAnswer(
        id=offer.id,
        vendor_id=offer.vendor_id,
        product_id=offer.product_id,
        sku=offer.sku,
        price=rupees(offer.price_paisa),
        stock=offer.physical,
        reserved=offer.reserved,
        available=offer.available,
        min_quantity=offer.min_quantity,
        max_quantity=offer.max_quantity,
        multiple=offer.multiple,
        lead_time_days=offer.lead_time_days,
        active=offer.active,
    )


def stock_answer(sku: str, level: StockLevel) -> StockAnswer:
    """The level as it travels."""
    return StockAnswer(
        offer_id=level.id, sku=sku, stock=level.physical, reserved=level.reserved, available=level.available
    )


def alias_answer(alias: Alias) -> AliasAnswer:
    """The row as it travels."""
    return AliasAnswer(product_id=alias.product_id, phrase=alias.phrase, retailer_id=alias.retailer_id)


# --- in ----------------------------------------------------------------------------------------------------------


def new_product(request: ProductRequest) -> NewProduct:
    """Raises ValidationFailed, InvalidAmount."""
    return NewProduct(
        code=request.code,
        name=request.name.strip(),
        name_ne=request.name_ne.strip(),
        brand=request.brand.strip(),
        category=request.category.strip(),
        selling_unit=request.selling_unit.strip(),
        pack_size=checked_quantity(request.pack_size, "packSize"),
        pack_unit=request.pack_unit.strip(),
        units_per_carton=request.units_per_carton,
        units_per_dozen=request.units_per_dozen,
        vat_basis_points=VAT_BASIS_POINTS_DEFAULT if request.vat_rate is None else basis_points(request.vat_rate),
        list_price_paisa=None if request.list_price is None else price_paisa(request.list_price, "listPrice", least=0),
        active=request.active,
    )


def product_changes(patch: ProductPatch) -> dict[str, Any]:
    """By field name of `Product`. Raises ValidationFailed, InvalidAmount."""
    changes = _given(patch)
    if "vat_rate" in changes:
        changes["vat_basis_points"] = basis_points(changes.pop("vat_rate"))
    if "list_price" in changes:
        list_price = changes.pop("list_price")
        changes["list_price_paisa"] = None if list_price is None else price_paisa(list_price, "listPrice", least=0)
    if "pack_size" in changes:
        changes["pack_size"] = checked_quantity(changes["pack_size"], "packSize")
    return changes


def new_offer(vendor_id: UUID, request: OfferRequest, selling_unit: str) -> NewOffer:
    """Raises ValidationFailed for figures that cannot be sold by this unit."""
    offer = NewOffer(
        vendor_id=vendor_id,
        product_id=request.product_id,
        sku=request.sku,
        price_paisa=price_paisa(request.price, "price", least=1),
        stock=checked_stock(request.stock, selling_unit),
        min_quantity=checked_quantity(request.min_quantity, "minQuantity"),
        max_quantity=checked_quantity(request.max_quantity, "maxQuantity"),
        multiple=checked_quantity(request.multiple, "multiple"),
        lead_time_days=request.lead_time_days,
    )
    check_rules(offer.min_quantity, offer.max_quantity, offer.multiple, selling_unit)
    return offer


def offer_changes(patch: OfferPatch, current: Offer, selling_unit: str) -> dict[str, Any]:
    """By field name of `OfferTerms`, and `stock` when it was counted. Raises ValidationFailed."""
    changes = _given(patch)
    if "price" in changes:
        changes["price_paisa"] = price_paisa(changes.pop("price"), "price", least=1)
    if "stock" in changes:
        changes["stock"] = checked_stock(changes["stock"], selling_unit)
    for name, field in (("min_quantity", "minQuantity"), ("max_quantity", "maxQuantity"), ("multiple", "multiple")):
        if name in changes:
            changes[name] = checked_quantity(changes[name], field)
    after = [changes.get(name, getattr(current, name)) for name in ("min_quantity", "max_quantity", "multiple")]
    check_rules(after[0], after[1], after[2], selling_unit)
    return changes


def check_rules(minimum: Decimal | None, maximum: Decimal | None, multiple: Decimal | None, selling_unit: str) -> None:
    """Raises ValidationFailed when no quantity at all would satisfy the rules."""
    rules = QuantityRules(
        min_quantity=minimum, max_quantity=maximum, multiple=multiple, fractions=allows_fractions(selling_unit)
    )
    if not leave_something(rules):
        raise ValidationFailed(field="multiple", why="with minQuantity and maxQuantity it leaves nothing to buy")


def checked_quantity(quantity: Decimal | None, field: str) -> Decimal | None:
    """Above zero, at most three decimals, at most a million. Raises ValidationFailed."""
    if quantity is not None and (not _is_fine(quantity) or quantity <= 0):
        raise ValidationFailed(field=field, why="must be above zero, with at most three decimals")
    return quantity


def checked_stock(stock: Decimal, selling_unit: str) -> Decimal:
    """Zero or more; whole unless the product is weighed or poured. Raises ValidationFailed."""
    if not _is_fine(stock) or stock < 0:
        raise ValidationFailed(field="stock", why="must be zero or more, with at most three decimals")
    return whole_enough(stock, "stock", selling_unit)


def whole_enough(quantity: Decimal, field: str, selling_unit: str) -> Decimal:
    """Raises ValidationFailed for a fraction of something that is sold whole."""
    if quantity % 1 and not allows_fractions(selling_unit):
        raise ValidationFailed(field=field, why=f"must be whole: this is sold by the {selling_unit}")
    return quantity


def checked_change(change: Decimal, selling_unit: str) -> Decimal:
    """Not zero. Raises ValidationFailed."""
    if not _is_fine(change) or change == 0:
        raise ValidationFailed(field="change", why="must not be zero, with at most three decimals")
    return whole_enough(change, "change", selling_unit)


def basis_points(percent: Decimal) -> int:
    """13 → 1300. Raises ValidationFailed outside 0 to 100 and below a hundredth of a percent."""
    points = percent * BASIS_POINTS_PER_PERCENT if percent.is_finite() else Decimal(-1)
    if not 0 <= points <= 100 * BASIS_POINTS_PER_PERCENT or points % 1:
        raise ValidationFailed(field="vatRate", why="must be 0 to 100, with at most two decimals")
    return int(points)


def price_paisa(price: Decimal, field: str, *, least: int) -> int:
    """Raises InvalidAmount, and ValidationFailed below `least` paisa."""
    paisa = paisa_from_rupees(price)
    if paisa < least:
        raise ValidationFailed(field=field, why="must be above zero" if least else "must not be below zero")
    return paisa


def _is_fine(quantity: Decimal) -> bool:
    return quantity.is_finite() and abs(quantity) <= QUANTITY_MAX and not quantity.scaleb(QUANTITY_DECIMALS_MAX) % 1


def _given(patch: ProductPatch | OfferPatch) -> dict[str, Any]:
    given = {name: getattr(patch, name) for name in patch.__struct_fields__ if getattr(patch, name) is not UNSET}
    return {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
