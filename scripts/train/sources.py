"""What a whole source teaches about another: each is left out in turn, and judged by heads that
never saw it.

    python -m train.sources --data DIR --manifest FILE --renders FILE --cache DIR --out eval/model
        [--backbone lite0]

Photographs from a seller's table are a source that nobody trained on, so this is nearer to use than
a split within sources. To be affordable, heads only (multinomial logistic regression) are fitted,
on the features of the untrained ImageNet network, from the training split without the source; every
picture of the source is then judged. Writes sources.csv: source left out, what is measured, value,
pictures.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from train.arguments import all_examples, command_line
from train.efficientnet import SIDES, EfficientNet
from train.features import add_taps, float_input, open_session
from train.labels import LABELS, PRODUCTS
from train.tables import write_rows
from train.taxonomy import Example

FALSE_ALARMS = (0.01, 0.001)
PENALTY = 3e-4  # inverse strength


def features(backbone: str, cache: Path, examples: list[Example]) -> np.ndarray:
    """Means and deviations of the ImageNet network's tapped maps, [N, width]; kept in the cache by
    file.
    """
    known, path = {}, cache / "imagenet-features.npz"
    if path.exists():
        stored = np.load(path)
        known = dict(zip(stored["files"].tolist(), stored["rows"]))
    graph = EfficientNet(backbone)
    graph.walk()
    model = cache / "imagenet-features.onnx"
    graph.save(model, {"features": add_taps(graph)})
    run = open_session(model)
    for example in examples:
        if str(example.path) not in known:
            fed = {"input": float_input(example.path, graph.side)}
            known[str(example.path)] = run.run(["features"], fed)[0][0].astype(np.float16)
    np.savez(path, files=np.array(list(known)), rows=np.array(list(known.values())))
    return np.array([known[str(example.path)] for example in examples], np.float32)


def fit_without(
    rows: np.ndarray, labels: np.ndarray, seen: np.ndarray, judged: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scores [judged, labels] by heads fitted on the features of `seen`; the labels they know."""
    mean, deviation = rows[seen].mean(0), rows[seen].std(0) + 1e-3
    standard = (rows - mean) / deviation
    head = LogisticRegression(C=PENALTY, max_iter=400, class_weight="balanced")
    head.fit(standard[seen], labels[seen])
    scores = np.zeros((len(judged), len(LABELS)))
    scores[:, head.classes_] = head.predict_proba(standard[judged])
    return scores, head.classes_


def judge_source(
    scores: np.ndarray, own: np.ndarray, known: np.ndarray
) -> Iterator[tuple[str, float, np.ndarray]]:
    """What is measured on a source that was left out: name, value, which pictures.

    `own` [N]: the pictures' labels; `known`: labels that the heads have seen.
    """
    top, product = scores.argmax(1), scores[:, : len(PRODUCTS)].max(1)
    ivory, ceramic = LABELS.index("ivory"), LABELS.index("ceramic_stone")
    if (own == ivory).any() and (own == ceramic).any():
        pair = np.isin(own, [ivory, ceramic])
        right = (scores[:, ivory] > scores[:, ceramic]) == (own == ivory)
        yield "ivory against ceramic, accuracy", right[pair].mean(), pair
    told = np.isin(own, known)
    name = "most likely label, of labels known without the source"
    yield name, (top == own)[told].mean(), told
    plain = own >= len(PRODUCTS)
    if plain.all():
        for level in (0.5, 0.8):
            yield f"any product at {level} or more", (product >= level)[plain].mean(), plain
        return
    for share in FALSE_ALARMS:
        limit = np.quantile(product[plain], 1 - share)
        name = f"recall of any product at {share:.1%} false alarms"
        yield name, (product > limit)[~plain].mean(), ~plain
    for k, label in enumerate(PRODUCTS):
        if (own == k).any() and k in known:
            yield f"recall of {label} (most likely label)", (top == k)[own == k].mean(), own == k


def main() -> None:
    """Leave each source out in turn and write how it is judged."""
    parser = command_line(__doc__, ("data", "manifest", "renders", "cache", "out"))
    parser.add_argument("--backbone", choices=SIDES, default="lite0")
    arguments = parser.parse_args()
    examples = all_examples(arguments)
    rows = features(arguments.backbone, arguments.cache, examples)
    labels = np.array([LABELS.index(example.label) for example in examples])
    source = np.array([example.source for example in examples])
    train = np.array([example.split == "train" for example in examples])
    lines = []
    for left_out in ("met", "render", "caltech101", "grocery"):
        judged = np.nonzero(source == left_out)[0]
        scores, known = fit_without(rows, labels, train & (source != left_out), judged)
        for measure, value, chosen in judge_source(scores, labels[judged], known):
            line = {"left_out": left_out, "measure": measure}
            lines.append(line | {"value": f"{value:.4f}", "pictures": int(chosen.sum())})
    write_rows(arguments.out / "sources.csv", lines)
    for line in lines:
        print(", ".join(f"{key} {value}" for key, value in line.items()))


if __name__ == "__main__":
    main()
