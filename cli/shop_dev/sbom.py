"""What the images of services are made of, as CycloneDX: from the lock that they are installed from.

The same lock gives the same document: it holds no time, and its serial number is made of what it lists.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.markers import Marker

_TAKEN_OUT = frozenset({"setuptools"})
"""What is installed and taken out again: see infra/images/slim.py."""
LOCK, FILE = "infra/images/requirements.lock", "infra/images/sbom.cdx.json"
_PINNED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+))?", re.MULTILINE)
_INSTALLED_ON = {
    "python_version": "3.11",
    "python_full_version": "3.11.9",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "sys_platform": "linux",
}
"""The image's Python, for the lock's markers."""


def sbom(checkout: Path) -> str:
    """Return the document for a checkout's lock of images."""
    components = list(_components((checkout / LOCK).read_text(encoding="utf-8")))
    bom = Bom(components=components, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, " ".join(str(one.purl) for one in components)))
    bom.metadata.component = Component(name="shop", type=ComponentType.CONTAINER, bom_ref="shop")
    bom.register_dependency(bom.metadata.component, components)
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]["timestamp"]
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _components(lock: str) -> Iterator[Component]:
    for found in _PINNED.finditer(lock):
        if found["name"] in _TAKEN_OUT:
            continue
        if found["marker"] is None or Marker(found["marker"]).evaluate(_INSTALLED_ON):
            purl = PackageURL("pypi", None, found["name"], found["version"])
            yield Component(name=found["name"], version=found["version"], purl=purl, bom_ref=str(purl))
