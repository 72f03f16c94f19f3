"""Whether every instance that one schema lets through another lets through too: a proof, a counter-example, or neither.

One side produces instances (the client in requests, the server in responses), the other consumes them. A change is safe where the
producer of one version is contained in the consumer of the other: what clients of the old version send in what the new version
takes, what the new version answers in what clients of the old version expect. Schemas are brought to a normal form, a union of
typed alternatives, and containment is proved on it; where that fails, instances of the producer are tried on the consumer.

Both answers are sound: a proof holds for every instance, a counter-example is one. What is neither proved nor refuted is said so.
"""

from shop_contracts.openapi_diff.containment.parts import Part
from shop_contracts.openapi_diff.containment.verdict import Containment, Verdict

__all__ = ["Containment", "Part", "Verdict"]
