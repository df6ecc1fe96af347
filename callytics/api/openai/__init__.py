"""The API of OpenAI for audio, as its official clients speak it (https://platform.openai.com/docs/api-reference/audio).

routes.py          /v1/audio/transcriptions and /v1/audio/translations: the recording becomes a call, the answer waits
forms.py           their fields, and what is refused
known_speakers.py  voices that the caller knows, from data URLs to blobs of the call
waiting.py         until the call is done, or its transcript is; afterwards the call is deleted
formats.py         a result of ours as json, text, srt, vtt, verbose_json or diarized_json
streaming.py       the same as server-sent events

What differs from OpenAI, field by field, and why: docs/api.md. /v1/models is in monitoring.py, the errors' second form
in errors.py.
"""

from callytics.api.openai.routes import router

__all__ = ["router"]
