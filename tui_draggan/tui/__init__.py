"""The editor's screen."""
