"""How people put things that are no order: a phrasebook by intent, compared with by `likening.py`.

Everyday talk of shopkeepers and wholesalers in Nepali, Hindi and English, written for this file; names of goods are
left out. " | " parts phrases. A phrase that the cues misread is added here; one line is enough.
"""

from .records import Intent

PHRASES: dict[Intent, str] = {
    Intent.GREETING: """
namaskar dai kasto hunuhunchha | hello any body there? | jai nepal | oi dai k cha | नमस्कार हजुर
good mrng sir | arey bhai suno | Helloo 👋 | namaste didi | hello sir good afternoon | k cha sahuji sanchai?
हेलो दाइ | yo | bhaiya ji pranam | anybody online? | shubha sandhya | hajur namaste | hey bro
kasto cha dai business | sir | राम राम सेठ जी | hello hello | dai hunuhunchha? | oii sahuji
hello ji kaise ho | namaste, kasto chha hajur lai | dai hunuhuncha | koi hai | shubha prabhat | hi team
aaram hunuhuncha | नमस्ते दाइ सन्चै हुनुहुन्छ | hello is anyone there | hajur namaskar k cha halkhabar
namaste sahuji, k cha | hello sir how r u | dai namaskar | hey good evening | नमस्ते है
namaste hajur, sabai thik cha? | hi good morning dear | bhai sahab namaskar | हाय दाइ | oho sahuji
""",
    Intent.THANKS: """
tq so much | dherai dherai dhanyabaad hajur lai | saman time mai aayo, thank u | bahut bahut shukriya bhaiya
thanku dai 🙏 | ठूलो गुन लाग्यो | you guys are the best | dhanyabad hai dai | thnx a lot bro
ramro service raicha dhanyawaad | aaj ka delivery fast tha, thank you | सामान राम्रो आयो धन्यवाद
much appreciated | ok thanks | thik cha dhanyabad | bhayo dai dhanyabad | dhanyawaad aapka | thankss
saman pugyo dai, dherai dhanyabad | good work team | love your service | मन पर्‍यो सेवा
dhanyabad hai mitho bolnu bho | aabhari chu | bahut accha kaam kiya thanks | thank you for the quick delivery
good work | hajur ko sewa dherai ramro lagyo | dhanyawad, saman sabai thik raicha | धन्यवाद छ है
you people are great | you saved my day | dhanyabad sir | thank u dai saman aayo | shukriya bhai
thanks for fast service | धन्यवाद दाइ | thank you dai | dhanyabad, saman samayama aayo | bohot shukriya
ekdam ramro sewa, thanks | कोटि कोटि धन्यवाद
""",
    Intent.HELP: """
yo kasari chalaune ho | how do i place order here | kasari order garne ho hajur malai aaudaina
kya kya kar sakte hai isme | malai sikaidinu na yo number ma kasari lekhne | what commands are there
k lekhera pathaune ho saman chahiyo bhane | मलाई बुझाइदिनुस् न कसरी अर्डर गर्ने
madad chahiye, samajh nahi aa raha | malai bujhena kasari garne | how does this work | show menu
k k garna milcha yaha bata | kaise use kare ye | order garne tarika bhannu na | what should i type
naya ho ma, kasari kinne tapai bata | can you explain how to order | hjr mlai yo bot chalauna audaina
yo whatsapp bata order huncha? | can i order in nepali | k k sewa dinuhuncha
meko aata nahi kaise order karu | guide garnus na dai | list of commands pls | options?
yaha ke ke garna sakincha | kasari saman mangaune ho bhanidinus | yo number bata saman magauna milcha?
k k sewa dinuhuncha hajur haru | kasari prayog garne bujhaunu na | malai aaudaina sikaidinu
kaha thichne k lekhne | what can you do for me | iska istemal kaise karein | how to use this number
order kasari halne | naya user ho kasari suru garne | samjhao kaise mangwana hai | tutorial cha?
instructions please | मैले के लेख्नुपर्छ | hindi me likh sakte hai kya | can i write in english
voice message pathauda huncha? | photo pathayera order garna milcha | kun kun suvidha cha yesma
how do i register my shop | saman chaiyo | malai saman chahiyeko thiyo | order garnu thiyo
how to place an order? | malai order garna sikaunus | k k milcha yo number bata | help chahiyo
ye kaise kaam karta hai | मद्दत गर्नुस् | how can i order from you | yo app ma order kasari pathaune
malai help garnus na bujhina | what are the options here | kasari lekhda order huncha
ye bot kaise chalta hai
""",
    Intent.STATUS: """
mero saman kaha pugyo | aaja aaipugcha ki naai mero saman | order gareko 3 din bho, ajhai aako chaina
gadi niskyo? | when will my stuff reach | saman aayena ta dai | kab tak aayega maal
driver kaha samma aipugyo | is it out for delivery | delivery today or tomorrow? | ko k bhayo
mera order nikla ki nahi | pathaunu bhayo mero order? | hijo ko order k bhayo dai | सामान कतिखेर आइपुग्छ
order accept bhayo ki bhayena | any update on my order | where's my order | mero maal aaipugena
order kahile aaucha | has my order been shipped | aja delivery huncha ki hudaina
kati baje samma aaipugcha gadi | mera saman abhi tak nahi aaya | order number status | track order
hijo order gareko saman aayena ni | bhai gaadi kaha tak pahuchi | kitni der lagegi delivery me
mero parcel ko k khabar | अर्डर कहिले आउँछ | order confirm bhayo ho? | dispatch bhayo?
still waiting for my delivery | saman pathaunu bhayo ki nai dai | aaja ko delivery kahile
order ko k khabar cha | maal pohoch gaya kya | ajhai saman aaipugeko chaina | how long will it take
3 ghanta bhaisakyo saman khoi | mero kata pugyo | where is delivery boy | kal ka order kahan hai
order process huncha ki | dai saman bholi bihana samma aaucha hola ni | is my order ready | delivery status
gadi aayo ki nai bazaar | मेरो सामान आज आउँछ कि आउँदैन | order pending nai cha? | kaha ho dai kati kurnu
kaha ho dai kati kurnu parne | aaja pani aaena, kaile pathaune | kurda kurda din gayo | how much longer
when are you sending | eta samma aaipugena | kab bhejoge | abhi tak dispatch nahi hua kya
order lagyo ki lagena | mero order register bhayo? | saman niskisakyo? | delivery wala kaha pugyo hola
pathayau ki nai | is my parcel on the way | mero saman ko halat ke cha | what is happening with my order
kitne baje tak pahuchega | hijo pathauchu bhannubhako aaja samma aaena | order ma kasle ke garyo bujhnu paryo
why is my order pending | vendor le accept garyo? | delivery kina dhilo bhako | अझै सामान आएन
सामान पठाउनुभयो? | गाडी कहाँ पुग्यो | tracking number dinu na | kun din aaucha saman | did you dispatch
order gaya ki nahi | aja pathauchau ki bholi | kati baje aauncha | saman kaile aaipugcha dai
mero aaja ko order kaha pugyo | order status bata do | has vendor accepted my order?
kab tak maal mil jayega | number ko order kata pugyo | delivery kina aaena hijo
bihana ko order ajhai pathaeko chaina? | अर्डर पठाउनुभयो कि छैन | gadi kati bela niskincha
my stuff still not reached, any idea? | mero saman ahile kaha cha | order kahile samma aaipugcha hola
delivery boy niskiyo? | any news about my order? | bhai maal kab niklega | hijo diyeko order ko ke bhayo
saman pack bhayo ki bhayena | अर्डर आइपुगेन त | kaha samma pugyo | kati din lagcha aauna | still no delivery
""",
    Intent.CREDIT: """
kati tirna baki cha mero | mero khatama kati cha | how much do i owe you | udharo kati bhayo
limit kati samma ho mero | mera kitna baaki hai | मेरो हिसाब कति भयो | can i get more credit
udharo dinu hunchha? | last date kaile ho tirne | mero due date kahile ho | hisab hernu paryo
aru udharo milcha ki mildaina | my balance pls | mero baki kati ho | udharo hisab pathaunu
kitna udhar ho gaya mera | how much credit left | mero credit limit badhaidinus | khata herna paryo
what is my due amount | abhi tak ka hisab batao | कति उधारो बाँकी छ | malai aru kati samma udharo pauchu
kaile samma tirnu parne ho mero udharo | outstanding amount please | statement pathaunu na
mera account ka balance kya hai | ma kati le ghati chu tapai sanga | tirna kati baki rahyo | khata dekhau
kati rupaiya baki cha mero | udhaar ki limit kitni hai | do i have any dues | mero udharo sakiyo?
baki rakam kati tirna parcha | can i buy on credit | how many days credit do i get
udharo khata banauna milcha? | kati din samma udharo dinuhuncha | mero naam ma kati cha lekheko
hisaab kitab milau na dai | बाँकी रकम कति छ | limit bada do bhaiya | check my balance
aaja samma ko total baki | mero naam ma kati lekhnu bhako cha | mera kitna likha hua hai
kati udharo diye malai | aru kati saman udharo lina milcha | hisab herera bhannu na | udhari kitni hui ab tak
how much more can i take on credit | credit limit kina ghatyo | baki haru kati jati huncha
aaja samma ko hisab nikalnu | mero udharo ko myad kahile sakincha | is there any pending amount
what do i owe | kunai baki cha mero? | sabai tirisake ki baki nai cha | हिसाब मिलाउनु पर्‍यो
मेरो खातामा कति छ | kitna credit bacha hai | why is my credit blocked | udharo kina banda garnu bhako
thap udharo chahiyo | mahina ko hisab ek choti pathaunu | payment due when | late bhayo bhane byaj lagcha?
interest lagcha udharo ma | kati din bhitra tirnu parcha | account details and balance | ma kati le ghati chu
aile samma kati udharo bhayo | how much outstanding do i have | udhaar kitna baaki hai batana
mero limit kati ho ra kati baki cha | limit sakiyo ki? | उधारो कति दिनको हुन्छ | can you increase my credit
baki kati tirna cha hernus ta | mero udhaaro ko hisab dekhaunus | how much credit do i have left
abhi mera kitna udhaar baaki hai | tirnu parne rakam kati ho | baki kati cha ra kahile tirne
malai hajar samma udharo dinus na | मेरो उधारोको सीमा कति हो | is my credit limit finished
khata ma kati jamma bhayo
""",
    Intent.PAY: """
esewa garideko chu | maile hijo paisa pathaisake | bank account number dinus | paisa kasari tirne
12 hajar deposit gareko voucher yo ho | can i pay by khalti | bholi tirchu hai dai paisa
next week payment garchu | paise bhej diye hai check karlo | QR pathaunu na | cheque lina aaunus
उधारो तिर्न आउँछु भोलि | rs transfer done | payment gariyo hernus ta | parsi samma pura clear gardinchu baki
bhuktani kasari garne | pathaye hai esewa bata | aaja 10 hajar bank ma haliye | esewa number k ho
paid 5k just now | kal paise de dunga | sukrabar tirchu baki paisa | hajur aaja sanjha cash dinchu
phonepay qr cha? | payment done, screenshot pathako chu | मैले खल्तीबाट पठाएँ | online payment huncha?
cash nai linu huncha ki esewa | account number pathaunus paisa halnu paryo
i have deposited 15000 in your account | arko hapta sabai paisa tiridinchu | will pay on sunday
paisa ahile chaina, parsi dinchu | tiren aaja | khalti le pathaidiye check garnu | payment link pathaunu
paisa tirna mildaina aaja, bholi garchu | bank transfer details dinus na | fonepay garda huncha
dai 20 hajar halidiye khata ma hernu | maine paise jama kar diye | aaj shaam ko paisa dunga
i cleared all my dues | money sent | cheque bhayera huncha? | paisa lina kahile aaune | सबै बाँकी चुक्ता गरें
partial payment garda huncha | tirnu parne paisa aaja transfer garidiye | paisa lina aauna milcha?
paisa lina kahile aaunuhuncha | i cleared everything | sabai baki chukta bhayo hai | 20 hajar halidiye hernu
bank ma jamma garidiye hai | online tirna milcha | where to send money | kun number ma paisa pathaune
aaja tirna sakdina, arko hapta dinchu | ali dhilo huncha paisa, parsi samma
thoda time do paise dene ke liye | give me two days i will pay | 2 din ma tirchu hai
half aaja half bholi tirchu | kista ma tirna milcha | paisa pugyo? | did you receive my payment
payment received? | rasid pathaunu na tireko ko | receipt please for payment
maile tireko paisa ghataunu bhayo? | cash bujhaye delivery bhai lai | driver lai paisa diye
पैसा पठाएँ हेर्नुस् | क्यूआर पठाउनुस् | तिर्ने तरिका के छ | check kaat diya hai | upi se bhej sakta hu
esewa garideu? number bhana | money transferred today morning | salary aayepachi tirchu | aaja khalti gare
payment kasari pathaune | maile cash diye hai driver lai | kal subah payment kar dunga
i will pay rs tomorrow | bank account ko detail pathaunus | esewa bata 15000 pathako screenshot hernus
पैसा शुक्रबार दिन्छु | paisa transfer bhayo check gara | maile tirisake | qr code pathaidinus paisa tirchu
paisa bholi bihana dinchu hai | esewa ma pathaidiye | kaise pay karna hai
bank ma 25000 haldiye slip pathau? | can i pay next monday | भोलि तिर्छु | payment ho gaya check kijiye
cash linus aaja
""",
    Intent.CATALOG: """
ko rate kati | chini cha? | chamal ko bhau k cha aaja | do you keep sunflower oil | paincha ki
tel ko daam badhyo? | kun kun biscuit cha tapai sanga | stock ma cha? | price of | kaju kilo ko kati parcha
rakhnu huncha | naya k aayo? | kya rate chal raha hai chini ka | powder hai kya | रेट लिस्ट पठाउनु न
what all items do you have | sasto chamal kun cha | noodles k k cha | ek carton ko kati | ka carton kitne ka
paincha | atta ka rate | chamal kati ho | dudh powder cha hajur? | how much for 1 carton | ka kya rate hai
sabun haru k k cha | any discount on noodles? | aalu pyaj ko bhau bhannu na | is available
ka sabse chota packet kitne ka | कति हो | new products? | mustard oil price | kun kun brand ko tel cha
rakhnu bhako cha? | show me biscuits | list of items | saste me kaun sa sabun hai | anda ko bhau badhyo ki
cup aako cha | kati parcha dai | ko daam | what is the cost of oil | kitne ka | bora ko kati
biskut ma k k aako cha | egg available? | hajur ko ma painchha | aajkal pyaj kasari kilo
dal kun kun cha, rate pani | chiso ke ke cha | tea bag ka dibba kitne me doge | छ? | ghee kati ho litre ko
any new biscuits? | do you sell mobile cards | sabai vanda sasto noodle kun ho | box price
tapai kaha chamal kun brand ko paincha | send catalogue | bhau patra pathau | kati ma dine
kati rate ma dinuhuncha | rate kam garnu na ali | best price dinus | last price kya hai
mol bhau kasto cha aajkal | yo saman cha tapai kaha | stock aayo? | kahile aaucha stock | out of stock ho?
kitna bacha hai stock me | what sizes do you have | arko size cha? | sano packet cha ki | thulo wala cha?
kun brand ramro cha | which one is cheaper | sasto kun parcha | naya saman aayeko list | k k paincha
aapke paas kya kya milta hai | sab saman ka daam batao | मूल्य सूची | यो कति पर्छ | तपाईंकहाँ के के पाइन्छ
carton ko kati parcha, piece ko kati | wholesale rate dinus | scheme kehi cha? | kunai offer chaldai cha
photo pathaunu na saman ko | expiry kati samma ko cha | minimum kati linu parcha | mrp kati ho
mustard oil 1 litre kati ma painchha | sugar price today | aata ko naya rate kya hai
tapai sanga baby diaper cha? | do you have green tea | chamal ko bhau k chaldai cha
biscuit ko list pathaunu | वाइवाइको कार्टुन कति हो | kun noodles ma offer cha | label hai kya aapke paas
sunflower oil ko bhau kati cha ahile | do you sell baby diapers | kun kun chau chau cha | rice price please
hai aapke paas? | harpic kati ma dinuhuncha | चामलको भाउ के छ | nayaa biscuit k k aayo
pepsi 2.25 l stock ma cha? | sabai bhanda sasto sabun kun ho | kya kya maal hai list bhejo
""",
    Intent.RECENT_ORDERS: """
mero purano order haru dekhau | what did i order last week | show previous orders
asti k k mangaeko thiye maile | pichla order kya tha mera | यो हप्ता के के अर्डर गरें | order list
hijo k order gareko thiye | mero order ko list dekhaunus | my last 5 orders | pahila ko order haru hernu cha
purane orders dikhao | maile yo mahina kun kun order gare | अस्तिको अर्डर देखाउनुस् | order history please
agillo order ma k k thiyo | what all did i order yesterday | mero aghi ko order k thiyo
previous order details | last 3 order dekhaideu | kal maine kya kya mangaya tha
मैले अघिल्लो पटक के मगाएको थिएँ | order haru ko list | aghillo patak k k lageko thiye
pahila ke mangaye maile herna paryo | show me my old orders | previous bills dekhaunu
mera pichla bill dikhao | hijo asti ko order haru | orders of this week | कति अर्डर गरें मैले देखाउनुस्
purano order ko record | what was in my last order | hijo ko saman ko bill pathaunu | bill chahiyo
bill dekhaunu na | purano bill haru | show last week orders | mero hijo ko order ma k k thiyo
pichle mahine ke order dikhao | पुराना अर्डर हेर्न पाउँ | mero pahilo order haru dekhaunus na
last month ko order list | pichli baar kya order kiya tha maine | अघिल्लो हप्ताको अर्डर के थियो
show order history
""",
    Intent.INSIGHTS: """
yo mahina kati ko saman liye maile | how much did i spend this month | sabai bhanda badhi k bikcha mero
mero monthly report | kati kharcha bhayo yo hapta | which item do i buy the most
is mahine kitna ka maal liya | यो महिना जम्मा कति किनें | mero kharcha report | kun saman dherai linchu ma
my top items | is saal ka hisab kitna maal kharida | total purchase this month
kati saman kine yo mahina maile | what sells most in my shop | weekly summary | मैले सबैभन्दा बढी के किन्छु
kati ko business bhayo yo mahina | monthly kharcha kati | compare my purchases with last month
sabse zyada kya kharidta hu | mero order ko analysis | yo barsa jamma kati ko order gare | top selling
how many orders did i place this month | kun kun saman badhi order hunchha mero | yo mahina kati byapar bhayo
compare this month and last month | kun saman sabai bhanda bikyo | mero pasal ko report | spending summary
kitna kharcha hua is hafte | average order kati ko huncha mero | यो महिनाको खर्च
mero dherai kinne saman kun kun ho | total kati ko maal uthaye yo saal
business kasto chaliracha mero data hera | yo hapta kati kharcha gare | what is my most ordered product
meri monthly report bhejo | kati carton noodles kine yo mahina | yo mahina jamma kati ko saman line bhaye
which products do i order most | mera is hafte ka kharcha batao | monthly report pathaunus
""",
    Intent.SUPPORT: """
biscuit sabai tukra tukra cha | galat saman aayo | manche sanga kura garnu paryo | tel chuhieko raicha
i want to complain | 2 ota packet kam aayo | expire bhako maal pathaunu bhayo | yo ta maile mageko haina
phone gara na malai | wapas lelo ye maal | bill ma badi paisa jodeko cha | your delivery boy was very rude
call me back urgent | चिनी भिजेको आयो | saman firta garnu cha | customer care number
price bill ma farak paryo | dherai dhilo bho, malai manparena timro service | i got wrong items
galat item bhejdiya | chamal ma kira paryo | manager sanga kura garna paryo | ko bottle khali nikliyo
saman sabai pani le bhijeko | bill galat cha | maal kharab nikla | delivery garne manche le jhagada garyo
5 carton bhaneko 3 carton matra pathauna bhako | this product is expired, take it back
mero paisa katiyo tara order bhaena | kasailai phone garna lagau na | dudh fateko aayo
sabun ko packet chyatieko thiyo | refund kab milega | अन्डा सबै फुटेको आयो
very bad quality rice sent last time | ek box kam cha | malai sahayog garne manche chahiyo kura garna
bottle leak cha 2 ota | mailai arkai company ko pathaunu bhayo | packet ma dulo paryo
i want to talk to someone | return karna hai ye saman | noodles expire date nai chaina
kam tauleko raicha chini | help me wrong delivery | bill ma bhandarai thulo rakam aayo
dai ko number dinu na kura garnu paryo | phone uthaunu hunna kina | ye item maine nahi mangwaya
saman lagera janus firta | चामलमा ढुंगा धेरै छ | tel ko tin pitchiyeko cha | staff ko byabahar thik lagena
order ma 1 item aaena | why was my order rejected | mero khata ma galat paisa lekhiyo
biscuits are all crushed | kina reject garnu bhako mero order | kati choti phone garda pani uthaunu hunna
saman ma kami cha | order ko ek thok aaena | euta item chutecha | pura saman aaena adha matra
do not call me again | is anyone going to reply | kasto khalko saman pathako yo | yesto saman bechne ho?
it's leaking everywhere | customer le complain garyo | maal badalna hai | satta garidinu paryo
nakali saman raicha | rate fark cha bill ma | malai dherai paisa liyo | charged me more than the price
i was overcharged | chori bhayo saman | delivery boy le dherai paisa magyo | manager ko number dinus
insan se baat karni hai | real person sanga kura garau | मान्छेसँग कुरा गर्नु छ | फोन गर्नुस् न
सामान बिग्रिएको आयो | गुनासो छ | khulai aayo packet | vandako bhanda kam aayo
address galat cha mero milaidinu | app chaldaina problem aayo | mero number change garnu paryo
mero pasal ko thau pariwartan bhayo | mero naam galat lekheko cha milaidinu
pasal sareko naya thau ma pathaunu parcha | chini ko bora chyatiyeko aayo | wrong flavour aayo noodles ko
3 packet biscuit kam aayo | bhai kisi se baat karao | oil leak bhayera aayo, firta garnu paryo
expire maal pathaidiyecha | call gara na urgent | बिलमा हिसाब मिलेन
delivery manche le ramro byabahar garena | the eggs came broken again | pathako tel ko botal futeko raicha
maile mageko bhanda arkai saman aayo | expiry sakeko biscuit aayo | kisi aadmi se baat karni hai
2 packet noodle kam cha bill ma chai 10 cha | i have a complaint about delivery
khaane tel ma pani misayeko jasto cha | saman fark paryo satidinu | please call me i have problem
चिनी कम तौलको आयो
""",
    Intent.CANCEL: """
cancel garidinu | nachahine bhayo dai | mat bhejna | hoina hoina nagarnu | no leave it
mero order rad gardinu hai | cancel | pardaina aba | chaina chaina rakhdinus | bhayo chodidinus
do not send anything | रद्द गर्नुस् | aile hoina pachi garumla | order cancel garnus | cancel it
mero man badliyo, chaidaina | rehne do bhaiya | aahile napathaunu | sabai hatai dinus | no thanks
chodnus yo order | order mat karo | nagarne | अहिले चाहिएन | galti le bhayo yo order, hatai dinu
cancel my last order | cancel gardinu hai | order radda garnus | chaidaina yo order
not now, will order later | order hatau | cancel cancel | mujhe nahi chahiye abhi | paisa chaina aile nagarum
scrap this order please | arko pasal bata kine, napathaunu | नचाहिने भयो रद्द गर्नु | haina cancel gara
thats all wrong, forget it | la pardaina | order nachahine bhayo | mera kal wala order cancel karo
aahile nachahine bhayo, pachi bhanchu | will take later, not now | let me think first | sochera bhanchu
ahile paisa chaina nalekhnu | order nagarnu hai | arko bata line bhaye | got it from another shop, not needed
band karo ye order | order wapas lelo | yo order hatau na | discard | drop the order | galti le order bhayo
ordered by mistake | अहिले नपठाउनुस् | पर्दैन | stop | nai cancel garidinus | rehne do abhi nahi chahiye
no dont send | chaina hola aaja, pachi | अर्डर नगर्नुस् | mero order cancel | nagarnu hola order
please cancel | aaja lai chahidaina | cancel kar dijiye bhaiya | order nachahine bhayo hai dai
रद्द गरिदिनुस् न
""",
    Intent.CONFIRM: """
hunx | la la pathaunu | ok done | hajur hunchha | thik cha pathaidinus na | haan bhai bhej do | yes go ahead
sahi hai | ekdam thik cha | pakka | हुन्छ पठाउनुस् | pls confirm my order | ok book it | hudaixa
that's right, place it | milyo | yes | confirm garnus | hunchha hunchha | order gardinu | ji bhej dijiye
sabai milyo pathaunu | okay send | la hunchha dai | theek hai kar do | ठिक छ | yep all good | ho pathaidinu
done ✅ | thats correct | order pakka garnus | hajur pathaidinus | ok confirm | yes please send
huncha pakka gardinu | haan | लौ हुन्छ | sab theek hai | i confirm | ho tehi ho | sure go ahead dai | chalcha
order final | hunchha chito pathaunu | ekdum sahi cha | hunchha ni | lau pathau | lu thik cha
chalcha pathaidinu | perfect, send | kar dijiye | order pass garnu | garnu na ta | all correct | bilkul sahi
haan sab theek hai bhejo | हो ठीक छ पठाउनु | ok final garnus | pathau pathau | ho ho | approved | ho pathaunu
ok sir confirm | हुन्छ गर्नुस् | theek hai bhejo | thikai cha dai pathau | yes place order | la done
hunchha garnus | ekdam thik confirm garnus | yes confirm it | haan ji bhej dijiye | हुन्छ हुन्छ
ok good, send | pathaideu na ta
""",
    Intent.REPEAT: """
asti kai pathaunu | same order again pls | hijo jasto nai | feri tyahi pathaidinu | wahi purana order bhej do
last time ko order dohoryaunu | पहिलेकै जस्तो पठाउनुस् | repeat | usual order please
aghillo patak ko jastai | pahila ko jati nai | order same as before | jo pichli baar bheja tha wahi bhejna
pheri uhi order | last order repeat garnus | asti pathako jasto pathaunu | send the same thing again
hamesha wala bhej do | अस्तिकै सामान फेरि पठाउनुस् | sadhai ko jasto pathaidinu | pichli baar wala order
reorder please | tyo din ko jasto nai order garnu | asti ko list pathaunu | same as yesterday
repeat last one | feri asti ko jati nai dinu | pehle jaisa hi | tyahi order aaja pani
pichhle hafte wala maal fir se bhejo | अघिल्लो अर्डर दोहोर्‍याउनुस् | usual | once again same items
feri tei | jasto asti pathako thiyo testai | tehi list ko saman | ek baar phir wahi | same old order
again the same please | last week ko jasto | purano jasto nai garidinu | फेरि त्यही | हिजोकै जस्तो
duplicate my previous order | last time jasto nai | hijo ko order feri | same order phir se
अस्तिको जस्तै पठाउनु | pichla order dobara bhejo | asti jasto nai pathaunu | same order again
pahila ko order dohoryaunus | wahi maal dobara bhejna | जस्तो हिजो थियो त्यस्तै
""",
    Intent.OTHER: """
k garnu bhako dai | aaja mausam kharab cha | happy new year sabailai | yo kasko number ho | bihe ma aunu hai
asdfghjkl | malai jagir chahiyo | who won the match yesterday | bato banda cha re aaja | muji sala
टिकट काट्नु पर्यो काठमाडौंको | ok bye | aaja chutti ho? | tapaiko ghar kaha ho | khana khanu bhayo? | hahaha
loan chahiye kya | congratulations you won click link | jane bus kati baje cha | bhai ma add gara na
wrong number sorry | timi lai maya garchu | dashain ko subhakamana | barsha le bato bigryo | kukur
khana khayau? | match kasle jityo | bhai shaadi me aana | tero bau | please share this with 10 people
mero sathi lai job chahiyo | bijuli gayo | aaj bahut thand hai | lau na ta | sorry sorry galti le aayo
k cha naya khabar desh ko | good night | kina yesto | desh ko khabar k cha | hehe | dai biha kahile
aja k khane | aaj bahut thand hai yaar | kasto jhari pareko | bholi janchu ma | chora lai bokhar ayo
school ko fees tirna cha | malai ghar bhada chahiyo | land bikri ma cha | bike bechne cha kasailai chahiye
click this link to win | subscribe my channel | good luck for exam | happy birthday | janmadin ko subhakamana
mubarak ho | dashain kahile bata ho | vote kasle jitcha | sarkar le kar badhayo | mahangi badhyo dai
sab cheez mehnga ho gaya | byapar sukeko cha | customer nai chaina aajkal | k garne bhag ho
tapai bahun ho ki chhetri | are you married | ok ok hunda garcha | hmm | aha | test | testing 123
ignore this | galti le message gayo | sorry wrong chat | mummy ghar aauna bhannus | bhai recharge gardena
ko pack | forward to all groups | तिमी को हौ | आज पानी पर्‍यो | भोलि बन्द छ रे | chup lag | murkha
pagal ho kya | gadha | idiot | fuck you | address ta thaha cha ni | aru k chahiyo bhane bhanchu
pachi bhanchu hai | kun ramro huncha | tapai nai bhannus | kina | mahango bhayo ni kam garnu
bhai aaj match hai na | khana khayo? | लु भेटौंला | send this to 10 friends and get luck | garmi ati bhayo
yo kasko number pareko | kharcha dinu na dai 500 | dai khana khanu bho | aaja ta garmi dherai cha
maile bike bechna lageko lina hunchha? | shubha vivah | message galat thau ma gayo
youtube ma video hernu na
""",
    Intent.ACCEPT: """
hunchha pathauchu | accept | linchu | thik cha aaja pathaidinchu | ok | confirm, le lenge | order liye
huncha ma pathaidinchu | theek hai bhej dunga | manjur | huncha linchu | ठिक छ पठाउँछु | yes will deliver
ok accept | ho garchu | aaja nai pathaidinchu | order paye, pathauchu | i will send it | ho jayega
le liya order | हुन्छ पठाउँछु | noted, will deliver | hunchha lincha | accept gare | ok bhej denge
order accept garchu | ok pathaidinchhu | theek hai le lunga
""",
    Intent.DECLINE: """
sakdina aaja | maal chaina yo order ko | reject no stock | nahi de payenge abhi | mildaina gadi bigreko cha
sorry cannot do this one | aaja sakdina hola | stock sakiyo ko | nahi hoga | maile dina sakdina yo saman
cant do | maal sakkyo dai | hunna | आज सकिन्न | aaj possible nahi | rejected | bato banda cha, sakdina
ahile pathauna sakdina | nahi ho payega aaj | gadi chaina aaja | out of stock | saman sakyo
yo order lina mildaina | please give to another vendor | arko lai dinus | staff chaina aaja | सकिदैन
sakdina stock chaina | aaja hudaina dai | reject this | mero ma chaina | sorry cant accept today
अहिले सक्दिन
""",
    Intent.MY_ORDERS: """
mero order haru | aaja kati order cha | kun kun order pathauna baki cha | new orders? | pending list dinu
mera pending order dikhao | aaja kun kun pasal ma dine ho | naya order cha? | orders | list of orders
kati ota order baki cha | show orders | aaj ke orders | mero order dekhau | aaja ko order haru
any new order | k k pathauna baki cha | kitne order pending hai | aaja kun pasal ma pathaune | नयाँ अर्डर छ?
aaja ko order haru dekhau | mere naye order | mero naya order haru | how many pending orders
""",
    Intent.PACKED: """
pack gari sake | ready cha | saman milaera rakheko cha | packing done for | pack bhayo | saman tayar cha
sab pack kar diya | pack vayo | ready for pickup | सामान प्याक भयो | packing sakiyo | pack gardiye
saman bandheko cha | bora ma halera rakheko | tayar hai maal | प्याक गरिसकेँ | packing bhayo | pack ho gaya
ready bhayo | saman pack gareko cha
""",
    Intent.DISPATCHED: """
gadi ma haalisakyo | pathai sakiyo | nikal diya maal | on the way | saman hideko cha | pathaiyo
gaadi niklyo | maal bhej diya hai | order is on its way | left | driver lai diye saman | gadi ma load bhayo
पठाइसकेँ | driver lai saman diye | bus ma halidiye | saman gayo | gaadi gai sakyo | left from godown
nikalyo | bhej diya gaadi se | पठाइदिएँ | gadi ma haliyo | saman pathaye | pathaideko chu | truck niskiyo
""",
    Intent.DELIVERED: """
puryayo | delivery bhaisakyo | saman diera aaiyo | de diya maal ka | pugyo | delivered
pasal ma saman pugaidiye | de diya saman | customer le bujhyo | pugaisakyo | delivered all
pasal wala lai bujhaye | सामान पुर्‍याइयो | pasal ma diyera aaye | sabai saman bujhaidiye | pahucha diya
customer got it | diisake | handed over to shop | delivery garidiye | सामान दिइसकें | pugyo dai
delivery complete | saman pasal ma puryaye | diye saman | delivery sakiyo sabai
""",
}
