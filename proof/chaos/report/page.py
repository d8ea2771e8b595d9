"""Renders the report of a chaos run as one HTML page without external files."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from proof.chaos.audit.evidence import Fault
from proof.chaos.audit.verdict import Verdict
from proof.chaos.report.words import (
    FIGURES,
    PROMISES,
    again,
    left_out,
    recovery,
    sentence,
    slowest_by_kind,
    stood_still,
)
from proof.report.charts import Curve, Shade, chart
from proof.report.document import document

SHOWN = 50


def page(known: Mapping[str, Any], verdict: Verdict, faults: Sequence[Fault]) -> str:
    """Return the page: the result first, then promises, curves, recovery, faults."""
    state = "fine" if known["ok"] else "alert"
    parts = [
        f"<p class=muted>{escape(_circumstances(known))}</p>",
        f"<h1>Is anything lost?</h1><p class='answer {state}'>{escape(sentence(known))}</p>",
        f"<p class=muted>{escape(stood_still(known))}</p>" if known["harness_stood_still"]["longest"] else "",
        _findings(known),
        "<h2>What was promised, and how often it was broken</h2>",
        _rows([(words, f"{known[name]}", bool(known[name])) for name, words in PROMISES.items()]),
        "<h2>What happened</h2>",
        *_charts(verdict, faults),
        "<h2>Counted</h2>",
        _rows([(words, f"{known[name]:,}".replace(",", "\u2009"), False) for name, words in FIGURES.items()]),
        _repeats(known),
        f"<h2>Mails flow again after</h2><p class=muted>{recovery(known)}</p>",
        _recovery(known),
        f"<h2>Faults</h2><p class=muted>{escape(left_out(known))}</p>",
        _faults(verdict, faults),
    ]
    return document(f"Chaos: {'nothing lost' if known['ok'] else 'promises broken'}", parts)


def _circumstances(known: Mapping[str, Any]) -> str:
    kind = f"variant {known['variant']}" if known["variant"] else "short storm" if known["short"] else "storm"
    sent = f"{known['requests']} requests at {known['rate']:g} a second"
    return (
        f"{kind} · {again(known)} · {sent} · {known['cores']} cores · "
        f"{known['date'][:16].replace('T', ' ')} UTC"
    )


def _charts(verdict: Verdict, faults: Sequence[Fault]) -> list[str]:
    flow = verdict.flow
    shades = [
        Shade(fault.started_at - flow.start, fault.ended_at - flow.start, f"{fault.kind} {fault.target}")
        for fault in faults
        if fault.hit
    ]
    curves = (
        Curve("accepted", "one", flow.accepted),
        Curve("numbered", "two", flow.numbered),
        Curve("mailed", "three", flow.mailed),
    )
    return [
        *(chart(curve.name.capitalize(), "requests a second", [curve], shades) for curve in curves),
        chart(
            "Lag",
            "seconds that the oldest accepted request has waited for its mail",
            [Curve("lag", "four", flow.lag)],
            shades,
        ),
    ]


def _rows(rows: Sequence[tuple[str, str, bool]]) -> str:
    cells = "".join(
        f"<tr{' class=alert' if alert else ''}><td>{escape(words)}<td class=figure>{value}"
        for words, value, alert in rows
    )
    return f"<table>{cells}</table>"


def _recovery(known: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(kind)}<td class=figure>{count}<td class=figure>{middle:.1f} s<td "
        f"class=figure>{longest:.1f} s"
        for kind, count, middle, longest in slowest_by_kind(known)
    )
    return (
        "<div class=wide><table><tr><th>fault<th class=figure>how many<th class=figure>median<th "
        f"class=figure>longest</tr>{rows}</table></div>"
    )


def _repeats(known: Mapping[str, Any]) -> str:
    causes = [(cause, f"{count}", False) for cause, count in known["repeats_by_cause"].items()]
    return f"<h2>Repeats of mail by cause</h2>{_rows(causes)}" if causes else ""


def _faults(verdict: Verdict, faults: Sequence[Fault]) -> str:
    recovered = {id(each.fault): each.mailed for each in verdict.recovery}
    rows = []
    for fault in faults:
        mailed = next(
            (each.mailed for each in verdict.recovery if each.fault == fault), recovered.get(id(fault))
        )
        again = f"{mailed:.1f} s" if mailed is not None else "" if fault.hit else "not reached"
        rows.append(
            f"<tr><td class=figure>{fault.started_at - verdict.flow.start:.1f} "
            f"s<td>{escape(fault.kind)}<td>{escape(fault.target)}"
            f"<td class=figure>{fault.ended_at - fault.started_at:.1f} s<td class=figure>{again}"
        )
    head = (
        "<tr><th class=figure>at<th>fault<th>whom<th class=figure>for<th class=figure>mails again after</tr>"
    )
    return f"<div class=wide><table>{head}{''.join(rows)}</table></div>"


def _findings(known: Mapping[str, Any]) -> str:
    shown = known["findings"][:SHOWN]
    items = "".join(
        f"<li><b>{escape(each['check'])}</b> {escape(each['subject'])} <span "
        f"class=muted>{escape(each['detail'])}</span>"
        for each in shown
    )
    return f"<ul class=findings>{items}</ul>" if items else ""
