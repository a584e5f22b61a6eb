"""What we say, in Nepali: respectful and everyday; command words stay in Latin letters, as people type them."""

from __future__ import annotations

from khaacho.orders.records import OrderStatus, PaymentStatus
from khaacho.whatsapp.wording.words import Words

NEPALI = Words(
    handling_failed=(
        "🙏 माफ गर्नुहोस्, तपाईंको अघिल्लो सन्देशमा काम गर्न सकेनौं। हाम्रा मान्छेलाई खबर भइसक्यो। "
        "केही बेरमा फेरि पठाउनुहोस्, वा SUPPORT लेख्नुहोस्।"
    ),
    opted_out="अब तपाईंले लेखेको कुराको जवाफ बाहेक हाम्रा सन्देश आउने छैनन्। फेरि पाउन START लेख्नुहोस्।",
    opted_in="फेरि स्वागत छ 🙏 अब हाम्रा सन्देश आउनेछन्। नचाहिएको बेला STOP लेख्नुहोस्।",
    only_text="🙏 अहिले हामी लेखेको मात्र पढ्न सक्छौं। चाहिएको सामान लेख्नुहोस्, जस्तै: 5 bora chamal, 2 carton wai wai",
    edits_not_read="🙏 पठाइसकेको सन्देश सच्याएको हामी देख्दैनौं। फेर्नुपर्ने कुरा नयाँ सन्देशमा लेख्नुहोस्।",
    welcome=(
        "🙏 नमस्ते, खाचोमा स्वागत छ! यहाँ पसलले चाहिएको सामान लेखेकै भरमा थोक बिक्रेताबाट मगाउँछन्, "
        "पैसा सामान आएपछि वा उधारोमा तिर्छन्।\nयो नम्बर हामीले चिनेका छैनौं; तीनवटा छोटा प्रश्न मात्र।"
    ),
    ask_shop="तपाईंको पसलको नाम के हो?",
    ask_owner="अनि तपाईंको आफ्नो नाम?",
    ask_city="पसल कुन ठाउँ वा बजारमा छ?",
    ask_phone="तपाईंलाई कुन फोन नम्बरमा भेट्न सकिन्छ?",
    not_a_phone="यो फोन नम्बर जस्तो देखिएन। यसरी लेख्नुहोस्: 9841234567",
    registered="✅ धन्यवाद! *{shop}* दर्ता भयो। हामी हेरेर, अर्डर गर्न मिल्ने भएपछि यहीं खबर गर्छौं।",
    phone_is_known="यो नम्बर हामीले चिनेको पसलको हो। हाम्रा मान्छेले मिलाएर यहीं खबर गर्नेछन्।",
    still_pending="🙏 *{shop}* दर्ता भएको छ, तर स्वीकृत हुन बाँकी छ। अर्डर गर्न मिल्ने भएपछि यहीं खबर गर्छौं।",
    account_closed="🙏 अहिले यो नम्बरबाट अर्डर गर्न मिल्दैन। SUPPORT लेख्नुहोस्, सँगै हेरौंला।",
    approved="🎉 *{name}* स्वीकृत भयो! चाहिएको सामान लेख्नुहोस्, जस्तै: 5 bora chamal ra 2 carton wai wai",
    language_changed="अबदेखि हामी तपाईंलाई नेपालीमा लेख्छौं।",
    greeting="🙏 नमस्ते {name}! चाहिएको सामान लेख्नुहोस्, जस्तै: 5 bora chamal, 2 carton wai wai। सबै कुरा हेर्न HELP।",
    greeting_vendor="🙏 नमस्ते {name}! खुला अर्डर हेर्न MY ORDERS, सबै कुरा हेर्न HELP।",
    thanks="🙏 हजुरलाई पनि धन्यवाद!",
    help_retailer=(
        "आफ्नै शब्दमा लेख्नुहोस्; नेपाली, अंग्रेजी वा दुवै मिसाए पनि बुझ्छौं।\n"
        "🛒 अर्डर: 5 bora chamal, 2 carton wai wai\n"
        "✏️ फेर्न: wai wai 3 carton garnu · tel hataunu\n"
        "✅ CONFIRM वा CONFIRM CREDIT · ❌ CANCEL\n"
        "🔁 पहिलेकै जस्तो: SAME AS LAST TIME\n"
        "📦 STATUS, MY ORDERS · 💳 CREDIT · 📊 STATS\n"
        "🔎 भाउ र मौज्दात: wai wai kati ho?\n"
        "💰 PAY · 👤 SUPPORT · 🔕 STOP\n"
        "To read English write ENGLISH"
    ),
    help_vendor=(
        "तपाईंका अर्डरका लागि (एउटै मात्र भए कोड नलेखे हुन्छ):\n"
        "📋 MY ORDERS\n"
        "✅ ACCEPT 0001 · ❌ DECLINE 0001 र कारण\n"
        "📦 PACKED 0001 · 🚚 DISPATCHED 0001 · 🛵 OUT FOR DELIVERY 0001\n"
        "🏁 DELIVERED 0001, वा जति पुग्यो त्यति: DELIVERED 0001 wai wai 40\n"
        "👤 SUPPORT · 🔕 STOP"
    ),
    support="👤 हाम्रा मान्छेलाई खबर गर्‍यौं; छिट्टै सम्पर्क गर्नेछन्। धैर्य गर्नुभएकोमा धन्यवाद।",
    not_understood=(
        "🙏 माफ गर्नुहोस्, बुझ्न सकेनौं। चाहिएको सामान लेख्नुहोस्, जस्तै: 5 bora chamal, 2 carton wai wai। सबै कुरा हेर्न HELP।"
    ),
    confirm_hint="Reply CONFIRM / CANCEL (पठाउन CONFIRM, छोड्न CANCEL)",
    edit_hint="वा फेर्नुपर्ने कुरा लेख्नुहोस्, जस्तै: {example}",
    unknown_head="❓ यी बुझेनौं, त्यसैले अर्डरमा छैनन्:",
    did_you_mean="{names} भन्न खोज्नुभएको हो?",
    out_of_stock="⚠️ {name} अहिले सकिएको छ; राखेका छैनौं।",
    not_offered="⚠️ {name} अहिले तपाईंको नजिक कसैसँग छैन; राखेका छैनौं।",
    too_little="⚠️ {name}: {wanted} भन्नुभयो, {offered} मात्र छ।",
    nearest_quantity="⚠️ {name}: {wanted} बिक्री हुँदैन{rule}; नजिकको {offered} हो।",
    quantity_not_sold="⚠️ {name}: {wanted} बिक्री हुँदैन{rule}; राखेका छैनौं।",
    rule_min="कम्तीमा {quantity}",
    rule_max="बढीमा {quantity}",
    rule_multiple="{quantity} को गुणनमा",
    how_to_pay="पैसा कसरी तिर्ने:",
    pay_cod="💵 COD: सामान आएपछि नगद",
    pay_credit="💳 CREDIT (उधारो): {available} उपलब्ध, सामान आएको {days} दिनभित्र तिर्ने",
    no_credit={
        "NO_CREDIT_ACCOUNT": "💳 तपाईंको उधारो खाता छैन; यो अर्डर नगदमा हो।",
        "CREDIT_PAUSED": "💳 तपाईंको उधारो अहिले रोकिएको छ; यो अर्डर नगदमा हो।",
        "CREDIT_BLOCKED": "💳 तपाईंको उधारो अहिले बन्द छ; यो अर्डर नगदमा हो।",
        "MAX_ORDER_VALUE_EXCEEDED": "💳 उधारोमा एक पटकमा बढीमा {max}; यो अर्डर नगदमा हो।",
        "OVERDUE_CREDIT": "💳 पहिलेको उधारोको म्याद {days} दिन नाघ्यो; नतिरेसम्म अर्डर नगदमा हो।",
        "INSUFFICIENT_CREDIT": "💳 उपलब्ध उधारो {available} भन्दा बढी भयो; यो अर्डर नगदमा हो।",
        "OTHER": "💳 यो अर्डर उधारोमा मिल्दैन; नगदमा हो।",
    },
    ask_which="❓ *{said}* भनेको कुन?",
    ask_how_many="❓ *{name}* कति {unit}?",
    ask_unit="❓ *{said}*: कुन प्याक?",
    answer_hint="नम्बर लेख्नुहोस्।",
    another_choice_hint="अर्कै हो? नाम वा साइज लेख्नुहोस्।",
    open_lines_hint="CONFIRM गर्दा माथि लेखिएका सामान मात्र जान्छन्।",
    ask_payment="{total} कसरी तिर्नुहुन्छ?\n1. COD (सामान आएपछि नगद)\n2. CREDIT (उधारो, {available} उपलब्ध)\n1 वा 2 लेख्नुहोस्।",
    pay_cod_instead="नगदमा लिन COD, छोड्न CANCEL लेख्नुहोस्।",
    price_changed="⚠️ अघि देखाएपछि भाउ वा मौज्दात फेरियो। अहिले यस्तो छ:",
    nothing_deliverable="🙏 यीमध्ये अहिले केही पठाउन मिल्दैन। अरू केही लेख्नुहोस्, वा पछि फेरि हेर्नुहोस्।",
    basket_dropped="❌ छोडियो; केही अर्डर भएन। चाहिएको बेला लेख्नुहोस्।",
    basket_waits=("🛒 तपाईंको {total} को अर्डर अझै पर्खिरहेको छ। पठाउन YES, छोड्न CANCEL, फेर्नुपर्ने भए त्यही लेख्नुहोस्।"),
    basket_is_empty="अब तपाईंको अर्डर खाली छ। चाहिएको सामान लेख्नुहोस्।",
    nothing_to_confirm="अहिले पक्का गर्नुपर्ने केही छैन। चाहिएको सामान लेख्नुहोस्, जस्तै: 5 bora chamal",
    nothing_to_cancel="रद्द गर्नुपर्ने केही छैन। गरिसकेको अर्डर रद्द गर्न CANCEL र कोड लेख्नुहोस्।",
    no_last_order="दोहोर्‍याउने तपाईंको पहिलेको अर्डर छैन। चाहिएको सामान लेख्नुहोस्।",
    which_is_wrong="माफ गर्नुहोस्। कुन मिलेन? उदाहरण: १ नम्बर हटाउनु, वा {first} होइन …",
    none_of_these="ठीक छ, यीमध्ये होइन। सामानको नाम अर्को शब्दमा लेख्नुहोस्, सके ब्रान्ड र साइज सहित।",
    may_not_order="🙏 अहिले अर्डर गर्न मिल्दैन। SUPPORT लेख्नुहोस्, सँगै हेरौंला।",
    statuses={
        OrderStatus.PENDING: "थोक बिक्रेताको जवाफ पर्खिंदै",
        OrderStatus.ACCEPTED: "स्वीकार भयो",
        OrderStatus.PACKING: "प्याक हुँदै",
        OrderStatus.DISPATCHED: "बाटोमा",
        OrderStatus.OUT_FOR_DELIVERY: "पुर्‍याउन निस्कियो",
        OrderStatus.DELIVERED: "पुग्यो",
        OrderStatus.COMPLETED: "पूरा भयो",
        OrderStatus.CANCELLED: "रद्द",
        OrderStatus.FAILED: "हुन सकेन",
    },
    payment_statuses={
        PaymentStatus.UNPAID: "तिर्न बाँकी",
        PaymentStatus.PARTIAL: "केही तिरेको",
        PaymentStatus.PAID: "तिरिसकेको",
        PaymentStatus.OVERDUE: "म्याद नाघेको",
    },
    confirmed_on_credit="उधारोमा, सामान आएको {days} दिनभित्र तिर्ने। धन्यवाद 🙏",
    confirmed_cod="पैसा सामान आएपछि। धन्यवाद 🙏",
    confirmed_many="तपाईंको अर्डर {count} थोक बिक्रेताबाट आउँछ:",
    no_orders="तपाईंको अर्डर छैन। चाहिएको सामान लेख्नुहोस्, जस्तै: 5 bora chamal",
    orders_head="📦 तपाईंका पछिल्ला अर्डर:",
    order_not_found="तपाईंको {code} भन्ने अर्डर भेटिएन। सबै हेर्न MY ORDERS।",
    which_order="कुन अर्डर भन्नुभएको?",
    cancelled="❌ अर्डर {code} रद्द भयो। यसको केही तिर्नु पर्दैन।",
    cannot_cancel="अर्डर {code} {status} भइसक्यो, अब रद्द हुँदैन। केही बिग्रेको भए SUPPORT लेख्नुहोस्।",
    retried="🔁 अर्डर {code} फेरि अघि बढ्यो; थोक बिक्रेतासँग सोध्दैछौं।",
    cannot_retry="अर्डर {code} {status} छ, फेरि गर्न मिल्दैन।",
    news={
        OrderStatus.PENDING: "🔁 अर्डर {code} फेरि अघि बढ्यो; थोक बिक्रेतासँग सोध्दैछौं।",
        OrderStatus.ACCEPTED: "👍 {vendor} ले तपाईंको {total} को अर्डर {code} लिनुभयो।",
        OrderStatus.PACKING: "📦 {vendor} ले तपाईंको अर्डर {code} प्याक गर्दै हुनुहुन्छ।",
        OrderStatus.DISPATCHED: "🚚 तपाईंको अर्डर {code} {vendor} बाट निस्कियो, बाटोमा छ।",
        OrderStatus.OUT_FOR_DELIVERY: "🛵 तपाईंको अर्डर {code} पुर्‍याउन निस्कियो, छिट्टै आइपुग्छ।",
        OrderStatus.DELIVERED: "🏁 तपाईंको अर्डर {code} पुग्यो: {total}।",
        OrderStatus.COMPLETED: "✅ तपाईंको अर्डर {code} पूरा भयो, पैसा पनि तिरियो: {total}। धन्यवाद 🙏",
    },
    news_failed=("😔 तपाईंको अर्डर {code} पठाउन सकिएन{reason}। यसको केही तिर्नु पर्दैन। फेरि प्रयास गर्न RETRY {code} लेख्नुहोस्।"),
    news_cancelled="❌ तपाईंको अर्डर {code} रद्द भयो{reason}। यसको केही तिर्नु पर्दैन।",
    news_due="{date} सम्म तिर्नुहोला।",
    news_unroutable="🙏 तपाईंको अर्डर {code} अहिलेसम्म कसैले लिएका छैनन्। हाम्रा मान्छे खोज्दैछन्, यहीं खबर गर्नेछन्।",
    order_placed_for_you="🛒 तपाईंका लागि अर्डर गरियो: {code}, {total}। हेर्न STATUS {code}",
    credit_head="💳 *तपाईंको उधारो*",
    credit_figures="सीमा: {limit}\nप्रयोग: {used}{held}\nउपलब्ध: {available}",
    credit_held=" (त्यसमध्ये {amount} आउँदै गरेका अर्डरका लागि)",
    credit_ahead="अग्रिम तिरेको, अर्को अर्डरका लागि: {amount}",
    credit_items="तिर्न बाँकी:",
    credit_item="{amount}, म्याद {date}",
    credit_item_overdue="{amount}, म्याद {date} मै सकियो, {days} दिन भयो ⚠️",
    credit_nothing_open="अहिले तिर्न बाँकी केही छैन 👏",
    credit_none="तपाईंको उधारो खाता छैन; अर्डर नगदमा हुन्छ। चाहिए SUPPORT लेख्नुहोस्।",
    credit_paused="⚠️ अहिले नयाँ अर्डर उधारोमा मिल्दैन; नगद (COD) मा जहिले पनि मिल्छ।",
    how_to_pay_us=(
        "💰 हाम्रो उठाउने मान्छेलाई नगद, बैंकबाट, वा eSewa, Khalti, Fonepay बाट तिर्न सकिन्छ। "
        "खाता नम्बर वा QR का लागि SUPPORT लेख्नुहोस्।"
    ),
    payment_not_recorded=("खबर गर्नुभएकोमा धन्यवाद! हाम्रा मान्छेले पैसा आएको देखेपछि मात्र गनिन्छ; देख्नासाथ यहीं खबर आउँछ।"),
    limit_changed="💳 तपाईंको उधारोको सीमा अब {limit} (पहिले {before}) भयो।",
    one_time_code="{code} तपाईंको खाचो साइन-इन कोड हो। कसैलाई नदिनुहोस्।",
    insights=(
        "📊 *तपाईंका अर्डर*\nयो हप्ता: {this_week} अर्डर {trend} (गएको हप्ता: {last_week})\n"
        "यो महिना: {this_month} अर्डर\nपछिल्ला ३० दिन: {days} दिनमा {orders} अर्डर, {spent}\n"
        "औसत अर्डर: {average}"
    ),
    goods_head="🔎 *{terms}* का लागि हामीसँग (कर बाहेक):",
    goods_line="{name} · {price} / {unit}",
    goods_sold_out="सकिएको",
    goods_more="… अरू {count} वटा छन्; कम हेर्न ब्रान्ड वा साइज लेख्नुहोस्।",
    goods_none="🙏 *{terms}* भेटिएन। अर्को शब्दमा लेख्नुहोस्, सके ब्रान्ड र साइज सहित।",
    goods_ask="कुन सामानबारे जान्न चाहनुहुन्छ? जस्तै: wai wai kati ho? हामीसँग: {categories}",
    goods_hint="मगाउन यसरी लेख्नुहोस्: {example}",
    request_head="🔔 *नयाँ अर्डर {code}* (New order)",
    request_hint="लिन ACCEPT {digits}, नलिन DECLINE {digits} लेख्नुहोस्, {time} भित्र।",
    vendor_accepted="👍 अर्डर {code} तपाईंको भयो। प्याक भएपछि PACKED {digits} लेख्नुहोस्।",
    vendor_declined="अर्डर {code} नलिएको टिप्यौं; अरूलाई सोध्छौं। छिटो जवाफका लागि धन्यवाद।",
    vendor_not_yours="अर्डर {code} अब तपाईंसँग छैन।",
    vendor_nothing_open="त्यसका लागि तपाईंको अर्डर अहिले छैन। खुला अर्डर हेर्न MY ORDERS।",
    vendor_orders_head="📋 तपाईंका खुला अर्डर:",
    vendor_moved="👍 अर्डर {code}: {status}। अब: {next}",
    vendor_delivered="🏁 अर्डर {code} पुग्यो: {total}। धन्यवाद 🙏",
    vendor_cannot="अर्डर {code} {status} छ; त्यो अहिले मिल्दैन।",
    vendor_delivery_wrong="अर्डर {code}: {why}। जति पुग्यो त्यति लेख्नुहोस्, जस्तै: DELIVERED {digits} {example}",
    vendor_order_cancelled="❌ अर्डर {code} रद्द भयो{reason}। कृपया नपुर्‍याउनुहोस्।",
    vendor_next={
        OrderStatus.ACCEPTED: "PACKED {digits}",
        OrderStatus.PACKING: "DISPATCHED {digits}",
        OrderStatus.DISPATCHED: "OUT FOR DELIVERY {digits} वा DELIVERED {digits}",
        OrderStatus.OUT_FOR_DELIVERY: "DELIVERED {digits}",
    },
)
