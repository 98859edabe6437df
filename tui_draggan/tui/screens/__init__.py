"""The editor and its dialogs."""
