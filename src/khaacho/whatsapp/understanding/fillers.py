"""Words that carry an order but are not part of it: politeness, verbs, address, time, connectors.

All lists are of English, Nepali and Hindi in general; none is taken from a catalogue. Words are compared in
their *plain* form (Latin letters, long vowels short), so one entry serves both scripts.
"""

from functools import lru_cache

from .sound import plain_of, plain_pattern

# Verbs by stem: Nepali and Hindi endings are too many to list ("pathau", "pathaunus", "pathaidinuhola" …).
_VERBS = plain_pattern(
    r"(?:mag(?:ayo|aya|eko|yeko|aeko|ayeko|e|aye|yo)|mang(?:ae|aye|e)\w*|na(?:chahi|patha|gar|hal|din|rakh|lyau|"
    r"bhej|lekh|cha[hi]?)\w*|gar(?!a?m|li|bh|an|i ?k)\w*|(?!(?:jee|zee|vee|ope|came|kee))\w{3,}era|ardar\w*|"
    r"oder(?:s|ed)?|patha(?:u|i|a|y|n|d)\w*|patha|"
    r"paat?hau\w*|bhej\w*|bhij\w*|chahi\w*|chaiy?\w{2,}|chay[oe]\w*|"
    r"chahan\w*|chah\w+"
    r"|garn\w*|gard\w*|gari\w*|garu\w*|garer?a?|gar[ao]?|garos|garch\w*|garx\w*|gara\w{1,4}"
    r"|haln\w*|hald\w*|hali\w*|halera?|lekhn\w*|lekhi\w*|lekha|likh\w{0,3}|din[u]\w*|did[eio]\w*|"
    r"dinch\w*|dinx\w*|dela|dehi|dena|dijiy?e|dedo|dede|deu|deuna|den"
    r"|jod\w{1,5}|rakhn\w*|rakhi\w*|rakhdi\w*|puryai?\w*|pugn\w*|puga\w*|pugd\w*|lyaun\w*|lyai\w*|"
    r"lyau|lya(?:de|di)\w*|lagau\w*"
    r"|pahuch\w*|pahunch\w*|mangw?a\w*|mangau\w*|hunch\w*|hunx\w*|hunu\w*|hola|holan?|parch\w*|"
    r"parx\w*|paryo|parne|chain(?!a)\w*"
    r"|hata\w*|nikal\w*|remov\w*|delet\w*|thap\w*|ghata\w*|badha\w*|increas\w*|decreas\w*|chang\w*|replac\w*|cancel\w*|"
    r"kyansal\w*|radd?a?|napatha\w*|rehn\w*"
    r"|confirm\w*|chod\w*|reduc\w*|includ\w*|updat\w*|repeat\w*|dohor\w*|instead|without"
    r"|send\w*|snd|nid\w*|want\w*|wanna|deliver(?:y|ies)?|dispatch|order(?:s|ed|ing)?|bhan(?:n|d|i|"
    r"er)\w*|bhana|banai\w*|banau\w*|milay\w*|miladi\w*"
    r"|kind(?:ly)?|karn[aeiu]|karo|kardo|kare|karein?|karke|kijiy?e|lena|lelo|kinn\w*|kinchu|sakin\w*|"
    r"sakd\w*|sakch\w*)"
)

_NOISE = """
please plz pls plzz pliz kripaya kripya krpya meharbani thanks thank thankyou dhanyabad dhanyawad tyanks thx
shukriya
dai daai dada dai. bhai bhaiya bhaia bhauju didi bahini uncle auntie kaka kaki sir madam mam maam hajur
hajurlai sahu sahuji sauji
sahuni bro brother sis ji saab sahab yar yaar boss dear
namaste namaskar namastey namasty nmste hello hi hey hlo helo hy salam pranam ram jadau
ma maile malai mero hamro hami hamilai hamlai mujhe mera mere hamara hum hamare me my mine our us we i im ill
tapai tapaile tapailai timi timile tapaiko aap aapko aapke you your u
la lau ta ni na hai hey he ke ki le lai lagi laagi bata dekhi sanga sita pani nai matra mattra tara ani ho haina
ko ka kai ki ke se par pe mai mein wala wali wale waala waali vala vali chahi chai cai cahi jati jhai jasto jaisa
the a an of for to at in on with from by is are be it this that these those and some any all also only just
get give gimme like would could can will shall must have has do does let lets make
aaja aja aaj aju bholi kal parsi parso bihan bihana bihanai subah savera belu beluka beluki sanjha saanjh sham
sam dopahar diuso diunso
raat rati today tomorrow tmrw tomorow tonight morning evening afternoon night now ahile aile abhi tab jab
chito chitto chado jaldi urgent urgently turunt asap fast quickly soon early
fine ok okay okey thik theek thikai cha chha xa hai hain hau ho hun huncha bhayo bho bhaye bhane bhanera
samma sam tak pahila paila agadi pachi baad before after
saman samaan saaman maal mal list listing goods items item thing things stuff saamaan
total jamma jammai sab sabai sabaiko each every per prati rate bhau price
yo yi tyo yah yeh ye woh wo tyasko yesko yasko iska uska
naya new purano number phone mobile contact call location address
chaina chhaina nahi nahin na no not hoina
aru aur or plus more extra
usual same always sadhai sadhaiko sadhe regular
tara but pheri pher feri again
kar kara karna do rehne rahne hata add put also there here have available possible stock customer customers
haru shop store stores pasal dokan kirana
double dobbar doubble take out uti utinai minus keep drop school last time palta patak asti hijo aghi pichla
pichle previous jasto jastai jaste jaisa wahi uhi esewa khalti bank jati usual only lagi laagi customer mahina
mahine hapta din sale everything aile aaile ahile beluki driver gadi school monthly weekly daily month week day
tarkari sabji way any kun kaun sa si jo kaisa
date sunday monday tuesday wednesday thursday friday saturday aitabar sombar mangalbar budhabar bihibar
sukrabar sanibar aitbar
bill rasid paisa rupees rs delivery payment cash udharo
oi oe arko arkai gaya gayi gaye diya kiya bhaeko bhako as but yet chu chau xu chan show ship should shall short
shop ekdam
dherai kati katti kitna kitne kitni kasari kaise kaha kahile kina galti galtile ali alik alikati thorai thora
thoda thodi
bas pugcha pugyo pugchha tar lekin magar parantu khata khaata hisab quantity qty actually really maybe perhaps
full whole single another first second third
fourth last pahilo dosro tesro
except everything bahek mat nikai jhan
baki baaki banki dont doesnt didnt
arrange arranged following follow required require requirement requirements supply provide below mentioned
hereby regards
request requested attached needed regarding as per ensure note kindly further details detail today's urgent
basis same-day
send sending need want order pathau pathaunu pathaunus pathaidinu pathaidinus bhej bhejo bhejna chahiyo chahiye chaiyo
check hernu hernus payo paye paiyo
milyo mila received aayo ayo gayo raheko rahe liyera bol boldai raha rahi hu
wait sorry oops
"""
# Words that are as often part of a name as not: they cost nothing if unmatched, and help if matched.
_OPTIONAL = """
sasto sasta cheap cheaper cheapest ramro raamro accha achha badhiya normal sada samanya
quality best original asli pure premium special brand company size type flavour flavor variety mixed mix normal
sada samanya
cooking refined mineral baby kids ghar home wholesale new naya old local
"""

# Compared as spelled: their plain form is another word ("good" is not "gud", jaggery).
_SPELLED_NOISE = frozenset(
    [
        "good",
        "been",
        "see",
        "feel",
        "keep",
        "need",
        "gaadi",
        "gadi",
        "gaadima",
        "gadima",
        "गाडी",
        "गाडीमा",
        "truck",
        "tempo",
    ]
)
NOISE = frozenset(plain_of(word) for word in _NOISE.split())
OPTIONAL = frozenset(plain_of(word) for word in _OPTIONAL.split())

CONNECTORS = frozenset(
    [
        "ra",
        "aur",
        "and",
        "ani",
        "tatha",
        "evam",
        "ebam",
        "&",
        "n",
        "plus",
        "+",
        "or",
        "tatha,",
        "र",
        "अनि",
        "तथा",
        "और",
        "एवं",
    ]
)
KINSHIP_END = frozenset(["dai", "bhai", "didi", "bhaiya", "sir", "hajur", "ji"])

MONTHS = frozenset(
    [
        "jan",
        "january",
        "feb",
        "february",
        "mar",
        "march",
        "apr",
        "april",
        "may",
        "jun",
        "june",
        "jul",
        "july",
        "aug",
        "august",
        "sep",
        "sept",
        "september",
        "oct",
        "october",
        "nov",
        "november",
        "dec",
        "december",
        "baisakh",
        "baishakh",
        "jeth",
        "jestha",
        "asar",
        "ashadh",
        "saun",
        "shrawan",
        "bhadau",
        "bhadra",
        "asoj",
        "ashwin",
        "kartik",
        "mangsir",
        "mansir",
        "pus",
        "poush",
        "magh",
        "fagun",
        "phagun",
        "falgun",
        "chait",
        "chaitra",
    ]
)
DATE_WORDS = frozenset(["gate", "tarikh", "tarik", "date", "baje", "bajey", "baji", "am", "pm", "th", "st", "nd", "rd"])
MONEY_WORDS = frozenset(
    ["rs", "rs.", "npr", "nrs", "rupees", "rupaiya", "rupiya", "rupya", "rupaiyan", "rupee", "rupe", "inr", "ru"]
)
PHONE_WORDS = frozenset(["phone", "number", "no", "mobile", "contact", "call", "whatsapp", "viber", "mob", "ph"])
EACH_WORDS = frozenset(["each", "sabai", "sabaiko", "sab", "har", "prati", "every", "dubai", "teenai", "dunai"])
WALA_WORDS = frozenset(["wala", "wali", "wale", "waala", "waali", "vala", "vali"])


def is_listed_noise(word: str) -> bool:
    """Is the word, by name, one that no product line needs?"""
    return word in _SPELLED_NOISE or plain_of(word) in NOISE


@lru_cache(maxsize=65_536)
def is_noise(word: str) -> bool:
    """Is the word one that no product line needs (verb, politeness, pronoun, time)?"""
    if is_listed_noise(word):
        return True
    return _VERBS.fullmatch(plain_of(word)) is not None


def is_optional(word: str) -> bool:
    """Is the word one whose absence from a product's name means nothing?"""
    return plain_of(word) in OPTIONAL
