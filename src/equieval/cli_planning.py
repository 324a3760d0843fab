"""The verbs before there is anything to run: new and power.

As thin as the rest of the command line (`equieval.cli`), and like it without heavy imports
before a verb runs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equieval.cli_publication import parameters_file
from equieval.cli_versions import Json
from equieval.errors import DesignError
from equieval.terminal import say, say_json

if TYPE_CHECKING:
    from equieval.protocol import Evaluation
    from equieval.study.power import Detectable, DetectableEffects, Plan, Simulation

_PERIODS = {"financial-year": "financial years"}


def add_verbs(app: typer.Typer) -> None:
    """Add the verbs of this module to the command line."""
    for verb in (new, power):
        app.command()(verb)


def new(
    evaluation: Annotated[
        str,
        typer.Argument(
            metavar="EVALUATION", help="Id of the evaluation: lower case, with hyphens."
        ),
    ],
    design: Annotated[
        str,
        typer.Option(help="its, controlled-its, did, staggered-did, synthetic-did, or audit."),
    ] = "its",
) -> None:
    """Begin an evaluation: write params/<id>.yaml with everything left to be stated."""
    from equieval.protocol import project_root
    from equieval.protocol.new_evaluation import begin_evaluation

    path = begin_evaluation(project_root(), evaluation, design)
    say(f"wrote params/{path.name}: what has to be stated says so, and means what its comment says")
    say(f"Then: equieval check {evaluation} names what is left, with its line.")


def power(
    evaluation: Annotated[
        str,
        typer.Argument(metavar="EVALUATION", help="Id of the evaluation, or the path of its file."),
    ],
    wanted: Annotated[
        float, typer.Option("--power", help="How often the effect is to be found: 0.8 is 80%.")
    ] = 0.8,
    periods_after: Annotated[
        int | None,
        typer.Option(
            min=1, help="Planned periods from the start on; as the parameters say if left out."
        ),
    ] = None,
    replications: Annotated[
        int, typer.Option(min=100, max=100_000, help="Data sets drawn for each answer.")
    ] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 1,
    progress: Annotated[
        bool, typer.Option("--progress", help="Say what is being simulated.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say which effects could be found at all, from the data before the start alone."""
    from equieval.protocol import load_evaluation, project_root
    from equieval.study.places import placed
    from equieval.study.power import Simulation, detectable_effects

    root = project_root()
    path = parameters_file(root, evaluation)
    stated = load_evaluation(path)
    simulation = Simulation(wanted, replications, seed)
    try:
        found = detectable_effects(
            stated,
            root,
            simulation=simulation,
            periods_after=periods_after,
            step=(lambda about: say(f"simulating: {about}", err=True)) if progress else None,
        )
    except DesignError as refusal:
        raise placed(refusal, path) from None
    if as_json:
        say_json(_as_json(stated, found, simulation))
    else:
        _say_power(stated, found, simulation)
    for unanswered in found.refusals.values():
        raise placed(unanswered, path)


def _say_power(stated: Evaluation, found: DetectableEffects, simulation: Simulation) -> None:
    from equieval.present.numbers import percent
    from equieval.study.series import label
    from equieval.study.words import measure_name, outcome_name

    frequency = stated.data.frequency
    periods, plan = _PERIODS.get(frequency, f"{frequency}s"), found.plan
    say(
        f"{stated.identity.id}: the smallest effects found with {percent(simulation.power)} power, "
        "in either direction"
    )
    first, last = (label(plan.learnt[place]) for place in (0, -1))
    say(f"  learnt from {len(plan.learnt)} {periods}, {first} to {last}; nothing later was read")
    say(f"  planned: {plan.after} {periods} from {label(plan.start)} on; {_judged(stated, plan)}")
    for answer in found.answers:
        name = (
            outcome_name(stated.outcomes.primary.indicator)
            if answer.question == "outcome"
            else f"the gap in it ({measure_name(answer.measure)})"
        )
        _say_answer(name, answer, periods)
    for question, refusal in found.refusals.items():
        say(f"  {question}: {refusal.what}")
        say(f"    what would help: {refusal.remedy}")
    if found.answers:
        say(f"  smaller with: {'; '.join(found.remedies)}")
        if found.caution:
            say(f"  with caution: {found.caution}")
    draws = f"{simulation.replications:,} data sets drawn for each (seed {simulation.seed})"
    error = 200 * math.sqrt(simulation.power * (1 - simulation.power) / simulation.replications)
    say(f"  {draws}: {percent(simulation.power)} is known to within {error:.1f} points")


def _judged(stated: Evaluation, plan: Plan) -> str:
    from equieval.study.power_plan import SERIES
    from equieval.study.series import label

    if stated.design.type in SERIES:
        return f"judged in {label(plan.horizon)}"
    return (
        f"the average up to {label(plan.end)}; {plan.n_units} units, {plan.n_treated_units} of "
        "them treated"
    )


def _say_answer(name: str, answer: Detectable, periods: str) -> None:
    from equieval.present.numbers import change_unit, number, of_unit, percent

    size = of_unit(number(answer.effect), change_unit(answer.unit))
    share = "where the treated had a mean of 0 before the start"
    if math.isfinite(answer.relative):
        part = percent(answer.relative, decimals=1 if answer.relative < 0.1 else 0)
        share = f"{part} of the mean of the treated before the start ({number(answer.before)})"
    say(f"  {name}: {size}, {share}; took {answer.seconds:.1f} s")
    say(f"    judged by: {answer.judged}")
    if math.isfinite(answer.longer):
        say(f"    with twice as many {periods} from the start on: {number(answer.longer)}")


def _as_json(
    stated: Evaluation, found: DetectableEffects, simulation: Simulation
) -> dict[str, Any]:
    from equieval.study.series import label

    plan = found.plan
    return {
        "id": stated.identity.id,
        "design": stated.design.type,
        "power": simulation.power,
        "replications": simulation.replications,
        "seed": simulation.seed,
        "learnt_from": label(plan.learnt[0]),
        "learnt_to": label(plan.learnt[-1]),
        "periods_before": len(plan.learnt),
        "start": label(plan.start),
        "end": label(plan.end),
        "horizon": label(plan.horizon),
        "periods_after": plan.after,
        "n_units": plan.n_units,
        "n_treated_units": plan.n_treated_units,
        "answers": [
            {
                "question": each.question,
                "measure": each.measure,
                "unit": each.unit,
                "effect": each.effect,
                "before": each.before,
                "relative": _finite(each.relative),
                "with_twice_the_periods_after": _finite(each.longer),
                "autocorrelation": each.autocorrelation,
                "deviation": each.deviation,
                "judged": each.judged,
                "seconds": round(each.seconds, 2),
                "curve": each.curve.to_dict("records"),
            }
            for each in found.answers
        ],
        "refused": [
            {"question": question, "reason": refusal.what, "remedy": refusal.remedy}
            for question, refusal in found.refusals.items()
        ],
        "smaller_with": list(found.remedies),
        "caution": found.caution,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
