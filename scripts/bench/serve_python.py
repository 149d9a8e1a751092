"""A service of the usual make to measure beside: uvicorn, onnxruntime, Pillow, pdqhash, our model.

    cd scripts && uvicorn --workers 2 --port 7400 bench.serve_python:app

As bare as such a service gets: an ASGI function without a framework, one session per process.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import onnxruntime

from bench.python_photo import Bundle, conclude, prepare_bytes

Message = MutableMapping[str, Any]

BUNDLE = Bundle(os.environ.get("BUNDLE", "../models/faunalens-base"))
OPTIONS = onnxruntime.SessionOptions()
OPTIONS.intra_op_num_threads = 1
OPTIONS.add_session_config_entry("session.intra_op.allow_spinning", "0")
SESSION = onnxruntime.InferenceSession(BUNDLE.model, OPTIONS, providers=["CPUExecutionProvider"])


def check(body: bytes) -> bytes:
    """The record of one picture."""
    record, tensor = prepare_bytes(BUNDLE, "-", body)
    (logits,) = SESSION.run([BUNDLE.logits], {BUNDLE.input: tensor[None]})
    return conclude(BUNDLE, record, logits[0]).encode()


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answers a picture with its record."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answer = check(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
