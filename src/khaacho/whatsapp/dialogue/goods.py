"""Questions about what there is, what it costs and whether it is in stock."""

from __future__ import annotations

from collections import Counter

from khaacho.catalog.queries import find_offers_for_products
from khaacho.whatsapp.dialogue.talk import Talk, reply
from khaacho.whatsapp.records import Reply
from khaacho.whatsapp.understanding.records import Intent, Understanding
from khaacho.whatsapp.wording.account_text import GoodsLine, lay_out_goods
from khaacho.whatsapp.wording.figures import show_name

CATEGORIES_SHOWN = 8


async def show_goods(talk: Talk, meaning: Understanding) -> Reply:
    """The products a question fits, with the lowest price and whether anybody has them."""
    if not meaning.catalog_terms and not meaning.catalog_matches:
        counted = Counter(product.category for product in talk.goods.by_id.values())
        categories = ", ".join(category for category, _ in counted.most_common(CATEGORIES_SHOWN))
        return reply(talk.words.goods_ask.format(categories=categories), intent=Intent.CATALOG)
    products = [talk.goods.by_code[code] for code in meaning.catalog_matches if code in talk.goods.by_code]
    lines: list[GoodsLine] = []
    offers = await find_offers_for_products(talk.tx, [product.id for product in products])
    for product in products:
        own = [offer for offer in offers if offer.product_id == product.id]
        in_stock = [offer for offer in own if offer.available > 0]
        cheapest = min(in_stock or own, key=lambda offer: offer.price_paisa, default=None)
        lines.append(
            GoodsLine(
                name=show_name(product.name, product.name_ne, talk.locale),
                unit=product.selling_unit,
                price_paisa=cheapest.price_paisa if cheapest else None,
                available=bool(in_stock),
            )
        )
    return reply(lay_out_goods(talk.words, meaning.catalog_terms or "", lines), intent=Intent.CATALOG)
