"""What the city's shopkeepers write when they order, for the demo's month of history.

Every text names goods of `data/products.csv`, in the ways people really mix their languages: romanised
Nepali (`ne-Latn`), Devanagari (`ne`), English (`en`), and two of them in one breath (`mixed`).
"""

from __future__ import annotations

from msgspec import Struct


class OrderPhrase(Struct, frozen=True, kw_only=True):
    """One order as it would arrive; lines are separated by newlines when the sender made a list."""

    text: str
    lang: str


_ROMANISED_NEPALI = (
    "namaste dai, 5 bora jeera masino 25kg ra 2 carton wai wai chicken pathaidinu",
    "dai 10 kg musuro dal, 5 kg rahar dal ani 20 kg chini pathaunu hola",
    "aayo nun 2 carton ra dhara mustard oil 1l ek carton",
    "bhai bholi bihana samma rara chicken 3 peti chahiyo",
    "parle-g 60g 2 carton, nebico marie 1 carton, krackjack aadha carton",
    "namaskar, gyan sona mansuli 25 kg ko 4 bora",
    "surf excel 500g 10 packet, wheel 1kg 14 packet, diyo sabun 2 darjan",
    "pyaj 30 kg, golbheda 15 kg, lasun 5 kg, aduwa 3 kg",
    "farm anda 7 crate pathaidinus na",
    "tokla gold 250g dui darjan ra muna tea 500g 10 packet",
    "swastik soyabean oil 1 l panch peti, fortune sunflower 1l dui peti",
    "lux rose 2 darjan ra lifebuoy total 100g 3 darjan dinu",
    "coca-cola 250ml 2 carton, sprite 250 ml 1 carton, mountain dew 500ml ek carton",
    "chiura mota 25 kg, bhuja 10 packet, sakhar 12 kg",
    "dabur amla 180ml ek darjan, parachute 100ml dedh darjan",
    "kalo chana 8 kg, kabuli chana 6 kg, sano kerau 10 kg chahiyo hai dai",
    "hulas chakki atta 5kg 6 bora ani gyan maida 1kg 20 packet",
    "colgate 100g 1 darjan, closeup 80g 1 darjan, dant kanti 100g 6 ota",
    "ddc milk 500ml 40 pouch ra ddc dahi 20 pouch bihanai pathaunu",
    "marsi chamal 5kg 4 bora, jumli simi 10 kg, karnali okhar 3 kg",
    "good knight coil 12 packet, mortein coil 12 packet garmi suru bhayo",
    "swastik salai 20 packet ra cycle agarbatti 2 darjan",
    "century besar 100g 20 packet, century khursani 100g 20, jeera geda 2 kg",
    "shakti mota chamal 30kg das bora udharo ma lekhidinu",
    "khajurico 1 carton, kurkure 40g 1 carton, kwiks 15g aadha carton",
    "clinic plus sachet strip 10 ota, sunsilk sachet strip 10 ota",
    "whisper 6 pcs 2 darjan ra stayfree 6 pcs 1 darjan",
    "hajur, vim bar 200g 30 ota, harpic 500ml 6 bottle, kucho 10 ota",
)

_DEVANAGARI = (
    "५ बोरा जीरा मसिनो चामल २५ केजी पठाइदिनुस्",
    "दाइ २० केजी चिनी र १० केजी मुसुरो दाल चाहियो",
    "वाइ वाइ चिकेन ३ कार्टुन, रारा भेज २ कार्टुन",
    "आयो नुन १ केजी ५० प्याकेट पठाउनु होला",
    "धारा तोरीको तेल १ लिटर दुई कार्टुन र ५ लिटर ४ जार",
    "प्याज २५ केजी, गोलभेडा १० केजी, हरियो खुर्सानी २ केजी",
    "नमस्ते, अण्डा क्रेट ५ वटा र डीडीसी दूध ३० पाउच",
    "टोक्ला गोल्ड चिया ५०० ग्राम १० प्याकेट",
    "लाइफब्वाय लेमन साबुन २ दर्जन, लक्स चमेली १ दर्जन",
    "मोटा चिउरा १५ केजी\nकालो चना ५ केजी\nभटमास ५ केजी",
    "हुलास मैदा ५०० ग्राम ३० प्याकेट र हुलास सुजी १ केजी १० प्याकेट",
    "कोकाकोला २.२५ लिटर १ कार्टुन, फ्यान्टा २५० मिलि २ कार्टुन",
    "पार्ले-जी ६० ग्राम १ कार्टुन र नेबिको नरिवल बिस्कुट १ कार्टुन",
    "सर्फ एक्सेल १ केजी १४ प्याकेट, रिन बार १ दर्जन",
    "कर्णाली कापी १०० पेज ६० वटा, नटराज सिसाकलम ५ बक्स",
    "सखर ८ केजी, मिश्री ३ केजी, काजु २ केजी, किसमिस २ केजी",
)

_ENGLISH = (
    "Hello, please send 2 bags Aarati Jeera Masino 20 kg and 10 kg rahar dal",
    "1 carton Wai Wai Veg, 1 carton Current Cheese noodles",
    "NOOD-WAIWAI-CHK-75 x 60\nNOOD-MAGGI-70 x 48",
    "Good morning. 12 bottles Dhara Mustard Oil 1 l, 10 pouches Fortune Sunflower Oil 1 l",
    "Coca-Cola 500 ml 3 cartons, Red Bull 1 carton, Karnali mineral water 1 l 5 cartons",
    "need half carton Oreo and 1 carton Good Day Butter",
    "Pampers Pants Medium 8 pcs - 12 packets\nCerelac Wheat - 6 box",
    "6 Horlicks 500g, 6 Bournvita 500g, 4 Dabur Honey 250g",
    "Please deliver 15 kg onion, 20 kg red potato, 10 kg tomato before 9 am",
    "2 dozen Colgate Zigzag toothbrush and 1 dozen Sensodyne",
    "Philips LED bulb 9W 20 pcs, Eveready D torch battery 2 boxes",
    "Druk tomato ketchup 500g 12, Druk mixed fruit jam 6, Ching's dark soy sauce 6",
    "3 cans Hit cockroach spray, 1 dozen Odomos",
    "DAL-MUSURO: 25\nSUGAR: 50\nSALT-AAYO-1KG: 25",
    "4 jars Center Fresh, 4 jars Pulse candy and 2 jars Alpenliebe lollipop",
)

_MIXED = (
    "hello dai 2 carton rara chicken ani 1 carton coca-cola 250ml please",
    "Good morning, चिनी 25 kg र wheel 500g 30 packet pathaunu",
    "sir ji 5 bags gyan sona mansuli 25kg aur 10 kg chana dal bhej dijiye",
    "order: मुसुरो दाल १५ kg, aayo nun 25 packet, dhara mustard oil 500ml 12",
    "pls send nescafe classic 50g 6 jar, amul butter 100g 10 ota, chito hai",
    "२ carton wai wai chicken, 1 carton current hot and spicy, thank you dai",
    "stock sakiyo! lays classic 1 carton, haldiram aloo bhujia 20 packet, frooti 2 carton",
    "namaste, tomorrow delivery ko lagi 3 bora jeera masino 25kg ra 10 packet masyaura",
    "Dear sir, gahat 5 kg, mung dal dhoeko 5 kg, besan 500g 10 packet chahiyo",
    "lifebuoy handwash 6 bottle, डेटोल साबुन 2 dozen, vaseline 50ml 6 ota",
    "mamypoko large 10 packet, johnson baby soap ek darjan, himalaya wipes 4 packet",
    "surya churot 10 packet, gas lighter 50 pcs, swastik matches 10 packet",
    "ddc ghee 1l 6 jar ani paneer 10 packet for bihe, urgent hai",
)

ORDER_PHRASES: tuple[OrderPhrase, ...] = tuple(
    OrderPhrase(text=text, lang=lang)
    for lang, texts in (
        ("ne-Latn", _ROMANISED_NEPALI),
        ("ne", _DEVANAGARI),
        ("en", _ENGLISH),
        ("mixed", _MIXED),
    )
    for text in texts
)
