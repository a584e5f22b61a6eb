"""Everyday trade words of English, Nepali and Hindi that mean one thing ("chamal", "chawal", "rice").

Common nouns, colours and qualities of any grocer's shelf in the region; no brand and no product. Words of one
line are interchangeable; "_" joins the words of a phrase. What a catalogue itself translates (its Nepali
names, its parentheses) is learnt from the catalogue and needs no entry here.
"""

from functools import lru_cache

from rapidfuzz.distance import OSA

from .sound import plain_of, sound_of

_GROUPS = """
rice chamal chaamal chawal chaval
steam steamed
boiled usina parboiled
dal daal lentil lentils pulse pulses
musuro musur masoor masur red_lentil
rahar arhar toor tur pigeon_pea
mas maas urad mash black_gram
mung moong mug green_gram
chana channa chole chickpea chickpeas
rajma rajama kidney_bean kidney_beans
kerau matar mattar pea peas
soya soy soyabean soybean bhatmas bhattmas
horse_gram gahat kulthi
black_eyed_bean bodi lobia
simi bean beans
oil tel
mustard tori sarso sarson sarsu
sunflower suryamukhi surajmukhi
olive jaitun
ghee ghiu ghyu ghui
vanaspati dalda
sugar chini cheeni
jaggery gud gur sakhar bheli
salt nun noon namak
black kalo kala kaalo kali
white seto safed
red rato lal laal
green hariyo hara
yellow pahelo pila
blue nilo neela
brown khairo
orange suntala santra
pink gulabi
medium mediyam majhaula
small sano chota chhota choti mini saano
big thulo bada badi large
thick moto mota coarse
thin patlo patla masino
whole singo sabut
raw kacho kachi kaccha kachha
roasted bhuteko bhuna
dry sukeko sukha sukha
fresh taja taaza
sweet guliyo mitho
spicy piro tikha
sour amilo khatta
loose khula khulla
flour pitho
atta aata wheat_flour
maida refined_flour
besan gram_flour
suji sooji rava semolina
maize makai corn makkai
millet kodo
wheat gahun gehu gahu
buckwheat phapar fapar
chiura chyura poha beaten_rice flattened_rice
bhuja muri murmura puffed_rice
noodles noodle chauchau chowchow chau_chau chow_chow chau-chau
vermicelli sewai seviyan semai
biscuit biskut biskit
bread pauroti double_roti
egg eggs anda
milk dudh doodh
curd dahi yogurt yoghurt
butter nauni makkhan
paneer panir
tea chiya chai chaha chya chiya_patti chai_patti tea_leaf
coffee kafi
water pani paani
juice jus ras
drink drinks peya
chicken kukhura murgh murga
veg vegetable vegetables vej
potato alu aloo aalu
onion pyaj pyaaz kanda
garlic lasun lahsun lehsun
ginger aduwa adrak
tomato golbheda tamatar golbhenda
cauliflower kauli phoolgobi
cabbage banda
carrot gajar
lemon kagati nimbu nibuwa
chilli chili chilly khursani mirch mirchi
pumpkin pharsi kaddu
coconut nariwal nariyal
mango aap aam amp
apple syau seb
banana kera kela
grape angur grapes
pomegranate anar
papaya mewa papita
litchi lychee lichi
radish mula muli
spinach palungo palak
cucumber kakro khira
okra bhindi ramtoriya lady_finger
brinjal bhanta baigan eggplant
mushroom chyau
cashew kaju cashewnut
peanut mungfali groundnut moongphali
raisin kismis kishmish raisins
walnut okhar akhrot
pistachio pista
dates chhokada khajur chhohara
sesame til
turmeric besar haldi
cumin jeera jira zeera
coriander dhaniya dhania
pepper marich black_pepper kali_mirch
cardamom elaichi alaichi ilaichi
green_cardamom sukumel
cinnamon dalchini
clove cloves lwang laung
bay_leaf tejpat tej_patta
fenugreek methi
jwano ajwain carom
fennel saunf sauf
asafoetida hing
masala spice spices masla
pickle achar
ketchup kechap sauce sos
vinegar sirka
honey mah shahad
soap sabun saabun
powder dhulo paudar pwd
shampoo syampu shampu
toothpaste manjan
toothbrush brush brus
broom kucho jhadu jharu
matches match matchbox salai machis
candle mainbatti mombatti
incense agarbatti agarbati
camphor kapur
battery byatri
bulb chim
pen kalam
pencil sisakalam
notebook copy kapi
paper kagaj
glass gilas
rope dori
thread dhago
needle siyo
cutter katar sharpener
diaper diapers nappy pants
candy toffee mithai
cigarette churot
hair kapal
coke coca_cola cocacola kok
washing dhune
mosquito lamkhutte machar
rat musa chuha
snacks snack namkeen namkin
meat masu
xl extra_large
chocolate chaklet chakalet choklet chocklate
chips chip
cake kek
jam jyam
cream krim
detergent ditarjent
"""

# What describes and names nothing: "thulo 2 ota" alone is no wish.
QUALITIES = frozenset(
    f"={quality}"
    for quality in [
        "small",
        "medium",
        "big",
        "thick",
        "thin",
        "whole",
        "raw",
        "roasted",
        "dry",
        "fresh",
        "sweet",
        "spicy",
        "sour",
        "loose",
        "black",
        "white",
        "red",
        "green",
        "yellow",
        "blue",
        "brown",
        "orange",
        "pink",
    ]
)

# Sounds shorter than this, or shared by two meanings ("wheat", "white"), are compared by spelling only.
_MIN_SOUND = 3

PHRASES: dict[tuple[str, str], str] = {}
_BY_PLAIN: dict[str, str] = {}
_BY_SOUND: dict[str, tuple[str, str] | None] = {}
_ALIKE = 0.75


def _learn(word: str, concept: str) -> None:
    if "_" in word:
        first, second = word.split("_")[:2]
        PHRASES[(sound_of(first), sound_of(second))] = concept
        return
    _BY_PLAIN.setdefault(plain_of(word), concept)
    sound = sound_of(word)
    if len(sound) >= _MIN_SOUND:
        known = _BY_SOUND.get(sound, (plain_of(word), concept))
        _BY_SOUND[sound] = known if known is not None and known[1] == concept else None


for _line in _GROUPS.strip().splitlines():
    _head, *_ = _line.split()
    for _word in _line.split():
        _learn(_word, "=" + _head)


_PHRASE_STARTS = frozenset(first for first, _ in PHRASES)


def _by_meanings() -> dict[tuple[str, str], str]:
    """Phrases by what their words mean, so that "gahun ko pitho" is wheat flour as well."""
    found: dict[tuple[str, str], str] = {}
    for line in _GROUPS.strip().splitlines():
        head, *_ = line.split()
        for phrase in line.split():
            first, joined, second = phrase.partition("_")
            meanings = (_BY_PLAIN.get(plain_of(first)), _BY_PLAIN.get(plain_of(second.split("_")[0])))
            if joined and meanings[0] and meanings[1]:
                found.setdefault((meanings[0], meanings[1]), "=" + head)
    return found


_BY_MEANINGS = _by_meanings()


def concept_of(word: str) -> str | None:
    """The shared meaning of a trade word ("=rice"), or None."""
    plain = plain_of(word)
    found = _BY_PLAIN.get(plain)
    if found is not None:
        return found
    heard = _BY_SOUND.get(sound_of(word))
    if heard is None or OSA.normalized_similarity(plain, heard[0]) < _ALIKE:
        return None
    return heard[1]


@lru_cache(maxsize=65_536)
def phrase_concept_of(first: str, second: str) -> str | None:
    """The meaning two words have together ("beaten rice"), or None."""
    sound = sound_of(first)
    found = PHRASES.get((sound, sound_of(second))) if sound in _PHRASE_STARTS else None
    return found or _BY_MEANINGS.get((_BY_PLAIN.get(plain_of(first), ""), _BY_PLAIN.get(plain_of(second), "")))
