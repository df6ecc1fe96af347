"""The result of one call as JSON: schema 1.0, the contract with users (build.py fills it).

    call.py             the whole result, and reading one from disk
    work.py             the stages' runs and errors
    recording.py        the recording, and the metadata of the call
    transcript.py       who said what
    sentiment.py        words and moods
    quality.py          how well the agent communicated
    summary.py          what it was about
    characteristics.py  figures about the conversation
    corrections.py      what people corrected
    base.py             what all of them share

Internal times are float seconds; here they are integer milliseconds from the start of the recording. Offsets in text
are Unicode code points, half-open. A block is present, or null with its stage named in ``job_details.errors``.
tools/make_result_docs.py generates docs/result.md and docs/result.schema.json from these files.
"""
