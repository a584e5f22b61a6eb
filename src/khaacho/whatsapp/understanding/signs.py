"""Ideas a message touches, found by word stems in English, Nepali and Hindi: "where", "money", "broken".

Stems are matched against the *plain* text (Latin letters, short vowels, "chh" as "ch", "sh" as "s"), so one
entry serves both scripts; they are written here in ordinary spelling. What ideas mean together is in
`cues.py`. Nothing here knows a product.
"""

import re

from .sound import plain_pattern

_WORDS: dict[str, str] = {
    "greeting": (
        r"hellu|heluu?|hel+o+\w*|hal+o+\w*|good m\w*|gud \w+|namas\w*|namast\w*|namaskar\w*|nmste|hello|"
        r"helo|hlo|hi+|hey+|salam\w*|pranam|jadau|ram ram|oi|oe|jay \w+|"
        r"jai \w+|good (?:morning|evening|afternoon|day|night)"
        r"|(?:su[bv]h?|shubh?)h?a? (?:\w+)|suprabhat\w*|morning|gm|assalam\w*|sat sri akal|radhe radhe"
    ),
    "how are you": (
        r"how (?:are|r) (?:you|u)|k cha|ke cha|kasto cha\w*|kasto chau?|kasto hunu\w*|san?ch(?:ai|o)\w*|"
        r"arama?i?|kaise (?:ho|hain|hai)|kya hal\w*|hal ?khabar|k ho khabar|ke ho khabar|khabar|"
        r"are you there|anyone there|whats up|sup|thik hunu\w*"
    ),
    "thanks": (
        r"dhanyab\w*|dhanyaw\w*|dhanyav\w*|thank\w*|thanx|thnx|thx|tnx|tysm|ty|shukriya|sukriya|"
        r"meherban\w*|aabhar\w*|abhar\w*|appreciat\w*|grateful"
    ),
    "praise": (
        r"ramro|raamro|accha|achha|great|excellent|nice|good service|best service|badhiya|dammi|mitho|"
        r"satisfied|khushi|khusi|happy with"
    ),
    "where": r"kaha|kahan|kata|where|kun thau",
    "when": (
        r"kahile|kaile|kab|when|kati baje|kati bela|kun din|what time|how long|kati din|kitne din|"
        r"kitni der|eta|kati samaya"
    ),
    "how much": r"kati|katti|kitn[aei]|how much|how many",
    "how": r"kasari|kasri|kaise|how (?:to|do|does|can|should)|how|tarika",
    "which": (
        r"kasta|k|ke (?:mang|kin|gar|cha|chan|ho|order)\w*|kun|kaun\w*|konsa|which|what|ke ke|k k|kya kya|"
        r"kya|whats"
    ),
    "order word": r"order\w*|ardar\w*|oder\w*|adar",
    "goods word": (
        r"goods|stuff|consignment|shipment|saman\w*|samaan\w*|maal|mal|parcel|samagri|item\w*|product\w*|"
        r"delivery|delivari|delibhari|deliveries|delivering"
    ),
    "arrive": (
        r"aau\w*|aun\w*|aud\w*|aaip\w*|aip\w*|aaya|aayo|ayo|aaeg\w*|aayeg\w*|ayeg\w*|pug\w*|pahu\w*|"
        r"pohoch\w*|reach\w*|arriv\w*|come|coming|milcha|milega|milegi|deliver\w*|delivery|hogi|hoga"
    ),
    "not yet": (
        r"kina (?:aayena|dhilo)|kab se wait|aayena|aaena|ayena|aaudaina|aaen|aayen|pugena|nahi (?:aaya|"
        r"aayi|mila|mili|pahu\w*)|"
        r"not (?:yet )?(?:arrived|received|come|delivered|reached)|didnt (?:come|arrive|get)|ajhai|ajhei|"
        r"ajai|still (?:waiting|not|no)|yet|dhilo|late|der"
    ),
    "or not": (
        r"ki \w+ (?:chaina|nahi|nai|hoina)|ki (?:nai|chaina|nahi|bhayena|aayena|aaena|aaudaina|hoina)|"
        r"bhayo ki|bho ki|bhoo|aayo ki|cha ki|ya nahi|or not"
    ),
    "track": r"status|track\w*|sthiti|avastha|halat",
    "prepare": (
        r"send|sent|patha\w*|haln?\w*|dispatch\w*|pack\w*|pyak\w*|ship\w*|ready|tayar|taiyar|nisk\w*|nikal\w*|"
        r"deliver\w*|bhej\w*|load\w*"
    ),
    "you did": r"\w+nu ?bha(?:yo|eko|ko)\w*|\w+nubho\w*|\w+ (?:diya|di|diye) kya|did you \w+|have you \w+",
    "may i": (
        r"garna (?:milch\w*|sakin\w*|sakch\w*|pauch\w*|paun\w*|mil\w*)|can i (?:order|place|buy|get)|"
        r"may i|kar sakt\w*"
    ),
    "been": r"bhayo|bho|bhaisak\w*|garisak\w*|sakiyo|sakyo|gaya|gayi|gaye|diya|diye|has|been|is my|is the|did",
    "credit word": r"khata\w{0,3}|udhar\w*|udhhar\w*|udhaar\w*|udaro|credit|kredit|kradit|khata|khaata|karja|rin",
    "balance": (
        r"limit|limit\w+|balance|byalens|byalans|outstanding|dues?|due date|owe|owed|bakaya|bakyauta|"
        r"over my limit"
    ),
    "account": r"hisab\w*|hisaab\w*",
    "left": r"baki|banki|baaki|bacha|left|remaining|tirn\w*|tirnu\w*|dena hai|dinu parne|dena",
    "money": (
        r"\d* ?haja?a?r|\d* ?hazar|lakh|paisa\w*|paise\w*|rupi\w*|rupai\w*|rs|npr|rakam|money|cash|nagad|"
        r"payment|pement|cheque|chek|"
        r"advance|amount|bill"
    ),
    "pay system": (
        r"e ?sewa\w*|iseva\w*|isewa\w*|khalti\w*|fone ?pay|phone ?pay|ime ?pay|connect ?ips|qr|bank\w*|"
        r"cheque|chek|bhauchar|voucher|bouchar|upi|gpay|google pay|paytm|prabhu pay|mobile banking|wallet"
    ),
    "pay": (
        r"pay|paid|paying|payment|pement|bhuktani\w*|bhugtan\w*|tirn\w*|tire\w*|tiry\w*|tiri\w*|tirey?|"
        r"tirdi\w*|tiridi\w*|tirein|tirera|tirau\w*|chukt\w*|chuka\w*|transfer\w*|transphar|jamma (?:g\w+|"
        r"k\w+)|jama|deposit\w*|settle\w*"
    ),
    "hand over": (
        r"bujha\w*|patha\w*|bhej\w*|sent|send|halid\w*|halek\w*|hale|haldi\w*|diye\w*|diyeko|dina|dine|diyo|"
        r"de diye|put"
    ),
    "price": r"price|prais|rate|ret|bhau|mulya|mol|dam|cost\w*|mrp|prize",
    "costs": (
        r"(?:kati|kitn[aei]) rup\w*|(?:kati|katti|kitn[aei]|how much) ?(?:ko|ma|par\w*|pard\w*|ho|hola|ka|"
        r"ki|ke|me|mein|rupi\w*|hai|"
        r"padt\w*|padeg\w*|lagch\w*|cha|is|are|for|does|do|huncha|dinu\w*)|(?:ko|ka|ki) (?:kati|"
        r"kitn[aei])(?: \?|$)"
    ),
    "have": (
        r"(?:aap|tap|tum|tapai)\w* (?:ke )?(?:pas|sanga|kaha)|tapaisanga|available|availability|"
        r"upalabdh\w*|stock|istak|paun\w*|pauch\w*|pain\w*|paich\w*|milch\w*|"
        r"milt\w*|milega|milegi|do you (?:have|sell|keep|stock)|did you have|got any|is there|are there|"
        r"bechnu\w*|rakhnu\w*|(?:cha|hai) ki|have you"
    ),
    "is there?": (
        r"(?:cha|chan|hai|hain)(?: (?:ki|hola|ni|na|dai|hajur|sir|bhai|aap\w*|tapai\w*|aja|aaja|sak\w+|"
        r"chaina|nai|nahi))* ?(?:\?|$)"
    ),
    "list": r"list|suchi|catalog\w*|kyatalog|katalog",
    "brand": r"brand\w*|company|size\w*|flavou?r\w*|variety|type\w*|kisim",
    "offer": (
        r"offer\w*|discount|scheme|skim|chut|photo|foto|picture|tasbir|naya (?:saman|item|product)|"
        r"new (?:items?|flavou?rs?|products?|arrivals?|stock)"
    ),
    "history": r"history|itihas|record\w*|abhilekh",
    "show": (
        r"dekha\w*|show|her\w*|bata(?:u|ao|na|i|o)\w*|bata (?:do|din|di|de)\w*|dikha\w*|dikhao|see|view|"
        r"display"
    ),
    "show or send": (
        r"dekha\w*|show|her\w*|bata(?:u|ao|na|i|o)\w*|bata (?:do|din|di|de)\w*|dikha\w*|see|view|send|"
        r"patha\w*|give|dinu\w*|din|bhej\w*|chahi\w*|"
        r"chaiyo"
    ),
    "before": (
        r"gako|gaeko|gayeko|bigat|last|asti\w*|hijo\w*|aghi\w*|ag(?:h)?illo\w*|ag(?:h)?il?la\w*|agadi\w*|"
        r"pahil\w*|pahel\w*|"
        r"pehl[aei]|pich?h?l[aeio]\w*|previous|past|puran[aeio]\w*|pohor|earlier|recent|gata|old|itihas|"
        r"history|before|yesterday\w*"
    ),
    "plural": r"haru\w*|orders|\w*haru\w*|history|purane|list|all|sab\w*|few|\d",
    "period": r"month\w*|mahin\w*|mahina\w*|week\w*|hapta\w*|barsa\w*|bars\w*|saal\w*|sal|year\w*|maasik|din",
    "spend": r"kharch\w*|spen[dt]\w*|expens\w*",
    "bought": (
        r"kharid\w*|li[yn]a|lie|liyo|kin(?:dai|chu|ne)|kine\w*|kiny\w*|kinmel\w*|kinek\w*|kin[ae]ko|"
        r"kharid\w*|buy|bought|purchas\w*|order gare\w*|"
        r"ordered|mangaye\w*|liye\w*|bik\w*|sold|sell\w*|jancha"
    ),
    "most": r"dherai|badi|badhi|baddi|most|top|jyada|zyada|jada|best|sabai ?bhanda|sabse|highest|popular",
    "report": (
        r"report\w*|riport\w*|pratibedan|analysis|analytics|insights|summary|stats?|statistics|graph|"
        r"chart|trend\w*|bishleshan|saransh"
    ),
    "did i": r"maile|maine|did i|have i|i (?:have )?(?:ordered|bought)|my|mero|mera|mere",
    "help word": (
        r"help|sahayog\w*|madat\w*|maddat\w*|madad\w*|sahayata|menu|guide|instruction\w*|sika\w*|"
        r"samjha\w*|explain|options?"
    ),
    "use": r"use|work\w*|chal\w*|prayog|system|bot|garne|garna|karte|karna|karein|kare|gar\w*",
    "what is this": (
        r"(?:k k|ke ke) lekh\w*|k k gar\w*|ke ke gar\w*|kya kya kar\w*|k gar\w+ (?:ho|milch\w*)|"
        r"ke gar\w+ (?:ho|milch\w*)|"
        r"what (?:can|do|else can) (?:you|i) do\w*|yo (?:k|ke) ho|what is this|ye kya hai|bot ho|"
        r"are you (?:a )?(?:bot|robot|human|real)|a+u?n?daina|jandina|bujhina\w*|samajh nahi\w*|"
        r"dont understand"
    ),
    "wrong": r"wrong|galat|galti|arkai|different|mistak\w*|farak|mile?na|milek\w* chaina",
    "broken": (
        r"tukri\w*|tukra\w*|kacch?a nikl\w*|dhulo (?:cha|thiyo|bhet\w*)|putli|dubeko|damag\w*|broken|"
        r"broke|bigr\w*|bigar\w*|bigre\w*|phut\w*|fut\w*ko|futyo|futek\w*|phat\w*|"
        r"fat\w*ko|fatyo|fati|phati|fata|leak\w*|likej|chuhi\w*|chuhek\w*|toot[aeiy]\w*|sadeko|sadyo|"
        r"kuhi\w*|expir\w*|eksp?ayar\w*|myad|date gako|rotten|spoil\w*|kharab|nakkali|duplicate|fake"
    r"|chyat\w*|poki\w*|pokhi\w*|bhij(?:e\w*|yo)|khulek\w*|khulyo|khula aa?yo|open(?:ed)? packet|kira|"
    r"stale|bad smell|torn|tear|churchur|chur chur|dhulo bha\w*|ganhau\w*|dirty|phohor\w*|fohor\w*"
    ),
    "return": (
        r"farka\w*|pharka\w*|phirta|fark?ai\w*|return\w*|ritarn|firta\w*|phirta\w*|wapas|waapas|replac\w*|"
        r"exchang\w*|refund\w*|satn\w*|"
        r"satidi\w*|sat[ei]ra"
    ),
    "short": (
        r"kam (?:tha|thi|the|hai|bhayo|pug\w*)|missing|short(?:age)?|(?:kam|ghat\w*|less) (?:aay\w*|ay\w*|"
        r"aai\w*|cha|thiy\w*|bhay\w*|nikl\w*|"
        r"pay\w*|than|pathay\w*|bhej\w*)|pugena|puge(?:na|ko chaina)|chut\w* (?:gayo|gaya|cha)|left out|"
        r"ghati|(?:adha|aadha|half|sirf|only)\b.{0,20}\b(?:aayo|aaya|payo|mila|arrived|received)|"
        r"kam (?:mil\w*|diy\w*|de)"
    ),
    "complaint": (
        r"behaviou?r|byabahar|vyavahar|bani byahora|slow service|dislike|complain\w*|gunaso|sikayat\w*|"
        r"shikayat\w*|ujuri|jhagad\w*|rude|problem\w*|samasya\w*|issue|"
        r"dikkat|pareshan|not happy|disappoint\w*|naramro|gali|ill ?treat\w*|cheat\w*|thag\w*"
    ),
    "person": (
        r"manche\w*|manchhe|agent|manager|staff|human|person|someone|somebody|kasai|insan|sahu\w*|"
        r"customer care|owner|malik"
    ),
    "talk": r"number|nambar|kura|baat|bat|talk\w*|speak\w*|bol\w*|chat|sampark|contact",
    "call": r"(?:phone|fon|call|kal) (?:gar\w*|kar\w*|me|back|us|chahi\w*)|call",
    "twice": (
        r"badhi|badi|jasti|(?:dui|2|do) (?:choti|patak|bar|baar|palta)|double|doubly|dohor\w*|twice|"
        r"dherai|badi|jyada|"
        r"extra|dui choti"
    ),
    "sells": r"bik\w*|sells?|sold",
    "instead": r"satta\w*|sato|ko thau\w*|instead of|ki jagah",
    "clear": r"hata\w*|delet\w*|remov\w*|clear",
    "billed": r"bill\w*|jod\w*|kat(?:yo|iyo|eko|a|e)|charg\w*|liyo|debited",
    "had asked": (
        r"mang[ae]?k\w*|mangaek\w*|mangaye\w*|manga\w* tha|manga\w* thiye?|ordered|order gareko|asked for|"
        r"bhanek\w*"
    ),
    "got": (
        r"aayo|ayo|aaya|aayi|pathayo\w*|pathaye\w*|pathaunu bh\w*|diyo|diyeko|bheja|received|got|payo|"
        r"paye\w*|paiyo|mila|milyo|aipug\w*|pugyo|delivered|sent"
    ),
    "joke or spam": (
        r"forwarded|fwd|stay healthy|share (?:this|to)|viral|lottery|congratulation\w*|you have won|won|"
        r"winner|prize|click|https?|www|subscribe|loan|jobs?|hiring|vacancy|salary|investment|crypto|"
        r"bitcoin|otp|join our|join|group|earn|free gift"
    ),
    "festivity": r"happy \w+|subhakamana\w*|shubhakamana\w*|badhai|mubarak|congrats|good luck",
    "small talk": (
        r"chor[aio]\w*|bihe\w*|school ma|match|cricket|football|movie|film|mausam|garmi|jado|jadho|"
        r"pani par\w*|barsat|pahiro|bhukampa|chunab|election|news|samachar|bato (?:banda|bigr\w*)|banda?|"
        r"bandh|bhid|bijuli\w*|batti gayo|exam|where are you from|lol|haha\w*|ghar kaha|k gardai|"
        r"ke gardai|kya kar rahe|gardai hunu\w*|joke"
    ),
    "wrong number": (
        r"(?:wrong|galat|arkai) (?:number|nambar)|kasko number|ko bolnu|who is this|kaun bol|ko ho tapai|"
        r"\w+ ko number ho"
    ),
    "dear": r"(?:mahang[oai]|mehang[ao]|sasto|sasta|costly|expensive)",
    "cancel": r"cancel\w*|kyansal\w*|kensal\w*|cansel\w*|kansel\w*|cancle\w*|radd?a?|radd\w*|rad",
    "do not want": (
        r"nachahi\w*|chahidaina|chaidaina|chahiyena|chaiyena|chahindaina|chahinna|chahidain|chahindain|"
        r"chaindaina|nahi (?:chahiy?e|chaiy?e)|nahin chahiy?e|chahien\w*|chahina|dont want|don t want|"
        r"not needed|no need|not want"
    ),
    "do not send": (
        r"don t deliver|dont deliver|nalyau\w*|na bhej\w*|rok\w*|napatha\w*|na patha\w*|mat bhej\w*|"
        r"nahi bhej\w*|dont (?:send|place|order)|don t (?:send|place)|"
        r"nagara?\w*|nagarnu\w*|nagarne|mat kar\w*|nahalnu\w*|nadinu\w*"
    ),
    "leave it": (
        r"rehne? ?do|rahne do|rehn ?de|chod(?:i)?(?:do|de|dinu\w*|diu\w*)|chod do|pardaina|parena|"
        r"parden?a?|hudaina|hunna|hundaina|forget it|drop (?:it|the|my|this)|scrap|jane do|bhaihalyo|"
        r"pachi garchu"
    ),
    "plain no": (
        r"^\W*(?:no|nope|nai|nahi|nahin|hoina|haina|na|not now|stop it|drop(?: it)?|forget it|chaina|"
        r"ahile hoina|abhi nahi)\W*(?:thanks?|thank you|dai|sir|bhai|please|pardaina|chahi\w*|hola)?\W*$"
    ),
    "confirm": (
        r"confirm\w*|kanpharm|kanfarm\w*|konfarm\w*|konfirm\w*|konform|comform|cnfrm|pakka\w*|final\w*|"
        r"fix|pakki"
    ),
    "plain yes": (
        r"^\W*(?:y|ya|yah|yes|yess+|yep|yeah|yup|ok+|okay|okey|okk|k|ho|hajur|hunch\w*|hunx\w*|hudo|hus|"
        r"hudincha|la|thik\w*|haan|han|ha|hau|haa|ji|jee|sure|done|fine|perfect|right|correct|sahi|agreed|"
        r"manjur|bhayo|pathau)\b(?! (?:ho\b|cha\w*khabar|gar\w|k\b))"
    ),
    "all right": (
        r"thik (?:cha|hai|ch)|thikai cha|sab thik|sabai thik|sab milyo|sabai milyo|mil(?:yo|cha)|"
        r"sahi (?:cha|hai)|looks good|all good|thik"
    ),
    "go ahead": (
        r"go ahead|place (?:it|the order|my order|order)|proceed|yes please|send it|bhej do|bhej dijiy?e|"
        r"bhejo|pathaidinu\w*|pathaun?us|pathaunu\w*|pathau|pathaidin\w*|patha|garidinu\w*|aghi badha\w*|"
        r"book it|kar do"
    ),
    "accept": r"accept\w*|aksept\w*|eksept\w*|swikar\w*|swikr\w*|manjur\w*|manjoor|sweekar\w*|svikar\w*|svikr\w*",
    "will do": (
        r"linchu\w*|lin?x\w*|le lunga|le lenge|le liya|kar denge|kar dunga|karenge|bhej (?:dunga|denge|"
        r"deta|dete)|bhejta hu\w*|patha(?:i|id|idi|u)?n?(?:chu|chau|xu)|pathaidinchu|pathaunchu|pathauchu|"
        r"puryaidinchu|puryaunchu|puryauchu|garchu|garidinchu|garxu|dinchu|will (?:send|deliver|do|take)|"
        r"i ll (?:send|do|take)"
    ),
    "decline": r"declin\w*|dikla\w*|reject\w*|rijekt\w*|aswik\w*|asweek\w*|refus\w*|inkar|asvik\w*",
    "cannot": (
        r"sakdina|sakdainau|sakdinau|sakinna|sakindaina|sakina|nahi (?:ho|kar|bhej|de) (?:payega|payenge|"
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
        r"orders?)|malai (?:aa?y\w*|aaeko)|mere liye|orders? (?:aayo|aaye|aayeko|aaeko|malai)|do i have"
    ),
    "packed": (
        r"packed|(?:pack|pyak|pek|pack\w*|pyaking) (?:bhayo|bho|bhaisak\w*|garisak\w*|gare\w*|gary\w*|"
        r"gari\w*|garim|sak\w+|kar diy\w*|done|ready|cha|ho gay\w*|gardiye\w*|complete\w*)|(?:tayar|"
        r"taiyar|tayari|ready)\w* (?:cha|bhayo|hai|ho gaya|ch)"
    ),
    "dispatched": (
        r"dispatched|shipped|(?:dispatch|dispach|dispech|ship) (?:bhayo|bho|gare\w*|garisak\w*|bhaisak\w*|"
        r"kar diy\w*|done|ho gay\w*|gardiye\w*|garyo|gariyo)|dispatch\w*|pathaisak\w*|pathaiyo|"
        r"pathaidiye\w*|pathaidek\w*|pathaye\w*|pathaek\w*|pathayo|pathaidiyo|halisak\w*|hindyo|hidyo|"
        r"hinyo|niskiyo|niskyo|niskisak\w*|rawana\w*|nikal (?:gaya|chuka|gayi|diya)|nikli|on the way|"
        r"bhej (?:diya|diye|chuka|di)|left (?:the|our|with)|bato ma|batoma|g[ao]a?di ?ma|gadima|"
        r"chadhay\w*|load(?:ed)?|out for delivery"
    ),
    "delivered": (
        r"dropped|drop (?:gare|garyo|bhayo)\w*|buji\w*|delivered|deliver(?:y)? (?:bhayo|bho|gare\w*|"
        r"garisak\w*|bhaisak\w*|gardiye\w*|kar di\w*|"
        r"ho gay\w*|done|complete\w*|garyo|gariyo|diye\w*|sakiyo)|puryai\w*|purya[ey]\w*|puryaidi\w*|"
        r"pugai\w*|pugaye\w*|pahu(?:n)?cha (?:di\w*|chuka)|bujha[ey]\w*|bujhai\w*|handed over|diisak\w*|"
        r"diyera aa?ye\w*|diera aa?ye\w*"
    ),
    "will future": r"will|hola|dinu\w*|garidinu\w*|chahi\w*",
}  # fmt: skip

SIGNS: dict[str, re.Pattern[str]] = {
    name: plain_pattern(words if words.startswith("^") else rf"(?<![a-z0-9])(?:{words})(?![a-z0-9])")
    for name, words in _WORDS.items()
}


def find_signs(plain: str) -> frozenset[str]:
    """The ideas a plain text touches."""
    return frozenset(name for name, pattern in SIGNS.items() if pattern.search(plain))
