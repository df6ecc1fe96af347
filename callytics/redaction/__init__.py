"""Redaction of what identifies people, in text and sound (see docs/security.md, Privacy)."""
