"""What the catalog answers when it cannot do what it was asked: each refusal as a problem, and conditions from headers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shop_kit.errors import Refused
from shop_kit.http import Problem
from shop_kit.http.etags import changed_meanwhile, seen_version
from starlette.requests import Request

from shop_services.catalog.adapters.bodies import field_faults
from shop_services.catalog.application.editing import Condition, ProductUnknown, anything
from shop_services.catalog.application.ports import NotUploaded
from shop_services.catalog.application.sorting import CategoryUnknown
from shop_services.catalog.domain.categories import CategoryInUse
from shop_services.catalog.domain.faults import NotAccepted
from shop_services.catalog.domain.media import PictureRefused


@contextmanager
def answered() -> Iterator[None]:
    """Turn what the use cases raise into problems. Raises Problem, Refused."""
    try:
        yield
    except NotAccepted as refused:
        faults = field_faults(refused.faults)
        raise Refused("It cannot stand in the catalog so", kind="not-accepted", detail=str(refused), faults=faults) from refused
    except ProductUnknown as unknown:
        raise no_such_product(unknown.product_id) from unknown
    except CategoryUnknown as unknown:
        raise no_such_category(unknown.category_id) from unknown
    except CategoryInUse as used:
        raise Problem(409, "The category is in use", kind="category-in-use", detail=f"{used}.") from used
    except NotUploaded as missing:
        raise Problem(
            409,
            "Nothing was uploaded",
            kind="not-uploaded",
            detail=f"Put the picture {missing} to the URL that its upload gave, then attach it.",
        ) from missing
    except PictureRefused as refused:
        raise Refused("This is no picture that the shop takes", kind="picture-refused", detail=f"{refused}.") from refused


def no_such_product(product_id: str) -> Problem:
    """Return the answer to who asks for a product that is not there, or not to be seen."""
    return Problem(404, "There is no such product", kind="product-not-found", detail=f"id {product_id[:100]}")


def no_such_category(category_id: str) -> Problem:
    """Return the answer to who asks for a category that is not there."""
    return Problem(404, "There is no such category", kind="category-not-found", detail=f"id {category_id[:100]}")


def no_such_picture(media_id: str) -> Problem:
    """Return the answer to who asks for a picture that is not there."""
    return Problem(404, "There is no such picture", kind="picture-not-found", detail=f"id {media_id[:100]}")


def condition_of(request: Request) -> tuple[int, Condition]:
    """Return the version that whoever writes has seen (0: none), and the condition that it still is so. Raises Problem."""
    seen = seen_version(request)

    def unchanged(version: int | None) -> None:
        if (version or 0) != seen:
            raise changed_meanwhile(version)

    return seen, unchanged


def optional_condition_of(request: Request) -> Condition:
    """Return the condition that a request names, if any, for what may be asked of any version. Raises Problem 400, 412."""
    return condition_of(request)[1] if "if-match" in request.headers else anything
