"""Shows a call's result and its progress at a terminal (rich)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from callytics.conversation.voice import RAISED_VOICE

if TYPE_CHECKING:  # pydantic's models take half of the time of `callytics --help`
    from callytics.result.schema.call import CallResult
    from callytics.result.schema.quality import CommunicationQuality
    from callytics.result.schema.summary import ContactSummaryDetail
    from callytics.result.schema.transcript import TranscriptTurn

ROLE_STYLES = {"AGENT": "cyan", "CUSTOMER": "magenta"}
SENTIMENT_MARKS = {"POSITIVE": ("+", "green"), "NEGATIVE": ("-", "red"), "NEUTRAL": ("·", "dim")}
STAGE_MARKS = {
    "COMPLETED": ("✓", "green"),
    "RUNNING": ("…", "yellow"),
    "FAILED": ("✗", "red"),
    "PENDING": ("·", "dim"),
    "SKIPPED": ("-", "dim"),
}
BAR_WIDTH = 24


def clock(milliseconds: int) -> str:
    """01:23 or 1:02:03."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def bar(share: float, style: str) -> Text:
    filled = round(min(1.0, max(0.0, share)) * BAR_WIDTH)
    return Text("█" * filled + "░" * (BAR_WIDTH - filled), style=style)


def stage_line(stages: list[tuple[str, str]]) -> Text:
    """One line for the progress of a call: every stage (name, status) with its mark."""
    line = Text()
    for name, status in stages:
        mark, style = STAGE_MARKS.get(status, ("?", "dim"))
        line.append(f"{mark} {name}  ", style=style)
    return line


def report(result: CallResult, title: str) -> RenderableType:
    """The whole report of a call."""
    parts: list[RenderableType] = [_facts(result), _participants(result)]
    if result.transcript:
        parts.append(_transcript(result.transcript))
    if result.contact_summary:
        parts.append(_summary(result.contact_summary))
    if result.communication_quality and result.communication_quality.overall is not None:
        parts.append(_quality(result.communication_quality))
    for flag in result.flags:
        parts.append(Text(f"! {flag.code}: {flag.message}", style="yellow"))
    for error in result.job_details.errors:
        parts.append(Text(f"✗ {error.stage}: {error.message}", style="red"))
    return Panel(Group(*parts), title=title, title_align="left", border_style="dim")


def _facts(result: CallResult) -> Text:
    media = result.media
    characteristics = result.conversation_characteristics
    return Text(
        f"{result.job_status}   {clock(media.duration_ms)}   {result.language_code}   "
        f"{media.codec} {media.sample_rate_hz} Hz × {media.channels}   "
        f"SNR {result.acoustics.snr_db:.0f} dB   {len(result.transcript)} turns   "
        f"{characteristics.interruptions.total_count} interruptions   "
        f"silence {clock(characteristics.non_talk_time.total_time_ms)}",
        style="bold",
    )


def _participants(result: CallResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("who", "role from", "talk", "", "words/min", "sentiment (-5..+5)"):
        table.add_column(column)
    traits = result.conversation_characteristics
    speeds = {speed.participant_id: speed.words_per_minute for speed in traits.talk_speed}
    trends = {trend.participant_id: trend for trend in traits.sentiment or []}
    for talk in traits.talk_time.details_by_participant:
        style = ROLE_STYLES.get(talk.participant_role, "white")
        source = next(p.role_source for p in result.participants if p.participant_id == talk.participant_id)
        trend = trends.get(talk.participant_id)
        quarters = (
            " ".join("  · " if q.score is None else f"{q.score:+.1f}" for q in trend.by_quarter)
            if trend
            else ""
        )
        table.add_row(
            Text(talk.participant_role, style=style),
            source or "-",
            f"{talk.ratio:.0%}",
            bar(talk.ratio, style),
            f"{speeds.get(talk.participant_id, 0):.0f}",
            quarters,
        )
    return table


def _transcript(turns: list[TranscriptTurn]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    for turn in turns:
        mark, mark_style = SENTIMENT_MARKS.get(turn.sentiment or "", (" ", "dim"))
        style = ROLE_STYLES.get(turn.participant_role, "white")
        table.add_row(
            Text(clock(turn.begin_offset_ms), style="dim"),
            Text(turn.participant_role.lower(), style=style),
            Text(mark, style=mark_style),
            Text(_marks(turn) + turn.content),
        )
    return table


def _marks(turn: TranscriptTurn) -> str:
    """⟂: took the floor; ▲: with a raised voice."""
    return ("⟂ " if turn.interruption else "") + ("▲ " if RAISED_VOICE in turn.flags else "")


def _summary(summary: ContactSummaryDetail) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    for name in ("topic", "summary", "issue", "outcome", "still_open"):
        value = getattr(summary, name)
        if value:
            title = name.replace("_", " ") + ("?" if name in summary.uncertain else "")
            table.add_row(
                Text(title, style="dim"), Text(value), Text(" ".join(summary.evidence[name]), style="dim")
            )
            _add_quotes(table, summary, name)
    if summary.resolved is not None:
        table.add_row(Text("resolved", style="dim"), "yes" if summary.resolved else "no", "")
    for item in summary.action_items:
        owner = item.owner.lower()
        table.add_row(
            Text("to do", style="dim"),
            Text(f"{owner}: {item.text}"),
            Text(" ".join(item.evidence_turn_ids), style="dim"),
        )
    _add_quotes(table, summary, "action_item")
    if counts := summary.claim_counts:
        by = "by rule and second question" if counts.verified else "by rule"
        line = (
            f"{counts.proven} proven, {counts.unproven} unproven, {counts.contradicted} contradicted ({by})"
        )
        table.add_row(Text("claims", style="dim"), Text(line), "")
    return table


def _add_quotes(table: Table, summary: ContactSummaryDetail, field: str) -> None:
    """The words that a language model quotes for a field, one line per statement."""
    if field in summary.replaced:
        table.add_row("", Text("extractive candidate: the model's claim was not proven", style="yellow"), "")
    for claim in summary.claims:
        if claim.field == field and field != "topic":
            words = " … ".join(f"“{quote.text}”" for quote in claim.quotes)
            mark = "" if claim.proof == "proven" else f"{claim.proof} ({claim.reason}): "
            table.add_row("", Text(mark + words, style="dim italic"), "")


def _quality(quality: CommunicationQuality) -> Text:
    line = Text()
    for lapse in quality.lapses:
        if lapse.severity > 1:
            line.append(f"{lapse.kind} ({lapse.turn_id}): {lapse.quote}\n", style="bold red")
    line.append(f"quality {quality.overall or 0:.0f}/100", style="bold")
    line.append(f", by {quality.judged_criteria} of {len(quality.criteria)} criteria   ", style="not bold")
    for criterion in quality.criteria:
        if criterion.score is not None:
            line.append(f"{criterion.id} {criterion.score:.0f}   ", style="not bold")
    return line


def print_report(result: CallResult, title: str) -> None:
    Console().print(report(result, title))


@contextmanager
def download_progress(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for models.pull. Yields a function that takes the current action, the bytes so far and the total bytes."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with RichProgress(*columns, transient=True) as progress:
        task = progress.add_task(title, total=None)

        def report_bytes(what: str, done: int, total: int) -> None:
            progress.update(task, description=f"{title}: {what}", completed=done, total=total or None)

        yield report_bytes
