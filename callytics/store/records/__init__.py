"""Arguments and results of the store: frozen standard-library dataclasses, which can cross environments.

    calls.py        calls
    lists.py        lists of calls
    findings.py     what lists show of a result
    corrections.py  people's corrections
    work.py         leases, events, what waits, counts
    access.py       API keys and sessions of browsers
    audit.py        who did and read what
    batches.py      batches of backfill
    usage.py        what tenants use

Times are integer milliseconds since the Unix epoch (``*_ms``), except the lengths of media, which are seconds.
"""
