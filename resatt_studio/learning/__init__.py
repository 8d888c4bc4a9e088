"""Networks that learn: training from scratch, fine-tuning on a few corrections, and the gate that judges."""
