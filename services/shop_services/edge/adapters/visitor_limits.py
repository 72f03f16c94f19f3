"""How often visitors may ask, as whoever runs the shop sets it while it runs: a parameter of Systems Manager."""

from __future__ import annotations

from typing import Annotated

import msgspec
from shop_kit.rate_limits import RateLimit

from shop_services.edge.adapters.gate import Limits


class VisitorLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """At most `burst` requests at once, and `per_second` on average."""

    per_second: Annotated[float, msgspec.Meta(gt=0)]
    burst: Annotated[int, msgspec.Meta(ge=1)]

    def as_rate(self) -> RateLimit:
        """Return it as the kit counts it."""
        return RateLimit(self.per_second, self.burst)


class VisitorLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of one customer, and of all visitors without a token from one address: a whole company may stand behind it."""

    customer: VisitorLimit = VisitorLimit(50, 100)
    address: VisitorLimit = VisitorLimit(500, 1000)

    def limits(self, *, trusted_proxies: int) -> Limits:
        """Return them as the gate holds visitors to them."""
        return Limits(self.customer.as_rate(), self.address.as_rate(), trusted_proxies)
