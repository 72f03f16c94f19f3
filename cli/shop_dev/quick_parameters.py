"""Words of the command line taken as they are, where nothing has to be checked.

The library that reads options builds a pydantic validator for each of them, also for those that nobody gave. Loading pydantic takes
longer (0.1 s) than most commands do. Plain words and defaults need none; what has a type or a bound is checked as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typer._coercion import RuntimeParam, build_runtime_param

if TYPE_CHECKING:
    from typer.core import TyperArgument, TyperOption

    Parameter = TyperOption | TyperArgument


class QuickParameters:
    """Mixed into a command or group of typer's: its parameters load a validator only for a value that needs one."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters, `--help` among them."""
        parameters: list[Parameter] = super().get_params(ctx)  # type: ignore[misc]  # the command's that this is mixed into
        for parameter in parameters:
            if not isinstance(parameter._runtime_param, _Quick):
                descriptor = parameter.type_descriptor
                parameter._runtime_param = _Quick(descriptor.parameter_info, descriptor.annotation, parameter)
        return parameters


@dataclass(frozen=True)
class _Quick(RuntimeParam):
    parameter: Parameter

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        if self._is_plain(value):
            return value
        return build_runtime_param(self.parameter.type_descriptor).coerce(value, param, ctx)

    def _is_plain(self, value: Any) -> bool:
        """True for a default, which is no text from the command line, and for text where text is wanted."""
        if isinstance(value, list | tuple):
            return self.annotation == list[str] or not any(type(word) is str for word in value)
        return self.annotation is str or type(value) is not str
