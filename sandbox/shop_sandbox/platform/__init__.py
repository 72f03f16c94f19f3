"""What differs between operating systems, behind one seam: `here` is the implementation for this machine."""

from __future__ import annotations

import sys

from shop_sandbox.platform.seam import Platform, PortHolder

if sys.platform == "darwin":
    from shop_sandbox.platform.macos import MacOS

    here: Platform = MacOS()
else:
    from shop_sandbox.platform.linux import Linux

    here = Linux()

__all__ = ["Platform", "PortHolder", "here"]
