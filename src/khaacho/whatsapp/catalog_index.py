"""The catalogue as messages are read against it: one per process, rebuilt when the catalogue's version changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

import msgspec

from khaacho.catalog.queries import find_catalog_version, read_catalog
from khaacho.catalog.records import Catalog, Product
from khaacho.platform.database import Database
from khaacho.whatsapp.understanding.index import CatalogIndex, build_index
from khaacho.whatsapp.understanding.intents import read_phrasebook
from khaacho.whatsapp.understanding.records import Alias, CatalogItem


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the catalogue, indexed. The understanding speaks of codes, the other domains of ids."""

    version: int
    index: CatalogIndex
    by_code: Mapping[str, Product]
    by_id: Mapping[UUID, Product]


class GoodsKeeper:
    """Keeps the goods of the latest version it was asked about."""

    def __init__(self) -> None:
        self._goods: Goods | None = None
        self._building = asyncio.Lock()

    async def current(self, database: Database) -> Goods:
        """The goods as they are now; costs one small query while nothing has changed.

        Building takes a while for a large catalogue and happens in a thread, so that other work goes on.
        """
        async with database.reading() as tx:
            version = await find_catalog_version(tx)
        if self._goods is not None and self._goods.version == version:
            return self._goods
        async with self._building:
            if self._goods is None or self._goods.version < version:
                async with database.reading() as tx:
                    catalog = await read_catalog(tx)
                self._goods = await asyncio.to_thread(index_goods, catalog)
            return self._goods


def index_goods(catalog: Catalog) -> Goods:
    """Index a catalogue. A vendor's own code counts as a name of its product, unless vendors use it for several."""
    read_phrasebook()
    by_id = {product.id: product for product in catalog.products}
    meanings: dict[str, set[UUID]] = {}
    for offer_code in catalog.offer_codes:
        meanings.setdefault(offer_code.sku, set()).add(offer_code.product_id)
    own_codes = [
        Alias(phrase=sku, sku=by_id[product_id].code)
        for sku, product_ids in meanings.items()
        if len(product_ids) == 1
        for product_id in product_ids
        if product_id in by_id
    ]
    taught = [Alias(phrase=alias.phrase, sku=alias.product_code) for alias in catalog.aliases]
    return Goods(
        version=catalog.version,
        index=build_index([catalog_item(product) for product in catalog.products], [*own_codes, *taught]),
        by_code=MappingProxyType({product.code: product for product in catalog.products}),
        by_id=MappingProxyType(by_id),
    )


def catalog_item(product: Product) -> CatalogItem:
    """A product as the understanding knows it."""
    return CatalogItem(
        sku=product.code,
        name=product.name,
        name_ne=product.name_ne,
        brand=product.brand,
        category=product.category,
        selling_unit=product.selling_unit,
        pack_size=product.pack_size,
        pack_unit=product.pack_unit,
        units_per_carton=product.units_per_carton,
        units_per_dozen=product.units_per_dozen,
        price_paisa=product.list_price_paisa,
        active=product.active,
    )
