"""What every view says of a unit: the columns of the status tables."""

from typing import Any

from nightshift.control.lifecycle.rows import UnitRow


def unit_view(row: UnitRow) -> dict[str, Any]:
    """Return what its row says; the load comes from elsewhere."""
    return {
        "name": row.name,
        "id": row.number,
        "version": row.version,
        "endpoint": row.address,
        "launched": row.launched,
        "resources": row.resources,
        "status": row.state.value,
        "region": row.region,
        "zone": row.zone,
        "problem": row.problem,
        "gone": row.gone is not None,
    }
