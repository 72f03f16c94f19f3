"""Words the shell offers after <TAB>. Fast, and silent when it cannot know: a completion that fails must not disturb the line."""

from __future__ import annotations


def complete_resources(incomplete: str) -> list[str]:
    """Return names of the platform's resources and of the project's services that begin with `incomplete`."""
    from shop_sandbox.errors import SandboxError

    from shop_dev.errors import ShopDevError
    from shop_dev.project import PLATFORM, TASKS, open_project, service_names

    try:
        project = open_project()
        names = (*PLATFORM, *TASKS, *service_names(project.checkout, project.settings.services))
    except (SandboxError, ShopDevError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete)]
