"""What we say, in English: short, warm and exact, and always what to write next."""

from __future__ import annotations

from khaacho.orders.records import OrderStatus, PaymentStatus
from khaacho.whatsapp.wording.words import Words

ENGLISH = Words(
    handling_failed=(
        "🙏 Sorry, we could not work through your last message. Our people have been told. "
        "Please send it again in a little while, or write SUPPORT."
    ),
    opted_out="You will get no more messages from us, except answers to what you write. Write START to get them again.",
    opted_in="Welcome back 🙏 You will get our messages again. Write STOP whenever you want them to end.",
    only_text="🙏 We can only read text so far. Please write what you need, like: 5 bora chamal, 2 carton wai wai",
    edits_not_read="🙏 We do not see changes to a message that was sent. Please write the change as a new message.",
    welcome=(
        "🙏 Namaste, and welcome to Khaacho! Shops order from wholesalers here by simply writing what they need, "
        "pay at the door or later on credit.\nWe do not know this number yet; three short questions and you are in."
    ),
    ask_shop="What is the name of your shop?",
    ask_owner="And your own name?",
    ask_city="In which town or bazaar is the shop?",
    ask_phone="Which phone number can we reach you at?",
    not_a_phone="That does not look like a phone number. Please write it like 9841234567.",
    registered=(
        "✅ Thank you! *{shop}* is registered. We will have a look and write to you here as soon as you can order."
    ),
    phone_is_known="That number belongs to a shop we know. Our people will connect the two and write to you here.",
    still_pending="🙏 *{shop}* is registered but not approved yet. We will write to you here as soon as you can order.",
    account_closed="🙏 Ordering is closed for this number now. Write SUPPORT and we will look at it together.",
    approved="🎉 *{name}* is approved! Write what you need, for example: 5 bora chamal ra 2 carton wai wai",
    language_changed="From now on we write to you in English.",
    greeting="🙏 Namaste {name}! Write what you need, like: 5 bora chamal, 2 carton wai wai. HELP shows everything.",
    greeting_vendor="🙏 Namaste {name}! MY ORDERS lists what is open. HELP shows everything.",
    thanks="🙏 You are welcome!",
    help_retailer=(
        "Write to us as you like; we understand English, Nepali and both mixed.\n"
        "🛒 Order: 5 bora chamal, 2 carton wai wai\n"
        "✏️ Change: wai wai 3 carton garnu · remove oil\n"
        "✅ CONFIRM or CONFIRM CREDIT · ❌ CANCEL\n"
        "🔁 SAME AS LAST TIME\n"
        "📦 STATUS, MY ORDERS · 💳 CREDIT · 📊 STATS\n"
        "🔎 Price and stock: wai wai kati ho?\n"
        "💰 PAY · 👤 SUPPORT · 🔕 STOP\n"
        "नेपालीमा पढ्न NEPALI लेख्नुहोस्"
    ),
    help_vendor=(
        "For your orders (the code may be left out when only one fits):\n"
        "📋 MY ORDERS\n"
        "✅ ACCEPT 0001 · ❌ DECLINE 0001 and why\n"
        "📦 PACKED 0001 · 🚚 DISPATCHED 0001 · 🛵 OUT FOR DELIVERY 0001\n"
        "🏁 DELIVERED 0001, or what arrived: DELIVERED 0001 wai wai 40\n"
        "👤 SUPPORT · 🔕 STOP"
    ),
    support="👤 We have called our people; someone will get in touch with you soon. Thank you for your patience.",
    not_understood=(
        "🙏 Sorry, we did not understand that. Write what you need, for example: 5 bora chamal, 2 carton wai wai. "
        "HELP shows everything."
    ),
    confirm_hint="Reply CONFIRM / CANCEL",
    edit_hint="or write what to change, for example: {example}",
    unknown_head="❓ Not understood, so not in the order:",
    did_you_mean="did you mean {names}?",
    out_of_stock="⚠️ {name} is sold out at the moment; left out.",
    not_offered="⚠️ Nobody near you offers {name} at the moment; left out.",
    too_little="⚠️ {name}: you asked for {wanted}, there are {offered}.",
    nearest_quantity="⚠️ {name}: {wanted} is not sold{rule}; the nearest is {offered}.",
    quantity_not_sold="⚠️ {name}: {wanted} is not sold{rule}; left out.",
    rule_min="at least {quantity}",
    rule_max="at most {quantity}",
    rule_multiple="in steps of {quantity}",
    how_to_pay="How to pay:",
    pay_cod="💵 COD: pay at the door",
    pay_credit="💳 CREDIT: {available} available, pay within {days} days of delivery",
    no_credit={
        "NO_CREDIT_ACCOUNT": "💳 You have no credit line yet; this order is paid at the door.",
        "CREDIT_PAUSED": "💳 Your credit is paused at the moment; this order is paid at the door.",
        "CREDIT_BLOCKED": "💳 Your credit is blocked at the moment; this order is paid at the door.",
        "MAX_ORDER_VALUE_EXCEEDED": "💳 Above {max}, the largest order on credit; this order is paid at the door.",
        "OVERDUE_CREDIT": "💳 Earlier credit is {days} days overdue; until it is paid, orders are paid at the door.",
        "INSUFFICIENT_CREDIT": "💳 Above your available credit of {available}; this order is paid at the door.",
        "OTHER": "💳 Credit is not possible for this order; it is paid at the door.",
    },
    ask_which="❓ Which *{said}* do you mean?",
    ask_how_many="❓ How many {unit} of *{name}*?",
    ask_unit="❓ *{said}*: which pack do you mean?",
    answer_hint="Reply with the number.",
    another_choice_hint="Another one? Write its name or size.",
    open_lines_hint="CONFIRM places only what is listed above.",
    ask_payment=(
        "How would you like to pay {total}?\n1. COD (at the door)\n2. CREDIT ({available} available)\nReply 1 or 2."
    ),
    pay_cod_instead="Reply COD to pay at the door, or CANCEL.",
    price_changed="⚠️ Price or stock changed since the summary. This is how it stands now:",
    nothing_deliverable="🙏 Nothing of this can be delivered at the moment. Write something else, or try again later.",
    basket_dropped="❌ Dropped; nothing was ordered. Write whenever you need something.",
    basket_waits=(
        "🛒 Your order of {total} is still waiting. Reply YES to place it, CANCEL to drop it, or write what to change."
    ),
    basket_is_empty="Your order is empty now. Write what you need.",
    nothing_to_confirm="There is nothing to confirm at the moment. Write what you need, for example: 5 bora chamal",
    nothing_to_cancel="There is nothing to cancel. To cancel a placed order write CANCEL and its code.",
    no_last_order="We have no earlier order of yours to repeat. Write what you need.",
    which_is_wrong="Sorry. Which line is wrong? Write for example: remove 1, or: not {first} but …",
    none_of_these="All right, none of these. Please write it in other words, with brand and size if you can.",
    may_not_order="🙏 You cannot order at the moment. Please write SUPPORT and we will look at it together.",
    statuses={
        OrderStatus.PENDING: "waiting for the wholesaler",
        OrderStatus.ACCEPTED: "accepted",
        OrderStatus.PACKING: "being packed",
        OrderStatus.DISPATCHED: "on its way",
        OrderStatus.OUT_FOR_DELIVERY: "out for delivery",
        OrderStatus.DELIVERED: "delivered",
        OrderStatus.COMPLETED: "completed",
        OrderStatus.CANCELLED: "cancelled",
        OrderStatus.FAILED: "failed",
    },
    payment_statuses={
        PaymentStatus.UNPAID: "unpaid",
        PaymentStatus.PARTIAL: "partly paid",
        PaymentStatus.PAID: "paid",
        PaymentStatus.OVERDUE: "overdue",
    },
    confirmed_on_credit="On credit, to be paid within {days} days of delivery. Thank you 🙏",
    confirmed_cod="To be paid at the door. Thank you 🙏",
    confirmed_many="Your order comes from {count} wholesalers:",
    no_orders="You have no orders yet. Write what you need, for example: 5 bora chamal",
    orders_head="📦 Your latest orders:",
    order_not_found="We find no order {code} of yours. MY ORDERS lists them.",
    which_order="Which order do you mean?",
    cancelled="❌ Order {code} is cancelled. Nothing is owed for it.",
    cannot_cancel="Order {code} is {status} and cannot be cancelled any more. Write SUPPORT if something is wrong.",
    retried="🔁 Order {code} is under way again; we are asking a wholesaler.",
    cannot_retry="Order {code} is {status} and cannot be tried again.",
    news={
        OrderStatus.PENDING: "🔁 Order {code} is under way again; we are asking a wholesaler.",
        OrderStatus.ACCEPTED: "👍 {vendor} accepted your order {code} of {total}.",
        OrderStatus.PACKING: "📦 {vendor} is packing your order {code}.",
        OrderStatus.DISPATCHED: "🚚 Your order {code} left {vendor} and is on its way.",
        OrderStatus.OUT_FOR_DELIVERY: "🛵 Your order {code} is out for delivery and will be with you soon.",
        OrderStatus.DELIVERED: "🏁 Your order {code} is delivered: {total}.",
        OrderStatus.COMPLETED: "✅ Your order {code} is completed and paid: {total}. Thank you 🙏",
    },
    news_failed=(
        "😔 Your order {code} could not be fulfilled{reason}. Nothing is owed for it. Reply RETRY {code} to try again."
    ),
    news_cancelled="❌ Your order {code} was cancelled{reason}. Nothing is owed for it.",
    news_due="Please pay by {date}.",
    news_unroutable="🙏 No wholesaler has taken your order {code} yet. Our people are looking for one and will write.",
    order_placed_for_you="🛒 An order was placed for you: {code}, {total}. Track: STATUS {code}",
    credit_head="💳 *Your credit*",
    credit_figures="Limit: {limit}\nUsed: {used}{held}\nAvailable: {available}",
    credit_held=" ({amount} of it for orders on their way)",
    credit_ahead="Paid ahead, kept for your next order: {amount}",
    credit_items="Still to pay:",
    credit_item="{amount}, due {date}",
    credit_item_overdue="{amount}, was due {date}, {days} days ago ⚠️",
    credit_nothing_open="Nothing to pay at the moment 👏",
    credit_none="You have no credit line yet; orders are paid at the door. Write SUPPORT to ask for one.",
    credit_paused="⚠️ New orders on credit are not possible at the moment; COD always is.",
    how_to_pay_us=(
        "💰 You can pay our collector in cash, by bank transfer, or by eSewa, Khalti or Fonepay. "
        "Write SUPPORT for the account number or the QR code."
    ),
    payment_not_recorded=(
        "Thank you for telling us! A payment counts once our people see it; you will get a message here when they do."
    ),
    limit_changed="💳 Your credit limit is now {limit} (it was {before}).",
    one_time_code="{code} is your Khaacho sign-in code. Do not share it with anyone.",
    insights=(
        "📊 *Your orders*\nThis week: {this_week} orders {trend} (last week: {last_week})\n"
        "This month: {this_month} orders\nLast 30 days: {orders} orders on {days} days, {spent}\n"
        "Average order: {average}"
    ),
    goods_head="🔎 What we have for *{terms}* (before tax):",
    goods_line="{name} · {price} / {unit}",
    goods_sold_out="sold out",
    goods_more="… and {count} more; write brand or size to see fewer.",
    goods_none="🙏 We find nothing for *{terms}*. Please write it in other words, with brand and size if you can.",
    goods_ask=(
        "Which goods would you like to know about? Write for example: wai wai kati ho? "
        "We have, among others: {categories}"
    ),
    goods_hint="To order, write for example: {example}",
    request_head="🔔 *New order {code}*",
    request_hint="Reply ACCEPT {digits} or DECLINE {digits}, please by {time}.",
    vendor_accepted="👍 Order {code} is yours. Write PACKED {digits} when it is packed.",
    vendor_declined="Order {code} is declined; we ask someone else. Thank you for the quick answer.",
    vendor_not_yours="Order {code} is not with you any more.",
    vendor_nothing_open="There is no order of yours for that at the moment. MY ORDERS lists what is open.",
    vendor_orders_head="📋 Your open orders:",
    vendor_moved="👍 Order {code}: {status}. Next: {next}",
    vendor_delivered="🏁 Order {code} is delivered: {total}. Thank you 🙏",
    vendor_cannot="Order {code} is {status}; that is not possible now.",
    vendor_delivery_wrong="Order {code}: {why}. Please write what arrived, for example: DELIVERED {digits} {example}",
    vendor_order_cancelled="❌ Order {code} was cancelled{reason}. Please do not deliver it.",
    vendor_next={
        OrderStatus.ACCEPTED: "PACKED {digits}",
        OrderStatus.PACKING: "DISPATCHED {digits}",
        OrderStatus.DISPATCHED: "OUT FOR DELIVERY {digits} or DELIVERED {digits}",
        OrderStatus.OUT_FOR_DELIVERY: "DELIVERED {digits}",
    },
)
