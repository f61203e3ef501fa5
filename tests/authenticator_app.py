"""An authenticator app, by RFC 6238 and not by the library that checks its codes."""

import base64
import hmac
import struct
import time


class App:
    """An authenticator app, which knows a secret and what time it is."""

    def __init__(self, secret: str) -> None:
        self._secret = base64.b32decode(secret)
        self._step = int(time.time()) // 30  # the server's may be the next one by the end of a test

    def code(self, steps: int = 0) -> str:
        """RFC 6238, of the half minute that is so many after the one in which this app was set up. Of 0 and 1
        the server takes either, for a minute."""
        digest = hmac.new(self._secret, struct.pack(">Q", self._step + steps), "sha1").digest()
        start = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
