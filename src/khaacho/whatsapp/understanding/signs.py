"""Ideas a message touches, found by word stems in English, Nepali and Hindi: "where", "money", "broken".

Stems are matched against the *plain* text (Latin letters, short vowels, "chh" as "ch", "sh" as "s"), so one
entry serves both scripts; they are written here in ordinary spelling. What ideas mean together is in
`cues.py`. Nothing here knows a product.
"""

import re

from .sound import plain_pattern
from .vendor_signs import VENDOR_WORDS

_WORDS: dict[str, str] = {
    "greeting": (
        r"any ?(?:body|one)(?: \w+)?|hellu|heluu?|hel+o+\w*|hal+o+\w*|good m\w*|gud (?:[aed]\w*|mo\w*)|namas\w*|"
        r"namast\w*|"
        r"namaskar\w*|nmste|hello|"
        r"helo|hlo|hi+|hey+|hay+|salam\w*|pranam|jadau|ram ram|oi|oe|jay \w+|"
        r"jai \w+|good (?:morning|evening|afternoon|day|night)"
        r"|(?:su[bv]h?|shubh?)h?a? (?:\w+)|suprabhat\w*|morning|gm|assalam\w*|sat sri akal|radhe radhe"
    ),
    "how are you": (
        r"how (?:are|r) (?:you|u)|^\W*(?:(?:oi|oe|dai|bhai|ani|sahuji|hajur|didi|yar|hello|hi|namaste) )*(?:k|ke) cha"
        r"(?: (?:dai|bhai|hajur|sahuji|didi|yar|ho|khabar))*\W*$|kasto cha\w*|kasto chau?|kasto hunu\w*|san?ch(?:ai|"
        r"o)\w*|"
        r"arama?i?|kaise (?:ho|hain|hai)|kya hal\w*|hal ?khabar|k ho khabar|ke ho khabar|khabar|"
        r"are you there|anyone there|whats up|sup|thik hunu\w*"
    ),
    "thanks": (
        r"dh?an+[iy]+a?[bvw]\w*|thank\w*|thanx|thnx|thx|tnx|tysm|ty|shukriya|sukriya|"
        r"meherban\w*|tq\w*|tnk\w*|thn\w+|thku?|thanq\w*|gun (?:lag|lay|la|bhul)\w*|god bless|bless you|ehsan\w*|"
        r"aabhar\w*|abhar\w*|appreciat\w*|grateful"
    ),
    "praise": (
        r"ramro|raamro|accha|achha|great|excellent|nice|good service|best service|badhiya|dammi|mitho|"
        r"satisfied|the best|awesome|superb|good job|well done|man par(?:yo|eko)\w*|dami|babal|mast|khushi|khusi|"
        r"happy with"
    ),
    "where": r"kaha|kahan|kaha+samma|kahasamma|kata|where|kun thau|khai|khoi|kidhar",
    "when": (
        r"kahile|kaile|kab|when|kati baje|kati bela|kun din|what time|how long|kati din|kitne din|"
        r"kitni der|kitne baje|kati ?kher\w*|katibela|kun bela|kun samaya|kab tak|(?:aja|aaja|aaj|today) (?:ki|or|"
        r"ya) (?:bholi|kal|"
        r"tomorrow|parsi)|ki (?:bholi|kal|parsi)|or tomorrow|ya kal|eta|kati samaya"
    ),
    "how much": r"kati|katti|jati|kitn[aei]|how much|how many|total|jamma",
    "how": r"kasari|kasri|kaise|how (?:to|do|does|can|should)|how|tarika",
    "which": (
        r"kasta|k|ke (?:mang|mag|kin|gar|cha|chan|ho|order)\w*|kun|kaun\w*|konsa|which|what|ke ke|k k|kya kya|"
        r"kya|whats"
    ),
    "order word": r"order\w*|ardar\w*|oder\w*|adar",
    "goods word": (
        r"goods|stuff|consignment|shipment|saman\w*|samaan\w*|maal|mal|parcel|samagri|item\w*|product\w*|"
        r"delivery|delivari|delibhari|deliveries|delivering"
    ),
    "arrive": (
        r"aau(?!r\b)\w*|aun\w*|aud\w*|aaip\w*|aip\w*|aaya|aayo|ayo|aaeg\w*|aayeg\w*|ayeg\w*|pug\w*|pahu\w*|"
        r"pohoch\w*|reach\w*|arriv\w*|come|coming|milcha|milega|milegi|deliver\w*|delivery|hogi|hoga"
    ),
    "not yet": (
        r"\w*pug(?:ena|daina|eko chaina|ya chaina)|\w*a[ey]+ena|\w*aena|(?:aa?i|aa|aa?ko|ayeko|aeko) chaina|"
        r"kina (?:aayena|dhilo)|kab se wait|aayena|aaena|ayena|aaudaina|aaen|aayen|pugena|nahi (?:aaya|"
        r"aayi|mila|mili|pahu\w*)|"
        r"not (?:yet )?(?:arrived|received|come|delivered|reached)|didnt (?:come|arrive|get)|ajhai|ajhei|"
        r"ajai|still (?:waiting|not|no)|yet|dhilo|late|der"
    ),
    "or not": (
        r"ki \w+ (?:chaina|nahi|nai|hoina)|ki \w+(?:aina|ena|ina|inau)|ki (?:nai|chaina|nahi|bhayena|aayena|aaena|"
        r"aaudaina|hoina|haina|na\w+)|ki nahin|"
        r"bhayo ki|bho ki|bhoo|aayo ki|cha ki|ya nahi|or not"
    ),
    "track": (
        r"status|track\w*|sthiti|avastha|halat|progress|any news|news (?:about|on|of)|update on|any update|(?:koi|"
        r"kehi|kunai) update|update (?:k|"
        r"kya|dinu\w*|do)"
    ),
    "prepare": (
        r"send|sent|patha\w*|haln?\w*|dispatch\w*|pack\w*|pyak\w*|ship\w*|ready|tayar|taiyar|nisk\w*|nikal\w*|nikl\w*|"
        r"deliver\w*|bhej\w*|load\w*|hid\w*|chhut\w*"
    ),
    "you did": r"\w+nu ?bha(?:yo|eko|ko)\w*|\w+nubho\w*|\w+ (?:diya|di|diye) kya|did you \w+|have you \w+",
    "what happened": (
        r"(?:k|ke) (?:bha\w*|bho|hud\w*|hola|garnu ?bha\w*)|kya hua|what happened|whats happening|what about|"
        r"kati samma pug\w*"
    ),
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
    "account": r"hisab\w*|hisaab\w*|statement\w*|stetment|ledger|passbook|lena ?dena",
    "left": r"baki|banki|baaki|bacha|left|remaining|tirn\w*|tirnu\w*|dena hai|dinu parne|dena",
    "money": (
        r"\d+k|\d* ?haja?a?r|\d* ?hazar|lakh|paisa\w*|paise\w*|rupi\w*|rupai\w*|rs|npr|rakam|money|cash|nagad|"
        r"payment|pement|cheque|chek|"
        r"advance|amount|bill"
    ),
    "pay system": (
        r"e ?sewa\w*|iseva\w*|isewa\w*|khalti\w*|fone ?pay|phone ?pay|ime ?pay|connect ?ips|qr|bank\w*|"
        r"cheque|chek|bhauchar|voucher|bouchar|upi|gpay|google pay|paytm|prabhu pay|mobile banking|wallet"
    ),
    "pay": (
        r"pay|paid|paying|payment|pement|bhuktani\w*|bhugtan\w*|tirn\w*|tire\w*|tiry\w*|tiri\w*|tirey?|"
        r"tir(?:chu|xu|ula|unla|aula|na|da|sak|dai)\w*|tirdi\w*|tiridi\w*|tirein|tirera|tirau\w*|chukt\w*|chuka\w*|"
        r"transfer\w*|transphar|clear(?:ed|ing)?(?: (?:gar|kar)\w*)?|jamma (?:g\w+|"
        r"k\w+)|jama|deposit\w*|settle\w*"
    ),
    "hand over": (
        r"bujha\w*|patha\w*|bhej\w*|sent|send|halid\w*|halek\w*|hale|haldi\w*|diye\w*|diyeko|dina|dine|diyo|"
        r"de d(?:unga|enge|eta|ete|ega)|din(?:chu|xu|aau\w*)|dina aau\w*|halch\w*|haldinch\w*|de diye|put"
    ),
    "price": r"price|prais|rate|ret|bhau|mulya|mol|dam|cost\w*|mrp|prize",
    "costs": (
        r"(?:kasari|kaise) (?:kilo|kg|darjan|dojan|carton|peti|din\w*|diya)|"
        r"(?:kati|katti|kitn[aei]) (?:ma|me|mein) (?:din|de|mil|pau|pain|pad|par)\w*(?: hun\w*)?|"
        r"(?:ma|me|mein|in|has|have) (?:kati|katti|kitn[aei]|how many) (?:packet|piece|pcs|ota|wota|kg|bot\w*|pouch|"
        r"pkt|dana)\w*|"
        r"(?:kati|katti|kitn[aei]) rup\w*|(?:kati|katti|kitn[aei]|how much) ?(?:ko|ma|par\w*|pard\w*|ho|hola|ka|"
        r"ki|ke|me|mein|rupi\w*|hai|"
        r"padt\w*|padeg\w*|lagch\w*|cha|is|are|for|does|do|huncha|dinu\w*)|(?:ko|ka|ki) (?:kati|"
        r"kitn[aei])(?: \?|$)"
    ),
    "have": (
        r"(?:aap|tap|tum|tapai)\w* (?:ke )?(?:pas|sanga|kaha)|tapaisanga|available|availability|"
        r"upalabdh\w*|stock|istak|paun\w*|pauch\w*|pain\w*|paich\w*|milch\w*|"
        r"milt\w*|milega|milegi|do you (?:have|sell|keep|stock)|did you have|got any|is there|are there|"
        r"bechnu\w*|rakhnu ?(?:hun|hu\b)\w*|(?:cha|chan|hai|hain) (?:ki|kya|k|ke|hola)(?! (?:bhan|lekh))|have you|"
        r"keep|kept|sell|supply"
    ),
    "is there?": (
        r"(?:cha|chan|hai|hain)(?: (?:ki|hola|ni|na|dai|hajur|sir|bhai|aap\w*|tapai\w*|aja|aaja|sak\w+|"
        r"chaina|nai|nahi))* ?(?:\?|$)"
    ),
    "list": r"list|suchi|catalog\w*|kyatalog|katalog",
    "brand": r"brand\w*|company|size\w*|flavou?r\w*|variety|type\w*|kisim",
    "offer": (
        r"(?:any|koi|kunai|kehi) (?:new|naya|nayi)|(?:naya|naye|new) (?:k|ke|kya|kun|what|maal|mal)|(?:k|ke|kya|"
        r"kun) naya|whats? new|anything new|offer\w*|"
        r"discount|scheme|skim|chut|photo|foto|picture|tasbir|naya (?:saman|item|product)|"
        r"new (?:items?|flavou?rs?|products?|arrivals?|stock)"
    ),
    "history": r"history|itihas|record\w*|abhilekh",
    "show": (
        r"detail\w*|bibaran|vivaran|dekha\w*|show|her\w*|bata(?:u|ao|na|i|o)\w*|bata (?:do|din|di|de)\w*|dikha\w*|"
        r"dikhao|see|view|"
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
    "spend": r"karobar|byapar|vyapar|business|turnover|kharch\w*|spen[dt]\w*|expens\w*",
    "bought": (
        r"kharid\w*|li[yn]a|lie|liyo|kin(?:dai|chu|ne)|kine\w*|kiny\w*|kinmel\w*|kinek\w*|kin[ae]ko|"
        r"kharid\w*|buy|bought|purchas\w*|order gare\w*|"
        r"ordered|mangaye\w*|liye\w*|bik\w*|sold|sell\w*|jancha"
    ),
    "most": r"dherai|badi|badhi|baddi|most|top|jyada|zyada|jada|best|sabai ?bhanda|sabse|highest|popular",
    "report": (
        r"compare\w*|tulana|comparison|report\w*|riport\w*|pratibedan|analysis|analytics|insights|summary|stats?|"
        r"statistics|graph|"
        r"chart|trend\w*|bishleshan|saransh"
    ),
    "did i": r"maile|maine|did i|have i|i (?:have )?(?:ordered|bought)|my|mero|mera|mere",
    "help word": (
        r"help|sahayog\w*|madat\w*|maddat\w*|madad\w*|sahayata|menu|guide|instruction\w*|command\w*|sika\w*|sikh\w*|"
        r"samjha\w*|explain|options?"
    ),
    "use": r"use|work\w*|chal\w*|prayog|system|bot|garne|garna|karte|karna|karein|kare|gar\w*",
    "what is this": (
        r"(?:k|ke|kya|kasari|kaise|what) (?:lekh|likh|bhan|msg|message|type)\w*|what (?:should|shall|must|to|"
        r"do) (?:i )?\w{0,4} ?(?:write|type|send|say)|(?:k k|ke ke) lekh\w*|k k gar\w*|ke ke gar\w*|kya kya kar\w*|"
        r"k gar\w+ (?:ho|milch\w*)|"
        r"ke gar\w+ (?:ho|milch\w*)|"
        r"what (?:can|do|else can) (?:you|i) do\w*|yo (?:k|ke) ho|what is this|ye kya hai|bot ho|"
        r"are you (?:a )?(?:bot|robot|human|real)|a+u?n?daina|jandina|bujhina\w*|samajh nahi\w*|"
        r"dont understand"
    ),
    "wrong": r"wrong|galat|galti(?! ?le)|arkai|different|mistak\w*|farak|mile?na|milek\w* chaina",
    "broken": (
        r"dul[oa] (?:par\w*|cha)|pwal|holes?|misa\w*|milawat\w*|milauwat|pich?h?iy\w*|thichiy\w*|kuch+iy\w*|"
        r"crush\w*|dented|bent|"
        r"khali (?:nikl\w*|thiy\w*|aa?y\w*|tha|thi|raich\w*)|empty|rott\w*|"
        r"(?:dhunga|kir[ao]|kapal|balu|kid[ae]|worms?|stones?|insects?|patthar|kankar|musa)(?: \w+)? (?:cha\w*|"
        r"thi\w*|bhet\w*|nikl\w*|"
        r"par\w*|hai|the|tha|mil\w*|found|inside|in)|tukri\w*|tukra\w*|kacch?a nikl\w*|dhulo (?:cha|thiyo|bhet\w*)|"
        r"putli|dubeko|damag\w*|broken|"
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
        r"kam taul\w*|taul\w* kam|under ?weight|less weight|weight kam|matra (?:thiyo|cha|aayo|payo|milyo|diyo|aaeko)|"
        r"(?:1|ek|euta|one|2|dui) (?:item|ota|wota|saman|packet|thok|box) (?:aayena|aaena|chut\w*|chaina|missing)|"
        r"kam (?:tha|thi|the|hai|bhayo|pug\w*)|missing|short(?:age)?|(?:kam|ghat\w*|less) (?:aay\w*|ay\w*|"
        r"aai\w*|cha|thiy\w*|bhay\w*|nikl\w*|"
        r"pay\w*|than|pathay\w*|bhej\w*)|pugena|puge(?:na|ko chaina)|chut\w* (?:gayo|gaya|cha)|left out|"
        r"ghati|(?:adha|aadha|half|sirf|only)\b.{0,20}\b(?:aayo|aaya|payo|mila|arrived|received)|"
        r"kam (?:mil\w*|diy\w*|de)"
    ),
    "complaint": (
        r"behaviou?r|byabahar|vyavahar|bani byahora|slow service|dislike|complain\w*|gunaso|sikayat\w*|"
        r"shikayat\w*|ujuri|jhagad\w*|rude|problem\w*|samasya\w*|issue|"
        r"man ?par(?:e?na|daina|eko chaina)\w*|man pard?aina|worst|(?:bad|poor|low|kharab|ghatiya|"
        r"naramro) (?:quality|product|service|rice|item|saman|maal)|ghatiya|namitho|"
        r"quality (?:\w+ ){0,2}(?:bad|kharab|naramro|chaina|down|gir\w*)|pathetic|useless|bekar|bakwas|third class|"
        r"careless|"
        r"laparwahi|dikkat|pareshan|not happy|disappoint\w*|naramro|gali|ill ?treat\w*|cheat\w*|thag\w*"
    ),
    "person": (
        r"manche\w*|manchhe|agent|manager|staff|human|person|someone|somebody|kasai|insan|sahu\w*|"
        r"customer care|owner|malik"
    ),
    "talk": r"number|nambar|kura|baat|bat|talk\w*|speak\w*|bol\w*|chat|sampark|contact",
    "call": r"phone (?:uth|lag|rec)\w*|(?:phone|fon|call|kal) (?:gar\w*|kar\w*|me|back|us|chahi\w*)|call",
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
        r"mag(?:e|ya|ayo|aye|aya|eko|aeko|ayeko|eka)\w*|mang[ae]?k\w*|mangaek\w*|mangaye\w*|manga\w* tha|"
        r"manga\w* thiye?|ordered|order gareko|asked for|"
        r"bhanek\w*"
    ),
    "got": (
        r"patha(?:una|unu|aune)? ?bha?\w*|patha(?:ech|yech|dich|ich)\w*|die?ch\w*|bheje? (?:hai|ho)|pathako|pathaeko|"
        r"aayo|ayo|aaya|aayi|pathayo\w*|pathaye\w*|pathaunu bh\w*|diyo|diyeko|bheja|received|got|payo|"
        r"paye\w*|paiyo|mila|milyo|aipug\w*|pugyo|delivered|sent"
    ),
    "joke or spam": (
        r"forwarded|fwd|stay healthy|share (?:this|to)|viral|lottery|congratulation\w*|you have won|won|"
        r"winner|prize|click|https?|www|subscribe|loan|jobs?|hiring|vacancy|salary|investment|crypto|"
        r"bitcoin|otp|join our|join|group|earn|free gift"
    ),
    "everything": r"sab\w*|jamma\w*|pura\w*|all|everything|poora",
    "festivity": r"happy \w+|subhakamana\w*|shubhakamana\w*|badhai|mubarak|congrats|good luck",
    "small talk": (
        r"bhet(?:aula|aunla|auna|am)\w*|ok bye|bye+|goodbye|tata|chutti|holiday|bus|ticket|tikat|flight|maya (?:gar|"
        r"lag)\w*|love|luv|miss you|"
        r"khana kh\w*|chor[aio]\w*|bihe\w*|school ma|match|cricket|football|movie|film|mausam|garmi|jado|jadho|"
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
        r"chaindaina|nahi (?:chahiy?e|chaiy?e)|nahin chahiy?e|chahien\w*|chahina|dont want|don t want|do not want|"
        r"not needed|no need|not want"
    ),
    "do not send": (
        r"do not (?:send|deliver|place|order)|don t deliver|dont deliver|nalyau\w*|na bhej\w*|rok\w*|napatha\w*|"
        r"na patha\w*|mat bhej\w*|"
        r"nahi bhej\w*|dont (?:send|place|order)|don t (?:send|place)|"
        r"nagara?\w*|nagarnu\w*|nagarne|mat kar\w*|nahalnu\w*|nadinu\w*"
    ),
    "leave it": (
        r"leave (?:it|that|this|them)|let it (?:be|go)|never ?mind|nvm|skip it|rahos|(?:ahile|aile|abhi) (?:hoina|"
        r"haina|nahi)|not now|"
        r"later|pachi (?:gar|lin|ord|mag|mang|her|bhan)\w*|baad me\w*|chaina (?:hola|ahile|aile)|chaina ?chaina|"
        r"na? ?garne bha\w*|rehne? ?do|"
        r"rahne do|rehn ?de|ch?hod(?:nu|in|id|era|ey|a)\w*|chod(?:nu|in|id|a)\w*|chod(?:i)?(?:do|de|dinu\w*|diu\w*)|"
        r"chod do|pardaina|parena|"
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
        r"^\W*(?:y|ya|yah|yes|yess+|yep|yeah|yup|ok+|okay|okey|okk+|k(?= (?:thank\w*|done|confirm\w*|dai|sir|bro|"
        r"place|send|patha\w*)|\W*$)|ho|hajur|hunch\w*|hunx\w*|hudo|hus|hudai\w*|bhaihal\w*|lau|lu|chal(?:ch|e|n|x)\w*|"
        r"hudincha|la|thik\w*|haan|han|ha|hau|haa|ji|jee|sure|done|fine|perfect|right|correct|sahi|agreed|"
        r"thats? (?:right|correct|it|fine|ok|all)|its (?:ok|fine|right|good)|manjur|bhayo|pathau)\b(?! (?:ho\b|"
        r"cha\w*khabar|gar\w|k\b))"
    ),
    "all right": (
        r"thik (?:cha|hai|ch)|thikai cha|sab thik|sabai thik|sab milyo|sabai milyo|mil(?:yo|cha)|"
        r"sahi (?:cha|hai)|looks good|all good|thik"
    ),
    "go ahead": (
        r"hunch\w* (?:gar|patha|bhej)\w*|order (?:gar|kar)\w*|go ahead|place (?:it|the order|my order|order)|"
        r"proceed|yes please|send it|bhej do|"
        r"bhej dijiy?e|"
        r"bhejo|pathaidinu\w*|pathaun?us|pathaunu\w*|pathau|pathaid(?!ek|iye)\w*|patha|garidinu\w*|aghi badha\w*|"
        r"book it|kar do"
    ),
    "will future": r"will|hola|dinu\w*|garidinu\w*|chahi\w*",
}  # fmt: skip

SIGNS: dict[str, re.Pattern[str]] = {
    name: plain_pattern(words if words.startswith("^") else rf"(?<![a-z0-9])(?:{words})(?![a-z0-9])")
    for name, words in (_WORDS | VENDOR_WORDS).items()
}


def find_signs(plain: str) -> frozenset[str]:
    """The ideas a plain text touches."""
    return frozenset(name for name, pattern in SIGNS.items() if pattern.search(plain))
