# ruff: noqa: E501  (texts of people read best on one line)
"""Who lives in the demo and what they did: plain data.

People are invented. A person is named `user@house`; posts have keys so that answers, thanks and
passing on can point at them.
"""

import msgspec


class Person(msgspec.Struct, frozen=True):
    """Somebody of a house; `about` is the text of their profile."""

    username: str
    name: str
    about: str
    role: str = "member"
    language: str = "de"


class Circle(msgspec.Struct, frozen=True):
    """A group of a house, founded by one of its people."""

    username: str
    name: str
    by: str
    about: str
    rules: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


class House(msgspec.Struct, frozen=True):
    """One organisation; `hue` colours its pages (degrees)."""

    key: str
    name: str
    description: str
    hue: int
    question: str
    rules: tuple[str, ...]
    people: tuple[Person, ...]
    circles: tuple[Circle, ...]
    formal: bool = False


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Something somebody wrote; `{person@house}` in the text becomes their handle."""

    key: str
    by: str
    text: str
    to: str = ""
    audience: str = "public"
    warning: str = ""
    language: str = "de"
    picture: str = ""
    alt: str = ""
    poll: tuple[str, ...] = ()


HOUSES = (
    House(
        "familien",
        "Familiennetz Elbe",
        "Familien aus vielen Ländern, die sich gegenseitig den Rücken stärken.",
        340,
        "Wie hast du von uns gehört?",
        ("Wir hören einander zu.", "Was hier erzählt wird, bleibt hier.", "Kinderfotos nur mit Erlaubnis."),
        (
            Person("amina", "Amina Haddad", "Zwei Kinder, drei Sprachen, viel Tee. Ich begleite die Mentoring-Abende.", "admin"),
            Person("yusuf", "Yusuf Demir", "Papa von Elif. Ich koche gern für viele."),
            Person("oksana", "Оксана Бондар", "Мама двох школярів. Вчу німецьку, навчаю вишивки.", language="uk"),
        ),
        (Circle("mentoring", "Mentoring-Kreis", "amina", "Abende, an denen eine erzählt und alle fragen dürfen. In vielen Sprachen.", ("Was erzählt wird, bleibt hier.",), ("Beruf", "Schule", "Ankommen")),),
    ),
    House(
        "lernwerk",
        "Lernwerk",
        "Kurse von Menschen für Menschen: vor Ort, im Videogespräch oder zum Nachschauen.",
        210,
        "Was möchtest du lernen oder zeigen?",
        ("Fragen sind willkommen, alle.", "Preise und Plätze stehen immer dabei."),
        (
            Person("olena", "Olena Kravets", "Ich unterrichte Nähen und frage mich jede Woche durch neue Stoffe.", "admin"),
            Person("ben", "Ben Okafor", "Bike mechanic. I teach repair courses in English and slow German.", language="en"),
        ),
        (Circle("naehstube", "Nähstube", "olena", "Stoffe, Schnitte und Geduld: was in den Kursen begann, geht hier weiter.", ("Jede Naht zählt.",)),),
    ),
    House(
        "lindenhof",
        "Lindenhof",
        "Vierzig Menschen, drei Generationen, ein Hof. Wir suchen Mitbewohnende und teilen Werkzeug.",
        175,
        "Was bringst du mit, was suchst du?",
        ("Wir duzen uns.", "Wer etwas leiht, bringt es sauber zurück.", "Streit klären wir am Küchentisch."),
        (
            Person("jonas", "Jonas Petersen", "Ich kümmere mich um die Werkstatt und das Schwarze Brett.", "admin"),
            Person("marta", "Marta Lindqvist", "81, Gärtnerin, neugierig. Bitte langsam sprechen, dann lache ich mit."),
            Person("chidi", "Chidi Eze", "Architect, looking after the roof and the rain.", language="en"),
        ),
        (Circle("werkstatt", "Werkstatt", "jonas", "Wer hat welches Werkzeug, und wer weiß, wie es geht?", ("Wer etwas leiht, bringt es sauber zurück.",), ("Holz", "Rad", "Garten")),),
    ),
    House(
        "piloten",
        "Kreativpiloten",
        "Ausgezeichnete kreative Unternehmen, die ihr Wissen teilen.",
        45,
        "Welches Unternehmen vertrittst du?",
        ("Wir empfehlen nur, wovon wir überzeugt sind.", "Vertrauliches bleibt im Kreis."),
        (
            Person("ines", "Inês Duarte", "Filmemacherin, Jahrgang 2021. Ich vernetze Menschen, die sich noch nicht kennen.", "admin"),
            Person("tomasz", "Tomasz Nowak", "Wir bauen Klangräume aus Holz."),
        ),
        (Circle("fehlerabend", "Fehlerabend", "ines", "Was schiefging und was wir daraus gemacht haben.", ("Wir lachen mit, nie über.",)),),
    ),
)  # fmt: skip

FOLLOWS = (
    ("amina@familien", "olena@lernwerk"), ("amina@familien", "jonas@lindenhof"), ("amina@familien", "ines@piloten"),
    ("amina@familien", "yusuf@familien"), ("yusuf@familien", "amina@familien"), ("yusuf@familien", "ben@lernwerk"),
    ("oksana@familien", "olena@lernwerk"), ("oksana@familien", "amina@familien"),
    ("olena@lernwerk", "amina@familien"), ("olena@lernwerk", "marta@lindenhof"), ("olena@lernwerk", "ben@lernwerk"),
    ("ben@lernwerk", "jonas@lindenhof"), ("ben@lernwerk", "olena@lernwerk"),
    ("jonas@lindenhof", "ben@lernwerk"), ("jonas@lindenhof", "amina@familien"), ("jonas@lindenhof", "marta@lindenhof"),
    ("marta@lindenhof", "oksana@familien"), ("marta@lindenhof", "jonas@lindenhof"), ("marta@lindenhof", "tomasz@piloten"),
    ("chidi@lindenhof", "ines@piloten"), ("chidi@lindenhof", "jonas@lindenhof"),
    ("ines@piloten", "chidi@lindenhof"), ("ines@piloten", "tomasz@piloten"), ("ines@piloten", "olena@lernwerk"),
    ("tomasz@piloten", "ines@piloten"), ("tomasz@piloten", "jonas@lindenhof"),
    # Following a group is joining it.
    ("ben@lernwerk", "werkstatt@lindenhof"), ("yusuf@familien", "werkstatt@lindenhof"),
    ("marta@lindenhof", "werkstatt@lindenhof"), ("marta@lindenhof", "naehstube@lernwerk"),
    ("oksana@familien", "naehstube@lernwerk"), ("olena@lernwerk", "mentoring@familien"),
    ("ines@piloten", "mentoring@familien"), ("chidi@lindenhof", "fehlerabend@piloten"),
    ("tomasz@piloten", "fehlerabend@piloten"),
)  # fmt: skip

SAID = (
    Said(
        key="sommerfest",
        by="amina@familien",
        text="Unser **Sommerfest** ist am 12. Juni im Elbpark. Wer bringt etwas zu essen mit? "
        "Kinderbetreuung ist da, und wir haben Menschen, die Arabisch, Türkisch und Ukrainisch sprechen. #Sommerfest",
    ),
    Said(key="kueche", by="yusuf@familien", to="sommerfest", text="Ich mache Linsensuppe für dreißig. Wer hilft schneiden?"),
    Said(
        key="bank", by="jonas@lindenhof", to="sommerfest",
        text="{amina@familien} wir leihen euch gern die Bierbänke, vierzehn Stück. Abholen ab Freitag.",
    ),
    Said(key="dank", by="amina@familien", to="bank", text="{jonas@lindenhof} das rettet uns! Wir bringen sie sauber zurück."),
    Said(
        key="naehkurs",
        by="olena@lernwerk",
        picture="stoff",
        alt="Bunte Stoffbahnen nebeneinander: Rot, Ocker, Grün und Blau.",
        text="Der neue **Nähkurs** beginnt: sechs Abende, acht Plätze, 60 Euro oder was geht. "
        "Maschinen sind da.\n\n- Abend 1: Fäden und Nadeln\n- Abend 2: eine Tasche\n- Abend 3: ein Reißverschluss #Nähen #Kurse",
    ),
    Said(
        key="oksana-frage", by="oksana@familien", to="naehkurs", language="uk",
        text="{olena@lernwerk} чи можна прийти з дитиною? Вона тихо малює.",
    ),
    Said(
        key="olena-antwort", by="olena@lernwerk", to="oksana-frage", language="uk",
        text="{oksana@familien} звичайно! У нас є куток для малювання.",
    ),
    Said(
        key="bike",
        by="ben@lernwerk",
        language="en",
        text="Saturday: how to mend a puncture without swearing. Three hours, twelve places, tools and patience provided. #Repair",
    ),
    Said(key="rad", by="jonas@lindenhof", to="bike", text="{ben@lernwerk} ich bringe fünf Räder und zwei Enkel mit."),
    Said(
        key="termin", by="jonas@lindenhof", poll=("Samstag früh", "Samstag nach dem Essen", "Sonntag"),
        text="Wann passt euch der Werkstatttag im Juni? Werkzeug ist da, Kuchen noch nicht.",
    ),
    Said(
        key="zimmer",
        by="jonas@lindenhof",
        text="Im Frühjahr werden bei uns **zwei Zimmer** frei, eines davon ebenerdig. "
        "Wir wünschen uns Menschen, die gern gemeinsam essen. Besichtigung jeden ersten Sonntag. #Wohnen",
    ),
    Said(
        key="tomaten", by="marta@lindenhof", picture="beet",
        alt="Ein Gemüsebeet mit drei Reihen junger Pflanzen unter blassem Himmel.",
        text="Die Tomaten sind pikiert. Wer Setzlinge möchte, stellt einen Topf vor meine Tür.",
    ),
    Said(key="dach", by="chidi@lindenhof", audience="local", language="en",
         text="House meeting about the roof on Thursday, 7 pm, kitchen. There will be soup and a spreadsheet."),
    Said(
        key="treffen",
        by="ines@piloten",
        text="Das Jahrestreffen steht: drei Tage, sechzig Unternehmen, ein alter Speicher. "
        "Wir suchen noch Menschen, die **über ihre Fehler** sprechen mögen. #Jahrestreffen",
    ),
    Said(
        key="klang", by="tomasz@piloten", to="treffen",
        text="{ines@piloten} ich erzähle von dem Konzertsaal, der eine Oktave zu tief klang.",
    ),
    Said(
        key="verlust", by="yusuf@familien", audience="followers", warning="Abschied",
        text="Meine Großmutter ist gestern gestorben. Ich bin ein paar Tage still. Danke, dass ihr da seid.",
    ),
    Said(
        key="nachricht", by="amina@familien", audience="direct",
        text="{olena@lernwerk} hättest du im Herbst Zeit für einen Mentoring-Abend bei uns?",
    ),
    Said(
        key="hobel", by="ben@lernwerk", language="en",
        text="{werkstatt@lindenhof} does anybody have a hand plane I could borrow for Saturday? A blunt one is fine, I sharpen.",
    ),
    Said(key="hobel-ja", by="jonas@lindenhof", to="hobel", text="{ben@lernwerk} hängt am dritten Haken. Der scharfe liegt in der Schublade."),
    Said(
        key="leiter", by="marta@lindenhof",
        text="{werkstatt@lindenhof} die lange Leiter steht wieder im Schuppen. Danke fürs Ölen der Scharniere!",
    ),
    Said(
        key="rest", by="oksana@familien",
        text="{naehstube@lernwerk} ich habe noch Leinen von der Decke übrig, genug für drei Taschen. Wer mag?",
    ),
    Said(
        key="abend", by="amina@familien",
        text="{mentoring@familien} nächster Abend am Donnerstag: Wie finde ich eine Ausbildung für mein Kind? Tee ist da.",
    ),
)  # fmt: skip

THANKS = (
    ("olena@lernwerk", "sommerfest"), ("jonas@lindenhof", "sommerfest"), ("amina@familien", "bank"),
    ("marta@lindenhof", "naehkurs"), ("oksana@familien", "naehkurs"), ("amina@familien", "zimmer"),
    ("yusuf@familien", "bike"), ("olena@lernwerk", "tomaten"), ("chidi@lindenhof", "treffen"),
)  # fmt: skip

VOTED = (
    ("ben@lernwerk", "termin", 0), ("amina@familien", "termin", 1), ("tomasz@piloten", "termin", 1),
    ("marta@lindenhof", "termin", 1), ("chidi@lindenhof", "termin", 2),
)  # fmt: skip

PASSED_ON = (
    ("amina@familien", "naehkurs"), ("ben@lernwerk", "zimmer"), ("jonas@lindenhof", "bike"), ("chidi@lindenhof", "treffen"),
    ("olena@lernwerk", "sommerfest"),
)  # fmt: skip
