"""What a model does with RoPE for one image, video or 1,000 tokens: data, as it was published.

Layers and steps are the defaults of the models' own code (diffusers, transformers); tokens those of
the resolution in the text. Text that stands beside an image is left out where it is short.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Workload:
    preset: str  # of ropewalk::models
    makes: str
    grid: tuple[int, ...]  # cells on the model's axes: their product is the tokens
    layers: int  # that rotate queries and keys
    steps: int = 1
    passes: int = 1  # a step: 2 with classifier-free guidance

    @property
    def name(self) -> str:
        return f"{self.preset}, {self.makes}"

    @property
    def tokens(self) -> int:
        count = 1
        for cells in self.grid:
            count *= cells
        return count

    @property
    def calls(self) -> int:
        """How often queries and keys are rotated."""
        return self.layers * self.steps * self.passes


WORKLOADS = {
    workload.name: workload
    for workload in (
        # The tokens of a full-resolution step with its history; a chunk of video takes several.
        Workload("Helios", "a step at full resolution", (23, 12, 40), 40),
        Workload("Wan2.1 1.3B", "a 480p video of 81 frames", (21, 30, 52), 30, 50, 2),
        Workload("Wan2.2 A14B", "a 480p video of 81 frames", (21, 30, 52), 40, 40, 2),
        Workload("Wan2.2 A14B", "a 720p video of 81 frames", (21, 45, 80), 40, 40, 2),
        Workload("Wan2.2 5B", "a 720p video of 121 frames", (31, 22, 40), 30, 50, 2),
        Workload("HunyuanVideo", "a 720p video of 129 frames", (33, 45, 80), 60, 50),
        Workload("Flux.1", "an image of 1024 × 1024", (1, 64, 64), 57, 28),
        Workload("Chroma", "an image of 1024 × 1024", (1, 64, 64), 57, 35, 2),
        Workload("Qwen-Image", "an image of 1328 × 1328", (1, 83, 83), 60, 50, 2),
        Workload("Z-Image", "an image of 1024 × 1024, in 8 steps", (1, 64, 64), 30, 8),
        Workload("Llama 3.1 8B", "1,000 tokens", (1000,), 32),
        Workload("Qwen3 8B", "1,000 tokens", (1000,), 36),
        Workload("Mistral 7B", "1,000 tokens", (1000,), 32),
        Workload("Gemma 7B", "1,000 tokens", (1000,), 28),
        Workload("gpt-oss", "1,000 tokens", (1000,), 36),
        Workload("Helium 1 2B", "1,000 tokens", (1000,), 24),
    )
}


def chosen(prefixes: Sequence[str]) -> list[Workload]:
    """Those of models whose names begin so, in either case; of all for no prefix."""
    return [
        workload
        for workload in WORKLOADS.values()
        if not prefixes
        or any(workload.preset.lower().startswith(prefix.lower()) for prefix in prefixes)
    ]
