"""What the seeded shop sells: invented lines of plain household and outdoor goods, in a tree of categories."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

FINISHES: dict[str, tuple[str, ...]] = {
    "colour": ("black", "white", "sand", "moss green", "navy", "rust", "light grey", "terracotta"),
    "size": ("XS", "S", "M", "L", "XL", "XXL", "3XL", "4XL"),
    "length": ("30 cm", "45 cm", "60 cm", "80 cm", "100 cm", "120 cm", "150 cm", "200 cm"),
    "content": ("100 g", "250 g", "500 g", "750 g", "1 kg", "2 kg", "3 x 200 g", "6 x 100 g"),
    "wood": ("oak", "beech", "walnut", "ash", "birch", "pine", "maple", "bamboo"),
}

COLLECTIONS: tuple[str, ...] = tuple(
    f"{first} {second}"
    for first, second in product(
        (
            "Amber", "Autumn", "Blue", "Bright", "Calm", "Clear", "Copper", "Early", "Gentle", "Golden",
            "Green", "High", "Long", "Northern", "Old", "Quiet", "Silver", "Southern", "Wild", "Winter",
        ),
        (
            "Bay", "Brook", "Cove", "Creek", "Field", "Forest", "Harbour", "Hill", "Isle",
            "Lake", "Meadow", "Moor", "Orchard", "Point", "Ridge", "River", "Valley", "Wood",
        ),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Name:
    """A text in the languages that the shop speaks."""

    en: str
    de: str


@dataclass(frozen=True)
class Thing:
    """What a product is, and the category of its like."""

    name: Name
    category: Name


@dataclass(frozen=True)
class Kind:
    """A shelf of the shop: each of `lines` (its brands) makes each of `things` in each collection. Prices are whole euros."""

    prefix: str
    department: Name
    category: Name
    lines: tuple[str, ...]
    things: tuple[Thing, ...]
    finish: str
    cheapest: int
    dearest: int


def _things(*names: tuple[str, str, str, str]) -> tuple[Thing, ...]:
    """One and many of each, in English and in German."""
    return tuple(Thing(Name(one, eines), Name(many, viele)) for one, many, eines, viele in names)


_HOME, _OUTDOOR, _FOOD, _OFFICE = (
    Name("Home", "Wohnen"),
    Name("Outdoor", "Draußen"),
    Name("Food", "Lebensmittel"),
    Name("Office", "Büro"),
)

ASSORTMENT: tuple[Kind, ...] = (
    Kind(
        "KIT",
        _HOME,
        Name("Kitchen", "Küche"),
        ("Hearth", "Everyday", "Harbour"),
        _things(
            ("saucepan", "Saucepans", "Kochtopf", "Kochtöpfe"),
            ("kettle", "Kettles", "Wasserkessel", "Wasserkessel"),
            ("mixing bowl", "Mixing bowls", "Rührschüssel", "Rührschüsseln"),
            ("colander", "Colanders", "Sieb", "Siebe"),
            ("frying pan", "Frying pans", "Bratpfanne", "Bratpfannen"),
            ("casserole", "Casseroles", "Schmortopf", "Schmortöpfe"),
        ),
        "colour",
        12,
        119,
    ),
    Kind(
        "TAB",
        _HOME,
        Name("Tableware", "Geschirr"),
        ("Fjord", "Orchard", "Studio"),
        _things(
            ("dinner plate", "Dinner plates", "Essteller", "Essteller"),
            ("mug", "Mugs", "Becher", "Becher"),
            ("soup bowl", "Soup bowls", "Suppenschale", "Suppenschalen"),
            ("carafe", "Carafes", "Karaffe", "Karaffen"),
            ("serving dish", "Serving dishes", "Servierplatte", "Servierplatten"),
            ("espresso cup", "Espresso cups", "Espressotasse", "Espressotassen"),
        ),
        "colour",
        6,
        48,
    ),
    Kind(
        "LIV",
        _HOME,
        Name("Living", "Möbel"),
        ("Linden", "Quay", "Atelier"),
        _things(
            ("side table", "Side tables", "Beistelltisch", "Beistelltische"),
            ("stool", "Stools", "Hocker", "Hocker"),
            ("shelf", "Shelves", "Regal", "Regale"),
            ("coat rack", "Coat racks", "Garderobe", "Garderoben"),
            ("bench", "Benches", "Sitzbank", "Sitzbänke"),
            ("picture frame", "Picture frames", "Bilderrahmen", "Bilderrahmen"),
        ),
        "wood",
        19,
        349,
    ),
    Kind(
        "TXT",
        _HOME,
        Name("Textiles", "Heimtextilien"),
        ("Meadow", "Loft", "Dune"),
        _things(
            ("bath towel", "Bath towels", "Badetuch", "Badetücher"),
            ("cushion cover", "Cushion covers", "Kissenbezug", "Kissenbezüge"),
            ("throw", "Throws", "Überwurf", "Überwürfe"),
            ("tablecloth", "Tablecloths", "Tischdecke", "Tischdecken"),
            ("bed linen set", "Bed linen", "Bettwäsche", "Bettwäsche"),
        ),
        "colour",
        9,
        89,
    ),
    Kind(
        "LGT",
        _HOME,
        Name("Lighting", "Leuchten"),
        ("Beacon", "Lumen"),
        _things(
            ("desk lamp", "Desk lamps", "Schreibtischlampe", "Schreibtischlampen"),
            ("pendant lamp", "Pendant lamps", "Pendelleuchte", "Pendelleuchten"),
            ("floor lamp", "Floor lamps", "Stehlampe", "Stehlampen"),
            ("wall lamp", "Wall lamps", "Wandlampe", "Wandlampen"),
            ("lantern", "Lanterns", "Laterne", "Laternen"),
        ),
        "colour",
        24,
        229,
    ),
    Kind(
        "OUT",
        _OUTDOOR,
        Name("Hiking", "Wandern"),
        ("Trail", "Summit", "Ridge"),
        _things(
            ("rain jacket", "Rain jackets", "Regenjacke", "Regenjacken"),
            ("fleece", "Fleeces", "Fleecejacke", "Fleecejacken"),
            ("hiking trousers", "Hiking trousers", "Wanderhose", "Wanderhosen"),
            ("base layer", "Base layers", "Funktionshemd", "Funktionshemden"),
            ("down vest", "Down vests", "Daunenweste", "Daunenwesten"),
        ),
        "size",
        29,
        259,
    ),
    Kind(
        "CYC",
        _OUTDOOR,
        Name("Cycling", "Radfahren"),
        ("Commuter", "Gravel"),
        _things(
            ("helmet", "Helmets", "Fahrradhelm", "Fahrradhelme"),
            ("gloves", "Gloves", "Handschuhe", "Handschuhe"),
            ("bib shorts", "Bib shorts", "Trägerhose", "Trägerhosen"),
            ("wind vest", "Wind vests", "Windweste", "Windwesten"),
            ("overshoes", "Overshoes", "Überschuhe", "Überschuhe"),
        ),
        "size",
        15,
        149,
    ),
    Kind(
        "GAR",
        _OUTDOOR,
        Name("Garden", "Garten"),
        ("Orangery", "Potting Shed"),
        _things(
            ("hose extension", "Hose extensions", "Schlauchverlängerung", "Schlauchverlängerungen"),
            ("plant stake", "Plant stakes", "Pflanzstab", "Pflanzstäbe"),
            ("trellis", "Trellises", "Rankgitter", "Rankgitter"),
            ("raised bed edge", "Raised bed edges", "Hochbeetrand", "Hochbeetränder"),
            ("hand cultivator", "Hand cultivators", "Handgrubber", "Handgrubber"),
        ),
        "length",
        5,
        79,
    ),
    Kind(
        "PAN",
        _FOOD,
        Name("Pantry", "Vorrat"),
        ("Mill Lane", "Two Rivers", "Old Town"),
        _things(
            ("coffee beans", "Coffee", "Kaffeebohnen", "Kaffee"),
            ("black tea", "Tea", "Schwarztee", "Tee"),
            ("granola", "Granola", "Knuspermüsli", "Müsli"),
            ("dark chocolate", "Chocolate", "Zartbitterschokolade", "Schokolade"),
            ("sea salt", "Salt", "Meersalz", "Salz"),
            ("honey", "Honey", "Honig", "Honig"),
        ),
        "content",
        3,
        39,
    ),
    Kind(
        "OFF",
        _OFFICE,
        Name("Desk", "Schreibtisch"),
        ("Ledger", "Draft"),
        _things(
            ("notebook", "Notebooks", "Notizbuch", "Notizbücher"),
            ("pen case", "Pen cases", "Stiftetui", "Stiftetuis"),
            ("desk tray", "Desk trays", "Ablage", "Ablagen"),
            ("letter opener", "Letter openers", "Brieföffner", "Brieföffner"),
            ("document box", "Document boxes", "Dokumentenbox", "Dokumentenboxen"),
        ),
        "colour",
        4,
        45,
    ),
)
