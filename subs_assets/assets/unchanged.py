"""What an asset would make exactly as it was made last night is taken from there; what is noted for that, and where, is
in made_from.py."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetIn,
    AssetMaterialization,
    ConfigurableResource,
    MaterializeResult,
    MetadataValue,
    Output,
    deserialize_value,
    serialize_value,
)

from subs_assets.assets.metadata import WARNINGS
from subs_assets.made_from import AssetPath, Made, Outputs, key_of
from subs_assets.resources import WarehouseResource

Result = Output[Any] | MaterializeResult[Any]


def taken_if_unchanged(function: Callable[..., Any]) -> Callable[..., Iterator[Result]]:
    """An asset's function, which is not called where the last published run made the same from the same.

    The same is: the program, the content of the inputs (of those columns that ``only`` names), and the ``version`` of
    every resource that the function takes. It must look at nothing else, so a resource without a version is refused
    (TypeError). Where anything of that is unknown, as for an input that this run did not stage, it is called.
    """
    parameters = dict(inspect.signature(function).parameters)
    takes_context = parameters.pop("context", None) is not None
    resources = [name for name, parameter in parameters.items() if _is_resource(parameter.annotation)]
    for name in resources:
        if not hasattr(parameters[name].annotation, "version"):
            raise TypeError(
                f"{function.__name__} takes the resource {name}, which has no version: nobody could tell whether what "
                "it gives has changed since last night"
            )

    @wraps(function)
    def step(context: AssetExecutionContext, warehouse: WarehouseResource, **given: Any) -> Iterator[Result]:
        outputs = warehouse.outputs
        keys = context.assets_def.keys_by_output_name
        assets = {name: keys[name].path for name in context.op_execution_context.selected_output_names}

        def decided_by() -> dict[str, object] | None:
            return _made_from(context, outputs, {name: given[name].version for name in resources})

        made_from = decided_by()
        unchanged = made_from and _unchanged(outputs, list(assets.values()), made_from)
        for asset in assets.values():
            outputs.forget(asset)
        if unchanged:
            context.log.debug(f"nothing has changed since run {unchanged[0][1].run_id}: what it made is taken")
            for asset, made in unchanged:
                outputs.take(asset, made)
                shown = _said(made, outputs.rows(asset))
                if WARNINGS in shown:
                    context.log.warning(shown[WARNINGS].value)
                yield MaterializeResult(asset_key=asset, metadata=shown)
            return
        found = function(context, **given) if takes_context else function(**given)
        for one in found if inspect.isgenerator(found) else [found]:
            result = one if isinstance(one, Output | MaterializeResult) else Output(one)
            yield result  # and is staged before this goes on
            asset = assets[result.output_name] if isinstance(result, Output) else next(iter(assets.values()))
            said = AssetMaterialization(asset, metadata=result.metadata)
            # A decision may have come while it went on: then nobody knows which of the two it was made from.
            key = key_of(asset, made_from) if made_from is not None and made_from == decided_by() else None
            outputs.note(asset, key, serialize_value(said))

    # Dagster hands over what the signature names: the function's own parameters, and these two.
    own = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)
        for name, annotation in (("context", AssetExecutionContext), ("warehouse", WarehouseResource))
    ]
    step.__signature__ = inspect.Signature([*own, *parameters.values()])  # type: ignore[attr-defined]
    return step


def only(**columns: Sequence[str]) -> dict[str, AssetIn]:
    """``ins`` of an asset that needs but these columns of a table: it is given no others, and what changes in others
    does not concern it."""
    return {name: AssetIn(metadata={"columns": list(names)}) for name, names in columns.items()}


def _is_resource(annotation: object) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, ConfigurableResource)


def _made_from(
    context: AssetExecutionContext, outputs: Outputs, versions: Mapping[str, str]
) -> dict[str, object] | None:
    """Everything that decides what the step makes; None where something of it is not known."""
    inputs = {}
    for name, key in context.assets_def.keys_by_input_name.items():
        made = outputs.made(key.path)
        if made is None:
            return None
        columns = (context.op_def.input_def_named(name).metadata or {}).get("columns", made.digests)
        inputs[name] = {column: made.digests[column] for column in columns}
    return {"inputs": inputs, "versions": dict(versions)}


def _unchanged(
    outputs: Outputs, assets: Sequence[AssetPath], made_from: Mapping[str, object]
) -> list[tuple[AssetPath, Made]]:
    """All of the assets, with what is noted of them; none where one of them is not there or is another."""
    found = [(asset, outputs.unchanged(asset, key_of(asset, made_from))) for asset in assets]
    return [(asset, made) for asset, made in found if made] if all(made for _, made in found) else []


def _said(made: Made, rows: int | None) -> dict[str, Any]:
    """What was shown of it when it was made, and that it is not of tonight."""
    counted = {} if rows is None else {"dagster/row_count": rows}
    shown = deserialize_value(made.said, AssetMaterialization).metadata
    return {**shown, **counted, "Unchanged since run": MetadataValue.dagster_run(made.run_id)}
