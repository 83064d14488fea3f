"""The OSC server: protocol, sessions, command line. Knows amt and patterns."""

__version__ = "0.1.0"
