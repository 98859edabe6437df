"""Arrays to files and back: the reader of pictures a person gives, markers, writers, provenance."""
