"""The published site: digests in, {path: bytes} out."""
