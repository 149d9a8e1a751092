"""One photo scored in Python with the same bundle, from process start to exit.

    python_check.py PHOTO [--plain]

With --plain one step follows the other, as such a script is usually written; without
it the session opens beside the other imports and the decoding.
"""

import os
import sys
import threading

import onnxruntime

folder = "models/faunalens-base"
opened = {}


def open_session() -> None:
    """Open the model's session."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count()
    opened["session"] = onnxruntime.InferenceSession(
        f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"]
    )


# Opening the session releases the interpreter: the other imports and the decoding go on beside it.
opening = threading.Thread(target=open_session)
opening.start()
if "--plain" in sys.argv:
    opening.join()
from bench.python_photo import Bundle, conclude, prepare  # noqa: E402

bundle = Bundle(folder)
record, tensor = prepare(bundle, sys.argv[1])
opening.join()
(logits,) = opened["session"].run([bundle.logits], {bundle.input: tensor[None]})
print(conclude(bundle, record, logits[0]), flush=True)
# Taking the session and the interpreter apart would only cost time.
os._exit(0)
