"""Redaction of data that identifies people, in text and sound (see docs/security.md, Privacy)."""
