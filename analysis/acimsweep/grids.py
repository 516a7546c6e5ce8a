# SPDX-License-Identifier: Apache-2.0
"""Points and trials as xarray data sets with coordinates and units."""

from __future__ import annotations

import xarray as xr

from acimsweep.chips import complete_trials
from acimsweep.results import Results, ResultsError

_TRIAL_UNITS = {"accuracy": "1", "agreement": "1", "loss": "nat"}


def points_grid(results: Results) -> xr.Dataset:
    """The numeric columns of points on a grid with one dimension per swept parameter.

    Raises ResultsError where two points share all swept parameters, or nothing is swept.
    """
    if not results.parameters:
        raise ResultsError(f"{results.path}: no parameter is swept, so there is no grid")
    table = results.points.set_index(results.parameters)
    if table.index.duplicated().any():
        raise ResultsError(
            f"{results.path}: points share the values of all swept parameters; use .points"
        )
    numbers = table.select_dtypes("number")
    if len(results.parameters) == 1:
        numbers = numbers.sort_index()
    return _with_attributes(xr.Dataset.from_dataframe(numbers), results)


def trials_grid(results: Results) -> xr.Dataset:
    """accuracy, agreement and loss of complete trials [point, chip, repeat]; NaN where missing."""
    trials = complete_trials(results).set_index(["point", "chip", "repeat"])
    grid = xr.Dataset.from_dataframe(trials).reindex(point=results.points.index.to_numpy())
    for name in results.parameters:
        grid = grid.assign_coords({name: ("point", results.points[name].to_numpy())})
    for name, unit in _TRIAL_UNITS.items():
        grid[name].attrs["units"] = unit
    return _with_attributes(grid, results, list(results.parameters))


def _with_attributes(
    grid: xr.Dataset, results: Results, names: list[str] | None = None
) -> xr.Dataset:
    """Adds units and long_name to the variables and coordinates, the file's attributes to it."""
    for name in grid.variables if names is None else names:
        unit, text = results.units.get(str(name), ""), results.long_names.get(str(name), "")
        if unit:
            grid[name].attrs["units"] = unit
        if text:
            grid[name].attrs["long_name"] = text
    grid.attrs |= {k: v for k, v in results.attrs.items() if not isinstance(v, list)}
    return grid
