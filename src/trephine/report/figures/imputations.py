"""Whether chained equations converged: the imputed values of each variable, sweep by sweep."""

from __future__ import annotations

from functools import partial

from matplotlib.ticker import MaxNLocator

from trephine.facts import Facts
from trephine.facts.missing import ChainFacts
from trephine.report.figures.assessed import draw_titled
from trephine.report.figures.plate import Panel, Plate
from trephine.report.figures.series import as_array
from trephine.report.style import BLUE, COLUMN_MM, RED, Area, place_axes

# More chains than these are a solid band.
_SHOWN = 12


def draw_chains(area: Area, found: ChainFacts) -> None:
    """Draw the mean of one variable's imputed values in each chain, and their mean over chains."""
    axes = place_axes(area)
    chains = [as_array(chain) for chain in found.chains]
    sweeps = range(1, len(chains[0]) + 1)
    for chain in chains[:_SHOWN]:
        axes.plot(sweeps, chain, color=BLUE, linewidth=0.6, alpha=0.6)
    axes.plot(sweeps, sum(chains) / len(chains), color=RED, linewidth=1.2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="Sweep", ylabel=f"Share at {found.level}" if found.level else "Mean")


def imputation_plates(facts: Facts) -> list[Plate]:
    """Return the chains of every protocol; none where nothing was imputed several times."""
    plates = []
    for one in facts.missing.imputations if facts.missing is not None else ():
        if not one.chains:
            continue
        panels = tuple(
            Panel(
                partial(draw_titled, title=chain.label, draw=partial(draw_chains, found=chain)),
                COLUMN_MM,
                46.0,
                f"Imputed values of {chain.label} over {one.sweeps} sweeps in"
                f" {len(chain.chains)} chains.",
            )
            for chain in one.chains
        )
        plates.append(
            Plate(
                slug=f"figure-imputations-{one.protocol}",
                section="participants",
                number="",
                title=("Imputed values by sweep",),
                caption=(
                    "Mean of the imputed values, or share of the commonest level, in each chain"
                    f" (the first {_SHOWN} are drawn); red: mean of all chains. Chains that have"
                    " converged overlap and neither rise nor fall.",
                ),
                panels=panels,
                protocol=one.protocol,
            )
        )
    return plates
