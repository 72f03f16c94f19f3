"""What a run of load leaves for other programs: JUnit for CI, histograms in HdrHistogram's log format."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring  # nosec B405 # only written here

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogWriter
from shop_loadtests.timeline import moments
from shop_loadtests.verdict import Kind, outcomes

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.origin import Origin
from shop_dev.loading.run import Load

_MICROSECONDS_A_MILLISECOND = 1000.0


def write(file: Path, text: str) -> None:
    """Write a report. Raises ShopDevError (path_unusable)."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ShopDevError(CliCode.PATH_UNUSABLE, f"{file} cannot be written: {error.strerror}") from error


def junit(load: Load, *, name: str, origin: Origin) -> str:
    """Return a suite with a case for each objective; where the figures are not to be believed, each is an error."""
    verdict = load.verdict
    cases = outcomes(load.profile, load.measured.operations, behind=load.measured.behind)
    failed = sum(bool(case.missed) for case in cases)
    is_invalid = verdict.kind is Kind.INVALID
    suite = Element(
        "testsuite",
        name=f"load {name}",
        tests=str(len(cases)),
        failures=str(0 if is_invalid else failed),
        errors=str((len(cases)) if is_invalid else 0),
        time=f"{load.measured.seconds:.3f}",
        timestamp=origin.moment.replace(" ", "T"),
    )
    properties = SubElement(suite, "properties")
    for key, value in {"commit": origin.commit or "", "machine": origin.machine, "target": load.target, "seed": load.seed}.items():
        SubElement(properties, "property", name=key, value=str(value))
    for case in cases:
        element = SubElement(suite, "testcase", classname=f"load.{name}", name=case.objective)
        if is_invalid:
            SubElement(element, "error", message="; ".join(verdict.reasons))
        elif case.missed:
            SubElement(element, "failure", message="; ".join(case.missed))
    return tostring(suite, encoding="unicode", xml_declaration=True)


def hlog(load: Load, *, origin: Origin) -> str:
    """Return all intervals of all operations, tagged by operation, in microseconds (HdrHistogram log format 1.2)."""
    text = StringIO()
    log = HistogramLogWriter(text)
    log.output_comment(f"[microseconds; commit {origin.commit}; {origin.machine}]")
    log.output_log_format_version()
    log.output_comment(f"[StartTime: {origin.at:.3f} (seconds since epoch)]")
    log.output_legend()
    for moment in moments(load.measured.timeline, most=100_000):
        for operation, latencies in sorted(moment.operations.items()):
            text.write(f"Tag={_tag(operation)},")
            histogram = HdrHistogram.decode(latencies.recorded().histogram)
            end = origin.at + moment.at
            log.output_interval_histogram(histogram, end - moment.seconds, end, _MICROSECONDS_A_MILLISECOND)
    return text.getvalue()


def _tag(operation: str) -> str:
    """A tag may hold neither comma nor space nor line break."""
    return "".join("-" if one in ", \r\n" else one for one in operation)
