"""Turns of phrase that give an intent away, in English, Nepali and Hindi, with how strongly they do.

Patterns are matched against the *plain* text (Latin letters, short vowels, single blanks; "?" kept apart), so
one pattern serves both scripts. Nothing here knows a product; weights are compared in `intents.py`.
"""

import re

from .records import Intent
from .sound import plain_pattern

_ORDER = r"(?:order\w*|ardar\w*|adar|oder\w*|saman|maal|mal|parcel|delivery|delivari|delibhari)"
_ORDERS = r"(?:order\w*|ardar\w*|oder\w*|orders)"
_BEFORE = (
    r"(?:last|asti\w*|hijo\w*|aghi\w*|ag(?:h)?illo\w*|agadi|pahil\w*|pahel\w*|pehl[aei]|pich?h?l[aeio]|pichli|previous|past|puran[aio]|pohor|earlier)"
)
_SHOW = r"(?:dekha\w*|show|her\w*|suchi|history|list|bata\w*|dikha\w*|send|patha\w*|give|view|see)"
_HOW_MUCH = r"(?:kati|katti|kitn[aei]|how much|how many)"
_DONE = r"(?:bhayo|bho|bhaisak\w*|garisak\w*|gare\w*|gary\w*|garyo|garim|sak\w+|diye|diya|diyo|kar diya|done|ready|cha|chu|ho gaya|gaya)"
_GREET = (
    r"(?:namast\w*|namaskar\w*|nmste|hello|helo|hlo|hi+|hey+|salam\w*|pranam|jadau|ram ram|jay nepal|jai \w+|"
    r"good (?:morning|evening|afternoon|day|night)|suva \w+|subha \w+|shubha \w+|suprabhat\w*|shubh\w* \w+|mrng|morning|gm|sup|k cha\w*|ke cha\w*|k ho khabar|ke ho khabar|"
    r"sanch\w*|san?cho|how are you|how r u|kasto (?:cha|hunuhun)\w*|kasto chau?|halkhabar|hal khabar|khabar|kaise ho|kaise hain|kya hal\w*|aram\w*|assalam\w*|walekum\w*)"
)

CUES: dict[Intent, list[tuple[str, float]]] = {
    Intent.GREETING: [(rf"\b{_GREET}\b", 1.0), (rf"^\W*{_GREET}(?:\W+(?:dai|daju|bhai|sir|madam|hajur|sahuji|sauji|bro|didi|sab\w*|ji|there|all|everyone|guruji|kaka))*\W*$", 1.5)],
    Intent.THANKS: [
        (r"\b(?:dhanyab\w*|dhanyaw\w*|dhanyav\w*|thank\w*|thanx|thnx|thx|tysm|shukriya|sukriya|meherban\w*|aabhar\w*|abhar\w*)\b", 1.6),
        (r"\b(?:pugyo|payo|paye|paiyo|mil gaya|mila|milyo|received|got)\b.*\b(?:dhanya\w*|thank\w*|shukriya)\b", 3.0),
        (r"\b(?:dhanya\w*|thank\w*|shukriya)\b.*\b(?:pugyo|payo|paye|mil gaya|milyo|received|got)\b", 3.0),
    ],
    Intent.HELP: [
        (r"^\W*(?:help|sahayog|madat|maddat|madad|sahayata|menu|start|guide)\b", 2.5),
        (rf"\b(?:kasari|kaise|how (?:to|do|can|does))\b.{{0,30}}\b(?:{_ORDER}|use|work|chal\w*|prayog)\b", 3.4),
        (rf"\b{_ORDER}\b.{{0,20}}\b(?:kasari|kaise|how)\b", 3.2),
        (r"\b(?:sika\w*|samjha\w*|explain|instruction\w*)\b", 2.0),
        (r"\b(?:help|madat|maddat|madad|sahayog|sahayata)\b", 1.8),
        (r"\bk k gar\w*|\bke ke gar\w*|\bkya kya kar\w*|\bwhat (?:can|do) (?:you|i) do\b|\byo (?:k|ke) ho\b|\bwhat is this\b|\bye kya hai\b", 2.6),
        (r"\b(?:bujhina|samajh nahi|dont understand|don t understand)\b", 1.5),
    ],
    Intent.STATUS: [
        (rf"\b(?:kaha|kahan|kata|where)\b.{{0,25}}\b(?:{_ORDER}|pug\w*|aai\w*|hai|cha|is)\b", 2.8),
        (rf"\b{_ORDER}\b.{{0,30}}\b(?:kaha|kahan|where|status|track\w*|halat|sthiti|avastha)\b", 3.2),
        (rf"\b(?:kahile|kaile|kab|when|kati baje|kati bela|what time)\b.{{0,40}}\b(?:{_ORDER}|au\w*|aaun?\w*|aun\w*|ay?eg\w*|aayeg\w*|pug\w*|pahu\w*|reach\w*|arriv\w*|come|deliver\w*|mil\w*)\b", 3.2),
        (rf"\b{_ORDER}\b.{{0,25}}\b(?:kahile|kaile|kab|kab tak|when)\b", 3.2),
        (r"\b(?:status|track(?:ing)?|sthiti)\b", 2.4),
        (rf"\b(?:patha\w*|haln?\w*|dispatch\w*|pack\w*|deliver\w*|ship\w*|nisk\w*|{_ORDER})\b.{{0,25}}\b(?:bhayo ki|bho ki|bhoo|ki nai|ki chaina|ki nahi|ki bhayena|bhayena)\b", 3.4),
        (r"\b(?:aayo ki \w+|aaya ki nahi|aayena|ayena|aaena|aipugena|aayo ki|aaya nahi|nahi aaya|not (?:arrived|received|come|delivered)|still waiting|kina dhilo|dhilo bhayo|late bhayo|der ho)\b", 2.4),
        (r"\bhas (?:my|the) .{0,20}(?:sent|shipped|left|dispatched)\b", 3.2),
    ],
    Intent.CREDIT: [
        (r"\b(?:udhar\w*|udhhar\w*|udaro)\b", 2.2),
        (r"\b(?:credit|kredit|kradit|kredeet)\b", 2.2),
        (r"\b(?:limit|balance|byalens|outstanding|dues?|khata|owe|bakaya|bakiya|baqaya)\b", 1.6),
        (rf"\b(?:hisab|hisaab|baki|banki)\b.{{0,25}}\b{_HOW_MUCH}\b|\b{_HOW_MUCH}\b.{{0,25}}\b(?:baki|hisab|udhar\w*|tirn\w*|tirnu)\b", 2.6),
        (r"\b(?:hisab|hisab kitab|khata)\b", 1.6),
        (r"\bbaki (?:rakam|paisa|hisab|kati)\b", 1.5),
    ],
    Intent.PAY: [
        (r"\b(?:esewa|isewa|isewabata|iseba|khalti|khalti\w*|fonepay|fone pay|phonepay|ime pay|connectips|connect ips|qr|bank|cheque|chek|bhauchar|voucher|bouchar|upi|gpay|paytm)\b", 2.2),
        (r"\b(?:payment|pement|paid|pay|bhuktani|bhuktaan|bhugtan|tirn\w*|tirey?|tire\w*|tiry\w*|tirera|tiridi\w*|chukta|transfer\w*|jama|jamma garidi\w*|jamma gardi\w*|jamma gare\w*|deposit\w*)\b", 2.0),
        (r"\b(?:account|khata) (?:number|no|nambar)\b", 2.2),
        (r"\bpaisa\b.{0,20}\b(?:patha\w*|bhej\w*|kaise|kasari|tir\w*|hal\w*|dine|de|send)\b", 2.2),
        (r"\b(?:kaise|kasari|how|kaha|where)\b.{0,25}\b(?:pay|paisa|tirn\w*|payment|bhej\w*)\b", 1.6),
    ],
    Intent.CATALOG: [
        (r"\b(?:price|prais|rate|ret|bhau|bhaau|mulya|mol|dam|daam|cost|mrp|moolya)\b", 1.9),
        (rf"\b{_HOW_MUCH}\b.{{0,20}}\b(?:par\w*|ho|hola|ma|ka|ki|ke|me|rupi\w*|hai|is|are|for|cost|padt\w*|lagch\w*|lagx\w*)\b", 1.7),
        (r"\bhow much (?:is|are|for|does|do)\b", 2.4),
        (rf"\b(?:price|rate|product|item|saman)\w* ?(?:list|suchi)\b|\b(?:suchi|list)\b.{{0,15}}\b{_SHOW}\b|\bcatalog\w*\b|\bkyatalog\b", 3.0),
        (r"\b(?:kun kun|kaun ?(?:kaun|si|sa|se)|ke ke|k k|kya kya|kas?ta kasta|which|what)\b.{0,30}\b(?:brand\w*|company|cha|chan|hai|hain|paun\w*|pain\w*|mil\w*|available|stock|have|sell|size\w*|flavou?r\w*|type\w*|products?)\b", 3.0),
        (r"\b(?:available|availability|upalabdha|stock|istak|upalabdh)\b", 1.6),
        (r"\b(?:do|did) you (?:have|sell|keep|stock)\b|\bgot any\b|\bis there\b", 2.2),
        (r"\b(?:paun\w*|pain\w*|paincha|milch\w*|milx\w*|milt\w*|milega|milegi)\b.{0,10}(?:\?|$)", 1.6),
        (r"\b(?:cha|chha|xa|hai|chan)\b(?: (?:ki|hola|ni|na|dai|hajur|sir|bhai|aap\w*|tapai\w*))*(?: (?:sak\w+|chaina|nai|nahi|nahin))* ?\?", 1.7),
        (r"\b(?:cha|hai|chan) (?:ki|ya) (?:sak\w*|chaina|nai|nahi|khatam)\b|\b(?:cha|xa|hai) ki\b", 2.2),
        (r"\b(?:offer|discount|scheme|chhut|chut|naya (?:saman|item|product)|new (?:items?|products?|arrivals?))\b", 2.2),
    ],
    Intent.RECENT_ORDERS: [
        (rf"\b{_BEFORE}\b.{{0,30}}\b{_ORDERS}\b.{{0,30}}\b{_SHOW}\b", 3.6),
        (rf"\b{_SHOW}\b.{{0,25}}\b{_BEFORE}\b.{{0,25}}\b{_ORDERS}\b", 3.6),
        (r"\border(?:s| haru\w*)? (?:history|haru|ko list|list|suchi)\b|\bmy orders\b|\bmero order haru\b|\bmere order\b|\border haru\w*\b|\bordarharu\w*\b|\bardarharu\w*\b", 2.6),
        (rf"\b(?:recent|past|previous|old|purana|purano) order(?:s| haru)?\b", 2.6),
        (rf"\b(?:last|pichle|pichhle|antim) \d+ \w*\s?orders?\b|\blast few orders\b", 3.6),
        (r"\b(?:maile|what)\b.{0,20}\b(?:ke ke|k k|kya kya|what)\b.{0,20}\b(?:mangaye|mangaeko|order gare\w*)\b", 3.0),
    ],
    Intent.INSIGHTS: [
        (r"\b(?:report|riport|analysis|analytics|insight\w*|summary|stats?|statistics|graph|chart|trend|bikri|bishleshan|saransh)\b", 2.8),
        (r"\b(?:kharcha?|kharch\w*|spent|spend\w*|expense\w*)\b", 2.8),
        (rf"\b(?:month|mahina|mahinako|mahine|hapta|week|barsa|saal|sal|year)\b.{{0,30}}\b{_HOW_MUCH}\b.{{0,30}}\b(?:kin\w*|kharid\w*|buy|bought|purchase\w*|order|saman|kharch\w*|liy\w*|manga\w*)\b", 3.4),
        (r"\b(?:which|kun|kaun|what|ke)\b.{0,35}\b(?:most|best|top|badi|badhi|dherai|jyada|zyada|jada)\b", 3.2),
        (r"\b(?:top \d+|most (?:bought|ordered|sold|popular)|sabai ?bhanda (?:badi|dherai|badhi)|sabse (?:jyada|zyada|jada)|best sell\w*)\b", 2.8),
        (rf"\b{_HOW_MUCH}\b.{{0,25}}\b(?:kine\w*|kharid\w*|did i (?:buy|spend|order))\b", 2.6),
    ],
    Intent.SUPPORT: [
        (r"\b(?:complain\w*|gunaso|sikayat|shikayat|ujuri)\b", 3.4),
        (r"\b(?:wrong|galat|galti|arkai|different|mistake)\b.{0,25}(?:\b(?:item|saman|maal|product|order|aayo|ayo|aaya|aayi|diyo|sent|pathay\w*|bhej\w*|bill|price)\b|$)", 3.4),
        (r"\b(?:damag\w*|broken|bigr\w*|bigar\w*|phut\w*|fut\w*ko|futyo|phat\w*|fat\w*ko|fatyo|fati|phati|chyat\w*|poki\w*|leak\w*|likej|chuhi\w*|tut(?:y|e|a|i)\w*|sadeko|sadyo|kuhi\w*|expir\w*|eksp?ayar\w*|myad|date gako|rotten|spoil\w*|kharab|kharaab|nakkali|duplicate|fake)\b", 2.8),
        (r"\b(?:return|ritarn|firta|phirta|wapas|waapas|replace(?:ment)?|exchange|refund|sat(?:ta|i)ne)\b", 1.8),
        (r"\b(?:missing|short(?:age)?|(?:kam|ghat\w*) (?:aay\w*|ay\w*|aai\w*|cha|thiy\w*|bhay\w*|nikl\w*|pay\w*)|ghati|puge(?:na|ko chaina)|chhut\w* gayo|left out|less than)\b", 2.2),
        (r"\b(?:manche|manchhe|agent|manager|staff|human|person|kasai|insan|sahu)\b.{0,15}\b(?:sanga|sang|se|to|with|ko)?\b.{0,10}\b(?:kura|bat|baat|talk|speak|bol\w*|chat|jod\w*)\b", 3.2),
        (r"\b(?:phone|fon|call|kal) (?:gar\w*|kar\w*|me|back)\b", 2.0),
        (r"\b(?:problem|samasya|issue|dikkat|pareshan|samassya)\b", 2.2),
        (r"\b(?:talk|speak) (?:to|with)\b", 3.0),
        (r"\bbill\b.{0,40}\b(?:choti|double|dohor\w*|badi|jyada|wrong|galat|mile\w*|milena|farak|check|dui)\b|\b(?:charged|billed) (?:twice|double|extra)\b", 3.2),
        (r"\b(?:aayo|ayo|aaya|pathayo|diyo|received|got)\b.{0,20}\b(?:tara|but|instead|ko satta|ki jagah|hoina)\b|\bmangako\b.{0,30}\b(?:aayo|ayo|diyo|pathayo)\b|\bmanga\w* tha\b.{0,30}\b(?:aaya|aayi|bheja)\b", 3.2),
        (r"\b(?:kya kare|ke garne|k garne)\b", 1.2),
    ],
    Intent.REPEAT: [
        (rf"\b(?:{_BEFORE}|same|usual|uhi|wahi|wohi)\b.{{0,30}}\b(?:jasto|jastai|jaste|jaisa|jaise|nai|time|patak\w*|choti|palta\w*|bar|baar|repeat|wala|wale|kai|wahi|feri|pheri|again)\b", 2.4),
        (rf"\b(?:same|repeat|dohor\w*|feri|pheri|again|jasto|jastai|jaisa)\b.{{0,25}}\b(?:last|{_BEFORE})\b", 2.6),
        (rf"\b{_BEFORE}\b.{{0,15}}\border\w*\b.{{0,25}}\b(?:patha\w*|paatha\w*|feri|pheri|repeat|dohor\w*|bhej\w*|again|jasto|jastai|same|dinu\w*|din|gar\w*|de do|send|place|chahi\w*)\b", 2.8),
        (rf"\b{_BEFORE}\b.{{0,12}}\b(?:kai|ki nai|wala|wahi|wohi)\b.{{0,25}}\b(?:patha\w*|bhej\w*|dinu\w*|din|de|saman|order|repeat)\b", 2.6),
        (r"\b(?:repeat|dohor\w*|reorder|re order|punah)\b", 2.4),
        (r"\b(?:same|uhi|wahi|tyahi|tehi) (?:order|saman|list|items?|things?|as (?:last|before|usual|always)|nai)\b|\bsame to same\b", 2.4),
        (r"\b(?:usual|regular) (?:order|saman|list|items?)\b|\bthe usual\b$", 2.4),
        (rf"\b(?:feri|pheri|again)\b.{{0,12}}\b(?:tyahi|tehi|uhi|same|patha\w*|order)\b", 1.6),
    ],
    Intent.CANCEL: [
        (r"\b(?:cancel\w*|kyansal\w*|kensal\w*|cansel\w*|kansel\w*|cancle\w*|radd?a?|radd\w*|rad)\b", 2.9),
        (r"\b(?:nachahi\w*|chahidaina|chaidaina|chahiyena|chaiyena|chahindaina|chahinna|chaindaina|nahi chahiy?e|nahin chahiy?e|chahina|dont want|don t want|not needed|no need|nahi chaiy?e)\b", 2.5),
        (r"\b(?:napatha\w*|na patha\w*|mat bhej\w*|dont send|don t send|nagara?\w*|nagarnu\w*|nagarne|mat karo|mat kar\w*)\b", 2.2),
        (r"\b(?:rehne do|rahne do|rehn ?de|chod(?:i)?(?:do|de|dinu\w*|diu\w*)|chod do|bhayo pardaina|pardaina|parena|hudaina|hunna|hundaina)\b", 2.0),
        (r"^\W*(?:no|nope|nai|nahi|nahin|hoina|haina|na|stop it|drop(?: it)?|forget it)\W*(?:thanks?|thank you|dai|sir|bhai|please|pardaina|chahi\w*)?\W*$", 2.4),
        (r"\bdrop (?:the|my|this)? ?(?:basket|order)\b|\bforget (?:it|the order|my order)\b|\bscrap\b", 2.6),
    ],
    Intent.CONFIRM: [
        (r"\b(?:confirm\w*|kanpharm|kanfarm\w*|konfarm\w*|konfirm\w*|konform|comform|cnfrm|pakka\w*|final\w*|fix)\b", 2.6),
        (r"^\W*(?:y|ya|yah|yes|yess*|yep|yeah|ok+|okay|okey|k|ho|hajur|hunch\w*|hunx\w*|hudo|hus|la|thik\w*|haan|han|ha|hau|ji|jee|sure|done|fine|perfect|right|correct|sahi|go ahead|place it|place (?:the )?order|all good|agreed|manjur|bhayo|pathau|thumbs)\b", 1.3),
        (r"\b(?:thik (?:cha|xa|hai|chha)|thikai cha|sab thik|sabai thik|sab milyo|sabai milyo|mil(?:yo|cha)|sahi (?:cha|hai))\b", 1.3),
        (r"\b(?:go ahead|place (?:it|the order|my order)|proceed|yes please|send it|bhej do|bhej dijiye|pathaidinu\w*|pathaunus|pathaunu|pathau|pathaidinus|patha)\b", 0.8),
    ],
    Intent.OTHER: [
        (r"\b(?:forwarded|fwd|stay healthy|share (?:this|to)|viral|lottery|congratulation\w*|you have won|won|winner|prize|click|https?|www|subscribe|loan|job|hiring|vacancy|salary|investment|crypto|bitcoin|recharge offer|otp)\b", 3.0),
        (r"\b(?:happy|subhakamana|shubhakamana|badhai|mubarak|congrats)\b", 2.2),
        (r"\b(?:chhor[aio]|bihe|biha|school|match|cricket|football|movie|film|mausam|garmi|jado|jadho|pani par\w*|barsa|pahiro|badhi ayo|bhukampa|chunab|election|news|samachar|bato banda|bandh)\b", 1.6),
        (r"\b(?:mahang[oai]|mehanga|mahanga|sasto|sasta)\b.{0,15}\b(?:bhayo|cha|ho gaya|hai|bha)\b", 2.0),
        (r"\b(?:wrong number|galat number|kasko number|ko bolnu|who is this|kaun bol|yo .{0,12} ko number)\b", 2.6),
    ],
    Intent.ACCEPT: [
        (r"\b(?:accept\w*|aksept\w*|eksept\w*|swikar\w*|swikrit\w*|manjur\w*|manjoor|sweekar\w*|svikar\w*)\b", 2.8),
        (r"\b(?:linchu|lye?|lie|le lunga|le lenge|le liya|lekar|kar denge|kar dunga|bhej (?:dunga|denge|deta|dete)|pathai(?:din|d)?(?:chu|chau|nchu|xu)|pathaunchu|puryaidinchu|puryai(?:din)?chu|garchu|garidinchu|garxu|will (?:send|deliver|do))\b", 1.8),
    ],
    Intent.DECLINE: [
        (r"\b(?:declin\w*|dikla\w*|reject\w*|rijekt\w*|aswikar\w*|asweekar\w*|refuse\w*|inkar)\b", 3.0),
        (r"\b(?:sakdina|sakdainau|sakdinau|sakinna|sakindaina|sakina|garna sakdina|nahi ho payega|nahi (?:kar|ho|bhej) (?:sakta|sakte|payega|paunga|payenge)|cant|can t|cannot|unable|mildaina|milena)\b", 2.0),
        (r"\b(?:(?:maal|mal|stock|saman|istak) (?:chaina|nahi|nai|khatam|sakiyo|sakyo|sidhiyo|over|bhayena|khattam)|out of stock|khatam (?:hai|ho|bhayo)|no stock)\b", 2.0),
    ],
    Intent.MY_ORDERS: [
        (r"\bpending orders?\b", 2.6),
        (r"\b(?:patha\w*|deliver\w*|puryau\w*|pack\w*|bhejn\w*|dine) (?:garna )?baki\b|\bbaki (?:rahe\w*|bhaeka) ?(?:ka)? order\w*\b|\bbaki order\w*\b", 3.0),
        (r"\b(?:aaja|aja|today|aaj|aj|naya|new)\b.{0,20}\border\w*\b.{0,25}\b(?:aayo|ayo|aayeko|aako|aaye|cha|chan|hai|hain|malai|mere|mero|list)\b", 2.6),
        (r"\b(?:kati|kitne|how many)\b.{0,10}\border\w*\b.{0,25}\b(?:aayo|ayo|aayeko|cha|chan|aaye|hai|malai|baki)\b", 2.8),
        (r"\border\w*\b.{0,20}\b(?:i have to|i need to|to) (?:deliver|send|pack|supply)\b", 3.0),
        (r"^\W*my orders?\W*$|\b(?:malai|mero) aayeka? order\w*\b|\bmere (?:liye )?orders?\b|\bnaya order\w*\b|\bnew orders?\b", 2.2),
    ],
    Intent.PACKED: [
        (rf"\b(?:pack|packed|pyak|packing|pek|pake)\b.{{0,15}}\b{_DONE}\b|\bpacked\b|\bpack(?:ing)? (?:done|complete|sakiyo|garisake\w*)\b", 2.6),
        (r"\b(?:tayar|taiyar|tayari|ready)\b.{0,8}\b(?:cha|bhayo|hai|ho gaya)\b", 1.2),
    ],
    Intent.DISPATCHED: [
        (rf"\b(?:dispatch\w*|dispach\w*|dispech\w*|shipped|ship)\b", 2.4),
        (r"\b(?:pathaisak\w*|pathaiyo|pathaidi(?:ye|sak\w*|yo)|pathaye|pathayo|halisak\w*|hindyo|hidyo|hinyo|niskiyo|niskyo|niskisak\w*|rawana|nikal (?:gaya|chuka|gayi)|nikli|on the way|bhej (?:diya|diye|chuka)|left (?:the|our|with)|bato ma|batoma|gadi ma)\b", 1.9),
    ],
    Intent.DELIVERED: [
        (r"\b(?:delivered|deliver (?:bhayo|gare\w*|garisak\w*|bhaisak\w*|gardiye|kar diya|ho gaya)|delivery (?:bhayo|garisak\w*|done|complete\w*|ho gaya|bhaisak\w*))\b", 3.0),
        (r"\b(?:puryai?sak\w*|puryaye\w*|puryayo|puryaidiye\w*|pugaisak\w*|pugaye\w*|pugaidiye|pahu(?:n)?cha (?:diya|di|chuka)|bujhaye\w*|bujhaisak\w*|bujhaidiye\w*|handed over|diisak\w*)\b", 2.6),
    ],
}

COMPILED: dict[Intent, list[tuple[re.Pattern[str], float]]] = {
    intent: [(plain_pattern(pattern), weight) for pattern, weight in cues] for intent, cues in CUES.items()
}

# Verbs that ask for goods. They make products without an amount a wish, and outweigh a question.
WANTS = plain_pattern(
    r"\b(?:patha(?:u|i|a)\w*|pathau|patha|bhej\w*|send|snd|chahi(?:yo|ncha|ye|yeko|ne|nu)\w*|chaiyo|chaincha|chahie|need\w*|nid\w*|want\w*|din(?:u|us)\w*|dijiy?e|"
    r"de (?:do|dena|dijiye)|dena|lekh(?:nu|nus|i|a)?\w*|likh\w*|haln[ua]\w*|haldi\w*|order (?:gar|kar)\w*|mangau\w*|mangwa\w*|lyai?\w*|deliver|"
    r"please (?:send|give)|give me|get me|ill take|i ll take|book)\b"
)
QUESTION = plain_pattern(r"\?|\b(?:kati|kitn[aei]|kaha|kahan|kahile|kaile|kab|kasari|kaise|kina|kyon|kyu|kun|kaun|what|when|where|which|how|why|who|ki nai|ki chaina)\b")
NEGATED_REPEAT = plain_pattern(rf"\b(?:{_BEFORE}|same)\b.{{0,25}}\b(?:hoina|haina|nahi|not)\b|\bnot (?:the )?same\b|\bnot like last\b")
USUAL = plain_pattern(r"\b(?:usual|sadhai\w*|sadhe\w*|as always|always|hamesha|regular)\b")
