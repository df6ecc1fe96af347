"""Callytics: call-centre recordings turned into structured analytics."""
