"""Notes in the header of a crack segmenter's weights which surfaces it learned from, and a temperature.

For weights that were trained before training noted the surfaces itself. Under the temperature, fitted on the
validation tiles, the probabilities mean what they say. The tensors, and so the weights id, stay as they are.

    python tools/note_header.py --data DATA --config assets/training/r2aunet-factory.toml WEIGHTS [--out FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from resatt_studio.inference.device import choose_compute
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.training.crack_config import CrackConfig
from resatt_studio.learning.training.crack_task import CrackTask
from resatt_studio.models.calibration import calibration_header
from resatt_studio.models.state import build, load_weights, pack_weights, state_of, write_weights


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True, action="append")
    parser.add_argument("--config", type=Path, required=True, help="what the weights were trained with")
    parser.add_argument("--out", type=Path, default=None, help="default: the same file")
    asked = parser.parse_args()
    weights = load_weights(asked.weights)
    task = CrackTask(CrackConfig.from_file(asked.config))
    for _ in task.read(asked.data):
        pass
    calibration = run_to_end(task.calibrate(build(weights), choose_compute("auto"), None))
    metadata = dict(weights.metadata) | dict(task.facts()) | calibration_header(calibration)
    packed = (
        pack_weights(weights.model, weights.config, state_of(weights), metadata, half)
        for half in (True, False)
    )
    noted = next((file for file in packed if file.weights_id == weights.weights_id), None)
    if noted is None:
        raise SystemExit("The tensors would change; nothing was written.")
    write_weights(asked.out or asked.weights, noted)
    print(f"{asked.out or asked.weights}: {noted.weights_id}, temperature {calibration.temperature}")


if __name__ == "__main__":
    main()
