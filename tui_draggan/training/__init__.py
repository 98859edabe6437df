"""Training of generators, the bundled image domain, and how close samples come to real pictures
(needs the extra `[torch]`)."""
