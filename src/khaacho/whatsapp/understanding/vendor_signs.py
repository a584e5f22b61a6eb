"""Ideas of those who sell and deliver: taking an order on, packing it, sending it, handing it over.

Stems as in `signs.py`, which compiles them.
"""

VENDOR_WORDS: dict[str, str] = {
    "accept": r"accept\w*|aksept\w*|eksept\w*|swikar\w*|swikr\w*|manjur\w*|manjoor|sweekar\w*|svikar\w*|svikr\w*",
    "will do": (
        r"linchu\w*|lin?x\w*|le lunga|le lenge|le liya|kar denge|kar dunga|karenge|bhej (?:dunga|denge|"
        r"deta|dete)|bhejta hu\w*|patha(?:i|id|idi|u)?n?(?:chu|chau|xu)|pathaidinchu|pathaunchu|pathauchu|"
        r"puryaidinchu|puryaunchu|puryauchu|garchu|garidinchu|garxu|dinchu|will (?:send|deliver|do|take)|"
        r"i ll (?:send|do|take)"
    ),
    "decline": r"declin\w*|dikla\w*|reject\w*|rijekt\w*|aswik\w*|asweek\w*|refus\w*|inkar|asvik\w*",
    "cannot": (
        r"sakinn?a?|possible (?:nahi|chaina|hoina)|not possible|sambhav (?:chaina|nahi)|nahi ho(?:ga|gi)|hudaina|"
        r"hunna|mus[hk]kil|garo cha|gahro cha|sakdina|sakdainau|sakdinau|sakinna|"
        r"sakindaina|sakina|nahi (?:ho|kar|bhej|de) (?:payega|payenge|"
        r"paunga|sakta|sakte|sakenge)|nahi (?:denge|dunga|kar sakta)|cant|can t|cannot|unable|mildaina|"
        r"milena|not possible"
    ),
    "none left": (
        r"(?:maal|mal|stock|saman|istak|godam) ?(?:ma)? ?(?:chaina|chain|nahi|nai|khatam|sakiyo|sakyo|"
        r"sidhiyo|sidhyo|over|bhayena|khattam|sakkyo)|out of stock|khatam (?:hai|ho|bhayo)|no stock|"
        r"stock out"
    ),
    "pending": r"pending|baki|baaki|banki|remaining|naya|naye|new|aaja\w*|aja\w*|today\w*|aaj",
    "for vendor": (
        r"i have to (?:deliver|send|pack|supply)|to (?:deliver|pack|supply|dispatch)|(?:patha\w*|"
        r"deliver\w*|puryau\w*|pack\w*|bhejn\w*|dine) (?:garna )?(?:baki|banki)|pending (?:deliver\w*|"
        r"orders?)|malai (?:aa?y\w*|aaeko)|mere liye|orders? (?:aayo|aaye|aayeko|aaeko|malai)|"
        r"do i have (?:any )?orders?|do i have to"
    ),
    "packed": (
        r"ready for \w+|packed|(?:pack|pyak|pek|pack\w*|pyaking) (?:bhayo|bho|bhaisak\w*|garisak\w*|gare\w*|gary\w*|"
        r"gari\w*|garim|sak\w+|kar diy\w*|done|ready|cha|ho gay\w*|gardiye\w*|complete\w*)|mila(?:i|y|e)\w* (?:rakh|"
        r"sak|diy)\w*|mila(?:era|yera|isak)\w*|bandh?i ?sak\w*|"
        r"bandh(?:era|isak)\w*|pack\w* (?:sak|garis)\w*|(?:tayar|"
        r"taiyar|tayari|ready)\w* (?:cha|bhayo|hai|ho gaya|ch)"
    ),
    "dispatched": (
        r"dispatched|shipped|(?:dispatch|dispach|dispech|ship) (?:bhayo|bho|gare\w*|garisak\w*|bhaisak\w*|"
        r"kar diy\w*|done|ho gay\w*|gardiye\w*|garyo|gariyo)|dispatch\w*|pathaisak\w*|pathaiyo|"
        r"pathaidiye\w*|pathaidek\w*|pathaye\w*|pathaek\w*|pathayo|pathaidiyo|halisak\w*|hin?d(?:yo|eko|isak|"
        r"i sak)\w*|hidyo|patha\w* ?sak\w*|hali ?sak\w*|"
        r"hinyo|niskiyo|niskyo|niskisak\w*|rawana\w*|nikal (?:gaya|chuka|gayi|diya)|nikli|on the way|"
        r"bhej (?:diya|diye|chuka|di)|left (?:the|our|with)|bato ma|batoma|g[ao]a?di ?ma|gadima|"
        r"chadhay\w*|(?:gadi|truck|tempo|driver|mal|maal|saman) (?:nikl\w*|nisk\w*|hin?d\w*|lag\w* ga\w*)|on (?:its|"
        r"the) way|load(?:ed)?|out for delivery"
    ),
    "delivered": (
        r"dropped|drop (?:gare|garyo|bhayo)\w*|buji\w*|delivered|deliver(?:y)? (?:bhayo|bho|gare\w*|"
        r"garisak\w*|bhaisak\w*|gardiye\w*|kar di\w*|"
        r"ho gay\w*|done|complete\w*|garyo|gariyo|diye\w*|sakiyo)|puryai\w*|purya[ey]\w*|puryaidi\w*|"
        r"pugai\w*|pugaye\w*|pahu(?:n)?cha (?:di\w*|chuka)|bujha[ey]\w*|bujhai\w*|handed over|diisak\w*|"
        r"di(?:y?e|y?a)ra (?:aa|ai|ay|phark|farki)\w*|"
        r"puryai? ?sak\w*|pugai? ?sak\w*|bujhai? ?sak\w*|di ?sak\w*"
    ),
    "given there": (
        r"pug(?:yo|isak|i sak)\w*|aipug\w*|de diya|de di|diyo|diye|diye\w*|pahunch ga\w*|reached|pahuch\w*|bujhyo|"
        r"bujhnu ?bh\w*"
    ),
    "took": r"li(?:ye|yo|nch\w*|nx\w*|isak\w*)|le li\w*|lin sak\w*",
    "not": r"hoina|haina|thiena|thiyena|chaina|nahi|nahin|not|didnt|didn t|never",
    "promise": (
        r"\w+(?:unga|enge)|\w{2,}(?:chu|xu|ula|unla|aula|umla|chau)|will|ill|i ll|shall|going to|promise|bachan|"
        r"vada|wada"
    ),
    "today or later": (
        r"bholi|parsi|aaja|aja|aaj|kal|parso|sanjha|beluka|tomorrow|tmrw|today|tonight|next (?:week|month)|"
        r"(?:aaune|arko|agle) (?:hapta|mahina|hafte)|\d+ (?:din|gate|tarikh)|sombar\w*|mangal\w*|budh\w*|bihi\w*|"
        r"sukra\w*|sani\w*|aita\w*|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    ),
}  # fmt: skip
