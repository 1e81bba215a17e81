"""What all tests share: properties are judged by what holds, never by how long it took."""

from hypothesis import settings

settings.register_profile("agent", deadline=None)
settings.load_profile("agent")
