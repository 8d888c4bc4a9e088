"""Makes the shipped weights file out of a trained one: the same tensors, test scores and terms in the header.

resatt-studio train --config assets/training/r2aunet-factory.toml --data DATA --out trained.safetensors
python benchmarks/factory_scores.py --data DATA --weights trained.safetensors --json scores.json
python tools/seal_factory_weights.py trained.safetensors scores.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from resatt_studio.models.state import load_weights, pack_weights, state_of, write_weights
from resatt_studio.resources import assets_folder

NAME = "R2AU-Net factory weights"
TERMS = (
    "Learned from sets of which several are for research only or state no terms (see data). "
    "Ask their owners before using these weights in a product, or train your own: "
    "resatt-studio train --data DIR --out FILE."
)
PARTS = ("r2aunet-factory-1", "r2aunet-factory-2", "r2aunet-factory-3")
COMMAND = " && ".join(
    [
        f"resatt-studio train --config assets/training/{part}.toml --data DATA "
        f"--out assets/training/{part}.safetensors"
        for part in PARTS
    ]
    + [
        "resatt-studio train --config assets/training/r2aunet-factory.toml --data DATA "
        "--out r2aunet-factory.safetensors"
    ]
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trained", type=Path, help="what resatt-studio train wrote")
    parser.add_argument("scores", type=Path, help="what factory_scores.py --json wrote")
    parser.add_argument("--out", type=Path, default=None, help="default: the shipped file")
    parser.add_argument("--commit", default="", help="of the code that trained, where it was no checkout")
    arguments = parser.parse_args()
    out = arguments.out or assets_folder() / "weights" / "r2aunet-factory.safetensors"
    trained = load_weights(arguments.trained)
    scores = json.loads(arguments.scores.read_text(encoding="utf-8"))
    commit = trained.metadata.get("commit") or arguments.commit
    metadata = dict(trained.metadata) | {
        "commit": commit,
        "name": NAME,
        "terms": TERMS,
        "command": COMMAND,
        "test_scores": json.dumps(scores, sort_keys=True),
        "unseen": "crackmap",
        "card": "docs/model-cards/r2aunet-factory.md",
    }
    weights = pack_weights(trained.model, trained.config, state_of(trained), metadata, half=True)
    write_weights(out, weights)
    print(f"{out}: {weights.weights_id}, {len(weights.data) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
