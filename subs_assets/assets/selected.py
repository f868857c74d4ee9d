"""How an asset function that makes several tables lets a run ask for some of them (``--select '+categories'``)."""

from collections.abc import Iterable, Iterator

from dagster import AssetExecutionContext, AssetOut, Output


def table_output(description: str, *kinds: str) -> AssetOut:
    """One of these tables; a run may leave it out."""
    return AssetOut(description=description, kinds={"pandas", *kinds}, io_manager_key="warehouse_io", is_required=False)


def selected(context: AssetExecutionContext, outputs: Iterable[Output]) -> Iterator[Output]:
    """Those outputs whose assets this run selected; Dagster fails a step that yields another.

    Without ``can_subset`` (and outputs that are not required) Dagster refuses every selection that holds only some of
    the tables, and so nearly every "one asset with its upstream".
    """
    wanted = context.op_execution_context.selected_output_names
    return (output for output in outputs if output.output_name in wanted)
