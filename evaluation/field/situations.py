"""All situations, by their number in the kit. F25 to F28 and F31 are not described there."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.field import interface, recordings
from evaluation.field.recordings import ENGLISH, KOREAN, MIXED, Try


@dataclass(frozen=True)
class Situation:
    """``right``: what the check asks for, in words."""

    id: str
    title: str
    right: str
    tried: Try


def _pbx(ending: str) -> Situation:
    return Situation(
        "F11",
        f"raw PBX file, .{ending}",
        "recognised by its name, every word at its time",
        recordings.timeline(f"f11_call.{ending}"),
    )


WHOLE = "every sentence at its time of its party, nothing else"
SITUATIONS = (
    Situation("–", "control, English stereo", WHOLE, recordings.whole_call("en_st.wav", ENGLISH)),
    Situation("–", "control, Korean stereo", WHOLE, recordings.whole_call("ko_st.wav", KOREAN, "ko")),
    Situation("F01", "two tracks, M4A", WHOLE, recordings.whole_call("f01_two_tracks.m4a", ENGLISH)),
    Situation("F01", "two tracks, MKV", WHOLE, recordings.whole_call("f01_two_tracks.mkv", ENGLISH)),
    *(
        Situation(
            "F02", f"sound starts 5 s late, {kind}", "words 5 s later, one voice, as /audio plays them", tried
        )
        for kind, tried in (
            ("MP4", recordings.late_start("f02_late_audio.mp4")),
            ("WebM", recordings.late_start("f02_late_audio.webm")),
        )
    ),
    Situation(
        "F03",
        "lost packets of 10 ms",
        "words where the control's are",
        recordings.timeline("f03_lost_10ms.webm"),
    ),
    Situation(
        "F03",
        "lost packets of 20 ms",
        "words where the control's are",
        recordings.timeline("f03_lost_20ms_ok.webm"),
    ),
    Situation("F03", "clock 2 % slow", "words 2 % later", recordings.timeline("f03_clock_2pct.mkv", 1.02)),
    Situation(
        "F04", "mono, then stereo", "the announcement, five turns, one length", recordings.mono_then_stereo
    ),
    Situation(
        "F05",
        "two channels without a header",
        "told: three turns; told wrong: refused",
        recordings.two_channels_without_header,
    ),
    Situation(
        "F06",
        "announcement on both channels",
        "once, neither party's, no talk time",
        recordings.announcement_on_both,
    ),
    Situation(
        "F07",
        "two languages, Ogg",
        WHOLE + ", in its language",
        recordings.whole_call("f07_ko_agent_en_cust.ogg", MIXED),
    ),
    Situation(
        "F07",
        "two languages, WAV",
        WHOLE + ", in its language",
        recordings.whole_call("f07_ko_agent_en_cust.wav", MIXED),
    ),
    Situation("F08", "CSV for Excel", "byte order mark", interface.excel),
    Situation(
        "F09", "echo of 180 ms, FLAC", WHOLE, recordings.whole_call("f09_echo_180ms.flac", KOREAN[:4], "ko")
    ),
    Situation("F09", "echo of 180 ms", WHOLE, recordings.whole_call("f09_echo_180ms.wav", KOREAN, "ko")),
    Situation("F09", "echo of 60 ms", WHOLE, recordings.whole_call("f09_echo_60ms.wav", KOREAN, "ko")),
    Situation("F10", "transfer, Ogg", WHOLE + ", two agents", recordings.transfer("f10_transfer.ogg")),
    Situation("F10", "transfer, WAV", WHOLE + ", two agents", recordings.transfer("f10_transfer.wav")),
    *map(_pbx, ("gsm", "g722", "sln", "vox", "ulaw")),
    Situation(
        "F12", "chained Ogg", "three sentences of one voice, one length everywhere", recordings.chained
    ),
    Situation(
        "F13",
        "same audio, other metadata",
        "both are found, with their own metadata",
        interface.other_metadata,
    ),
    Situation("F14", "calls by their own date", "found on its day, not on the next", interface.by_date),
    Situation("F15", "Korean search", "found in other forms, no false hit", interface.korean_search),
    Situation("F16", "timestamp_granularities", "words, or refused", interface.granularities),
    Situation("F17", "fields of a segment", "all ten", interface.segment_fields),
    Situation("F18", "value of language", "empty, EN, en-US, english accepted", interface.languages),
    Situation("F19", "length of cues", "two lines of 42 (Korean 20), 1 to 7 s", interface.cues),
    Situation("F20", "file name as filename*", "상담.wav", interface.file_names),
    Situation("F21", "escaping", "text stays text", interface.escaping),
    Situation(
        "F22",
        "times of number words",
        "every word has a time, none goes back",
        recordings.transfer("f10_transfer.wav"),
    ),
    Situation("F23", "GSM in a browser", "as sent, and converted", recordings.served_as_sent),
    Situation("F24", "two inputs of one name", "refused, both named", interface.same_name_twice),
    Situation(
        "F29", "a party 38 dB quieter", WHOLE, recordings.whole_call("f29_quiet_customer.wav", KOREAN, "ko")
    ),
    Situation("F30", "quirks of upload forms", "accepted; a wrong field is told", interface.forms),
)
