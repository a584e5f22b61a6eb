"""What has to be worded: a field for everything we say, so that no language can lack anything.

Places in braces are filled by the layouts beside this file; a test sees that every language has the same ones.
Command words and the labels of a bill (Subtotal, Tax, Total) are the same in every language, as people know them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from khaacho.orders.records import OrderStatus, PaymentStatus


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Everything we say, in one language."""

    # --- the channel itself ---
    handling_failed: str
    opted_out: str
    opted_in: str
    only_text: str
    edits_not_read: str

    # --- who people are ---
    welcome: str
    ask_shop: str
    ask_owner: str
    ask_city: str
    ask_phone: str
    not_a_phone: str
    registered: str
    phone_is_known: str
    still_pending: str
    account_closed: str
    approved: str
    language_changed: str

    # --- small talk and help ---
    greeting: str
    greeting_vendor: str
    thanks: str
    help_retailer: str
    help_vendor: str
    support: str
    not_understood: str

    # --- baskets ---
    confirm_hint: str
    edit_hint: str
    unknown_head: str
    did_you_mean: str
    out_of_stock: str
    not_offered: str
    too_little: str
    nearest_quantity: str
    quantity_not_sold: str
    rule_min: str
    rule_max: str
    rule_multiple: str
    how_to_pay: str
    pay_cod: str
    pay_credit: str
    no_credit: Mapping[str, str]
    ask_which: str
    ask_how_many: str
    ask_unit: str
    answer_hint: str
    another_choice_hint: str
    open_lines_hint: str
    ask_payment: str
    pay_cod_instead: str
    price_changed: str
    nothing_deliverable: str
    basket_dropped: str
    basket_waits: str
    basket_is_empty: str
    nothing_to_confirm: str
    nothing_to_cancel: str
    no_last_order: str
    none_of_these: str
    which_is_wrong: str
    may_not_order: str

    # --- orders, for the retailer ---
    statuses: Mapping[OrderStatus, str]
    payment_statuses: Mapping[PaymentStatus, str]
    confirmed_on_credit: str
    confirmed_cod: str
    confirmed_many: str
    no_orders: str
    orders_head: str
    order_not_found: str
    which_order: str
    cancelled: str
    cannot_cancel: str
    retried: str
    cannot_retry: str
    news: Mapping[OrderStatus, str]
    news_failed: str
    news_cancelled: str
    news_due: str
    news_unroutable: str
    order_placed_for_you: str

    # --- money ---
    credit_head: str
    credit_figures: str
    credit_held: str
    credit_ahead: str
    credit_items: str
    credit_item: str
    credit_item_overdue: str
    credit_nothing_open: str
    credit_none: str
    credit_paused: str
    how_to_pay_us: str
    payment_not_recorded: str
    limit_changed: str
    one_time_code: str
    insights: str

    # --- goods ---
    goods_head: str
    goods_line: str
    goods_sold_out: str
    goods_more: str
    goods_none: str
    goods_ask: str
    goods_hint: str

    # --- vendors ---
    request_head: str
    request_hint: str
    vendor_accepted: str
    vendor_declined: str
    vendor_not_yours: str
    vendor_nothing_open: str
    vendor_orders_head: str
    vendor_moved: str
    vendor_delivered: str
    vendor_cannot: str
    vendor_delivery_wrong: str
    vendor_order_cancelled: str
    vendor_next: Mapping[OrderStatus, str]
