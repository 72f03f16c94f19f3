"""What the seeded shop sells: invented lines of plain household and outdoor goods."""

from __future__ import annotations

from dataclasses import dataclass

FINISHES: dict[str, tuple[str, ...]] = {
    "colour": ("black", "white", "sand", "moss green", "navy", "rust", "light grey", "terracotta"),
    "size": ("S", "M", "L", "XL", "S, recycled", "M, recycled", "L, recycled", "XL, recycled"),
    "length": ("30 cm", "45 cm", "60 cm", "80 cm", "100 cm", "120 cm", "150 cm", "200 cm"),
    "content": ("100 g", "250 g", "500 g", "750 g", "1 kg", "2 kg", "3 x 200 g", "6 x 100 g"),
    "wood": ("oak", "beech", "walnut", "ash", "birch", "pine", "maple", "bamboo"),
}


@dataclass(frozen=True)
class Kind:
    """A shelf of the shop: each of `lines` comes as each of `nouns` in each of its finishes. Prices are whole euros."""

    prefix: str
    lines: tuple[str, ...]
    nouns: tuple[str, ...]
    finish: str
    cheapest: int
    dearest: int


ASSORTMENT: tuple[Kind, ...] = (
    Kind(
        "KIT",
        ("Hearth", "Everyday", "Harbour"),
        ("saucepan", "kettle", "mixing bowl", "colander", "frying pan", "casserole"),
        "colour",
        12,
        119,
    ),
    Kind(
        "TAB",
        ("Fjord", "Orchard", "Studio"),
        ("dinner plate", "mug", "soup bowl", "carafe", "serving dish", "espresso cup"),
        "colour",
        6,
        48,
    ),
    Kind(
        "LIV",
        ("Linden", "Quay", "Atelier"),
        ("side table", "stool", "shelf", "coat rack", "bench", "picture frame"),
        "wood",
        19,
        349,
    ),
    Kind(
        "TXT", ("Meadow", "Loft", "Dune"), ("bath towel", "cushion cover", "throw", "tablecloth", "bed linen set"), "colour", 9, 89
    ),
    Kind("LGT", ("Beacon", "Lumen"), ("desk lamp", "pendant lamp", "floor lamp", "wall lamp", "lantern"), "colour", 24, 229),
    Kind(
        "OUT",
        ("Trail", "Summit", "Ridge"),
        ("rain jacket", "fleece", "hiking trousers", "base layer", "down vest"),
        "size",
        29,
        259,
    ),
    Kind("CYC", ("Commuter", "Gravel"), ("helmet", "gloves", "bib shorts", "wind vest", "overshoes"), "size", 15, 149),
    Kind(
        "GAR",
        ("Orangery", "Potting Shed"),
        ("hose extension", "plant stake", "trellis", "raised bed edge", "hand cultivator"),
        "length",
        5,
        79,
    ),
    Kind(
        "PAN",
        ("Mill Lane", "Two Rivers", "Old Town"),
        ("coffee beans", "black tea", "granola", "dark chocolate", "sea salt", "honey"),
        "content",
        3,
        39,
    ),
    Kind("OFF", ("Ledger", "Draft"), ("notebook", "pen case", "desk tray", "letter opener", "document box"), "colour", 4, 45),
)
