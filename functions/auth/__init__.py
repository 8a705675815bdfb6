"""Somebody knocks: who is it, for which tenant, allowed what."""
