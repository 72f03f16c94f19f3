"""The shared kernel (Evans, Domain-Driven Design, chapter 14): the few words that mean the same in every service's domain.

Plain Python that imports nothing. The only part of the kit that a domain may import.
"""

from shop_kit.shared_kernel.articles import MOST_ARTICLES
from shop_kit.shared_kernel.money import MixedCurrencies, Money, UnknownCurrency
from shop_kit.shared_kernel.revision import NEW, Revision
from shop_kit.shared_kernel.sku import InvalidSku, Sku, is_sku, parse_sku

__all__ = [
    "MOST_ARTICLES",
    "NEW",
    "InvalidSku",
    "MixedCurrencies",
    "Money",
    "Revision",
    "Sku",
    "UnknownCurrency",
    "is_sku",
    "parse_sku",
]
