"""The HTTP API, independent of Ray: ``create_app(Services(...))`` gives a FastAPI application.

app.py            routers, errors, middlewares     services.py   what it stands on
authentication.py who asks, before the body        bodies.py     how large, how slow a body may be
admission.py      limits.py places.py: how much    usage.py      what a tenant used
calls.py          /v1/calls                        auth.py       API keys and scopes
submission.py     from an upload to a queued call  uploads.py    multipart, streamed to the blob store
results.py        /result /transcript /events      recordings.py /audio with ranges
turn_audio.py     /turns/{id}/audio                 waveform.py   /waveform
openai/           OpenAI-compatible                monitoring.py health, stages, models, metrics
api_keys.py       /v1/api-keys                     schemas/ views.py errors.py   bodies
"""

from callytics.api.app import create_app
from callytics.api.services import ApiSettings, AudioService, HealthService, Services, StageHealth, Tones

__all__ = ["ApiSettings", "AudioService", "HealthService", "Services", "StageHealth", "Tones", "create_app"]
