"""The city's messages as the product itself understands them: the very code of the chat reads them."""

from __future__ import annotations

from collections.abc import Iterable

from khaacho.catalog.records import Product
from khaacho.city.conversations import ORDER_PHRASES
from khaacho.city.living import Message
from khaacho.whatsapp.understanding.index import build_index
from khaacho.whatsapp.understanding.records import CatalogItem
from khaacho.whatsapp.understanding.understand import understand


def read_messages(products: Iterable[Product]) -> list[Message]:
    """Those of the city's order phrases that need no question back, with the goods they ask for."""
    index = build_index(
        CatalogItem(
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
        for product in products
    )
    messages: list[Message] = []
    for phrase in ORDER_PHRASES:
        meaning = understand(phrase.text, index)
        if meaning.lines and not meaning.ask and not meaning.unknown:
            lines = tuple((line.sku, line.quantity) for line in meaning.lines)
            messages.append(Message(text=phrase.text, lines=lines))
    return messages
