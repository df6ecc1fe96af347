"""Bodies of requests and responses.

fields.py              kinds of fields that several bodies have
submission.py          the form of an upload
metadata.py            what the uploader knows about a call
calls.py               one call; from which step it runs again
lists.py queries.py    lists of calls, and by what they are found
corrections.py         what people correct
correction_history.py  what they corrected
logs.py                log lines
overview.py            the overview
"""
