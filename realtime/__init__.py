"""The push tier: formatters that turn events into frames, and the sockets that carry frames to readers."""
