"""The report on the terminal."""

from proof.bench.figure import Figure
from proof.bench.report.words import goal, grouped, is_program, label, number, sentence, share, spread, verdict
from proof.bench.results import Results

HEAD = f"  {'':<34}{'value':>9} {'unit':<8}{'rounds':>14}{'goal':>14}{'floor':>9}{'of it':>7}"


def table(results: Results) -> str:
    """Write every figure but the programs' shares; what is missed is marked."""
    lines = [""]
    for heading, figures in grouped(results.figures.values()):
        lines += [heading, HEAD, *(_row(figure) for figure in figures if not is_program(figure)), ""]
    lines += [*results.notes, "", sentence(results.figures.values())]
    return "\n".join([*lines, f"All of it: {results.folder}/latest.json, latest.html, raw/", ""])


def _row(figure: Figure) -> str:
    columns = f"{number(figure.value):>9} {figure.unit:<8}{spread(figure):>14}{goal(figure):>14}{number(figure.floor):>9}{share(figure.ratio):>7}"
    told = verdict(figure)
    return f"  {label(figure):<34}{columns}  {told}{' <<<' if told == 'missed' else ''}".rstrip()
