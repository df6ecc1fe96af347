"""Learns the weights of callytics/engines/analysis/call_reader.py from the written calls.

    pip install torch==2.13.0
    python tools/train_call_reader.py START.npz                      most of an hour on one core, with bfloat16
    python tools/train_call_reader.py START.npz --again              begins with the committed weights: a third of that
    python tools/train_call_reader.py START.npz --export MODEL.pt    only writes the file of weights from a state

It begins with the first layers of multilingual-e5-small: START.npz is what tools/export_e5.py writes. What is exported
is the moving mean of the weights of the last steps (Polyak and Juditsky 1992). The splits
``report`` and ``choose`` are not read, and 100 of the calls ``*_third_*`` are left out as well: figures on these are
figures on calls that the weights have not seen. Where a second reader marked a call, both count
(evaluation/meaning/call_items.py). Several things are learned at once, moods, impolite turns and greetings among them:
they make the reading of a call better, and only those that the report needs are exported.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from callytics.engines.analysis.call_reader import NAME, STEPS, UNKNOWN, pieces_within  # noqa: E402
from callytics.engines.analysis.transformer import HEADS, matrix_of, unpacked  # noqa: E402
from callytics.engines.analysis.unigram import Unigram  # noqa: E402
from callytics.weights import manifest as models  # noqa: E402
from evaluation.dialogues import read_dialogues, read_second_labels  # noqa: E402
from evaluation.meaning.call_items import CRITERIA, MOODS, Item, bare, item_of, unseen_calls  # noqa: E402
from evaluation.meaning.scores import TOPIC_NAMES  # noqa: E402

WIDTH, LAYERS, LAYERS_BY_TURN = 384, 8, 4
CALLS_A_STEP, WARM_UP, DROPOUT = 2, 0.08, 0.1
EPOCHS, RATE, HEAD_RATE = 7, 1.2e-4, 6e-4
AGAIN = (3, 6e-5, 3e-4)
"""The same three where the committed weights are learned on. The layers that read turns by themselves stay."""

MEAN_EVERY, KEPT = 4, 0.99
"""Steps between two updates of the moving mean, and how much of it each keeps: about 400 steps count."""

SEED = 1
WEIGHTS = {"state": 0.3, "tasks": 5.0, "moods": 0.5, "lapses": 1.5, "call": 0.5}
"""Weights of the parts of the loss; those of issue, outcome and topic are 1."""

STATES = 3
PARTS = ("attend", "after", "widen", "narrow")
TARGET = models.PACKAGE_FOLDER / "engines" / "analysis" / "weights" / f"{NAME}.npz"
Batch = dict[str, Any]


class Layer(nn.Module):
    def __init__(self, data: Mapping[str, Any], number: int) -> None:
        super().__init__()
        for name in PARTS:
            key = f"{number}.{name}"
            weight = torch.tensor(matrix_of(data[f"{key}.scales"], data[f"{key}.digits"]))
            linear = nn.Linear(weight.shape[1], weight.shape[0])
            linear.weight.data, linear.bias.data = weight, torch.tensor(data[f"{key}.bias"]).float()
            setattr(self, name, linear)
        for name in ("norm", "last"):
            setattr(self, name, _norm(data, f"{number}.{name}"))

    def forward(self, x: Tensor, groups: tuple[Tensor, tuple[int, int], Tensor]) -> Tensor:
        """Args:
        groups: place of every piece in the padded texts, their number and length, what is added to the scores.
        """
        place, (texts, longest), hidden = groups
        seen = self.attend(x)
        padded = seen.new_zeros(texts * longest, 3 * WIDTH).index_copy(0, place, seen)
        parts = padded.view(texts, longest, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts
        scores = (queries * (WIDTH // HEADS) ** -0.5) @ keys.transpose(-1, -2) + hidden.to(queries.dtype)
        found = torch.softmax(scores, -1, dtype=queries.dtype) @ values
        found = self.after(found.transpose(1, 2).reshape(texts * longest, WIDTH)[place])
        x = self.norm(x + F.dropout(found, DROPOUT, self.training))
        return self.last(x + F.dropout(self.narrow(F.gelu(self.widen(x))), DROPOUT, self.training))


class Reader(nn.Module):
    def __init__(self, data: Mapping[str, Any], num_labels: int) -> None:
        super().__init__()
        words = unpacked(data["word.scales"], data["word.digits"])
        self.word = nn.Embedding.from_pretrained(torch.tensor(words), freeze=True)
        self.positions = nn.Parameter(torch.tensor(data["positions"]).float())
        self.role, self.role_in_call = (nn.Parameter(torch.randn(4, WIDTH) * 0.02) for _ in range(2))
        self.from_start, self.from_end = (nn.Parameter(torch.randn(STEPS, WIDTH) * 0.02) for _ in range(2))
        self.norm = _norm(data, "norm")
        self.layers = nn.ModuleList(Layer(data, number) for number in range(LAYERS))
        self.register_buffer("mean", torch.zeros(2 * WIDTH))
        self.register_buffer("scale", torch.ones(2 * WIDTH))
        self.num_labels = num_labels
        self.of_turn = nn.Linear(2 * WIDTH, 1 + STATES + 2 + len(MOODS) + 1)
        self.of_call = nn.Linear(3 * WIDTH, num_labels + 3 * len(CRITERIA) + 2 * len(MOODS))
        for head in (self.of_turn, self.of_call):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)

    def seen(self, batch: Batch) -> Tensor:
        """Shape (calls, turns, 2 * WIDTH): the first piece and the mean of every turn, about 0 and 1 in size."""
        x = self.word(batch["pieces"]) + self.positions[batch["place"]] + self.role[batch["roles"]]
        x = F.dropout(self.norm(x), DROPOUT, self.training)
        for number, layer in enumerate(self.layers):
            if number == LAYERS_BY_TURN:
                steps = (batch[name].clamp(max=STEPS - 1) for name in ("turn", "left"))
                x = x + self.role_in_call[batch["roles"]]
                x = x + sum(
                    table[step] for table, step in zip((self.from_start, self.from_end), steps, strict=True)
                )
            x = layer(x, batch["by_turn"] if number < LAYERS_BY_TURN else batch["together"])
        (calls, turns), x = batch["valid"].shape, x.float()
        slot = batch["call"] * turns + batch["turn"]
        sizes = torch.bincount(slot, minlength=calls * turns).clamp(min=1)[:, None]
        means = torch.zeros(calls * turns, WIDTH).index_add(0, slot, x) / sizes
        both = torch.cat([x[batch["first"]], means.view(calls, turns, WIDTH)], -1)
        return (both - self.mean) / self.scale

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        seen, valid = self.seen(batch), batch["valid"][..., None]
        of_turn = self.of_turn(F.dropout(seen, DROPOUT, self.training)).masked_fill(~valid, -1e4)
        shares = of_turn[..., 0].softmax(-1)[..., None]
        whole = (seen[..., WIDTH:] * valid).sum(1) / valid.sum(1)
        of_call = torch.cat([whole, (seen * shares).sum(1)], -1)
        return of_turn, self.of_call(F.dropout(of_call, DROPOUT, self.training))


def take_over(model: Reader, data: Mapping[str, Any], labels: Sequence[str]) -> None:
    """What the committed weights have beside the layers. Moods, lapses and criteria are not among them."""
    stored = data["labels"].tobytes().decode().split("\n")
    if [TOPIC_NAMES.get(name, name) for name in stored] != list(labels):
        raise SystemExit(
            "the committed weights have other topics than the written calls: begin without --again"
        )
    for name in ("role", "role_in_call", "from_start", "from_end", "mean", "scale"):
        getattr(model, name).data = torch.tensor(data[name]).float()
    for head, name in ((model.of_turn, "turn"), (model.of_call, "call")):
        rows = len(data[f"{name}.bias"])
        head.weight.data[:rows] = torch.tensor(data[f"{name}.weight"])
        head.bias.data[:rows] = torch.tensor(data[f"{name}.bias"])


def _norm(data: Mapping[str, Any], name: str) -> nn.LayerNorm:
    norm = nn.LayerNorm(WIDTH, eps=1e-12)
    norm.weight.data, norm.bias.data = (
        torch.tensor(data[f"{name}.{part}"]).float() for part in ("weight", "bias")
    )
    return norm


def batch_of(items: Sequence[Item]) -> Batch:
    calls, most = len(items), max(len(item.roles) for item in items)
    turn = [np.array(item.turn) for item in items]
    sizes = np.array([len(item.pieces) for item in items])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    batch: Batch = {
        "pieces": torch.tensor(np.concatenate([item.pieces for item in items])),
        "place": torch.tensor(np.concatenate([item.place for item in items])),
        "turn": torch.tensor(np.concatenate(turn)),
        "left": torch.tensor(
            np.concatenate([len(i.roles) - 1 - of for i, of in zip(items, turn, strict=True)])
        ),
        "roles": torch.tensor(
            np.concatenate([np.array(i.roles)[of] for i, of in zip(items, turn, strict=True)])
        ),
        "call": torch.tensor(np.repeat(np.arange(calls), sizes)),
        "valid": torch.zeros(calls, most, dtype=torch.bool),
        "first": torch.zeros(calls, most, dtype=torch.long),
        "together": _groups(sizes),
        "by_turn": _groups(np.concatenate([np.bincount(of) for of in turn])),
    }
    for number, item in enumerate(items):
        batch["valid"][number, : len(item.roles)] = True
        first = starts[number] + np.flatnonzero(np.array(item.place) == 0)
        batch["first"][number, : len(item.roles)] = torch.tensor(first)
    for name in ("issue", "outcome", "lapses", "by_agent", "tasks", "moods"):
        values = [getattr(item, name) for item in items]
        batch[name] = torch.zeros(calls, most, *values[0].shape[1:])
        for number, value in enumerate(values):
            batch[name][number, : len(value)] = torch.tensor(value)
    for name in ("state", "topic", "criteria", "start_and_end", "is_whole"):
        batch[name] = torch.tensor(np.stack([np.asarray(getattr(item, name)) for item in items]))
    return batch


def _groups(sizes: np.ndarray) -> tuple[Tensor, tuple[int, int], Tensor]:
    longest, row = int(sizes.max()), np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    hidden = np.where(np.arange(longest) < sizes[:, None], 0.0, -1e4).astype(np.float32)
    return torch.tensor(row * longest + place), (len(sizes), longest), torch.tensor(hidden)[:, None, None]


def loss_of(batch: Batch, of_turn: Tensor, of_call: Tensor, num_labels: int) -> Tensor:
    valid, calls = batch["valid"].float(), len(of_turn)
    stated = batch["issue"].sum()
    loss = -(batch["issue"] * F.log_softmax(of_turn[..., 0], -1)).sum() / stated.clamp(min=1)
    ends = F.log_softmax(of_turn[..., 1:4].reshape(calls, -1), -1).view(calls, -1, STATES)
    joint = -(batch["outcome"][..., None] * batch["state"][:, None] * ends).sum((1, 2))
    alone = -(batch["state"] * torch.logsumexp(ends, 1)).sum(1)
    has_outcome = batch["outcome"].sum(1) > 0.5
    loss = loss + torch.where(has_outcome, joint, alone).mean() + WEIGHTS["state"] * alone.mean()
    of_tasks = F.binary_cross_entropy_with_logits(of_turn[..., 4:6], batch["tasks"], reduction="none")
    loss = loss + WEIGHTS["tasks"] * (of_tasks.sum(-1) * valid).sum() / valid.sum()
    of_moods = -(batch["moods"] * F.log_softmax(of_turn[..., 6:9], -1)).sum(-1)
    loss = loss + WEIGHTS["moods"] * (of_moods * valid).sum() / valid.sum()
    agents = batch["by_agent"] * valid
    of_lapses = F.binary_cross_entropy_with_logits(of_turn[..., 9], batch["lapses"], reduction="none")
    loss = loss + WEIGHTS["lapses"] * (of_lapses * agents).sum() / agents.sum().clamp(min=1)
    loss = loss - (batch["topic"] * F.log_softmax(of_call[:, :num_labels], -1)).sum(1).mean()
    marked = torch.cat([batch["criteria"], batch["start_and_end"]], 1).reshape(-1)
    judged = of_call[:, num_labels:].reshape(-1, 3)
    of_calls = F.cross_entropy(judged, marked, reduction="none").view(calls, -1)
    split = of_calls[:, : len(CRITERIA)].mean(1) + of_calls[:, len(CRITERIA) :].mean(1)
    whole = batch["is_whole"].float()
    return loss + WEIGHTS["call"] * (split * whole).sum() / whole.sum().clamp(min=1)


def calls_to_learn() -> list[dict[str, Any]]:
    left_out = {call["id"] for call in unseen_calls()}
    return [call for call in read_dialogues("fit") if call["id"] not in left_out]


def train(start: Path, state: Path, again: bool, most_rounds: int) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    data = dict(np.load(TARGET if again else start))
    epochs, rate, head_rate = AGAIN if again else (EPOCHS, RATE, HEAD_RATE)
    calls, rng = calls_to_learn(), random.Random(5)
    labels = sorted({call["topic"] for call in calls})
    second = read_second_labels()
    pieces = pieces_of_all(calls, data)
    model = Reader(data, len(labels))

    def batch(chosen: Sequence[dict[str, Any]], varied: random.Random | None) -> Batch:
        return batch_of([item_of(c, second.get(c["id"]), labels, pieces.__getitem__, varied) for c in chosen])

    if again:
        take_over(model, data, labels)
        for part in (model.positions, model.role, model.norm, *model.layers[:LAYERS_BY_TURN]):
            part.requires_grad_(False)
    else:
        centre(model, [batch(calls[i : i + 8], None) for i in range(0, 240, 8)])
    mean = torch.optim.swa_utils.AveragedModel(
        model, avg_fn=lambda old, new, _: old * KEPT + new * (1 - KEPT), use_buffers=True
    )
    learned = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    is_inner = [name.split(".")[0] in ("layers", "norm", "positions") for name, _ in learned]
    inner, outer = (
        [p for (_, p), of_e5 in zip(learned, is_inner, strict=True) if of_e5 is wanted]
        for wanted in (True, False)
    )
    groups = [{"params": inner, "lr": rate}, {"params": outer, "lr": head_rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    total = epochs * math.ceil(len(calls) / CALLS_A_STEP)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / (WARM_UP * total)) * max(0.02, 1 - step / total)
    )
    for epoch in range(min(epochs, most_rounds)):
        started_s, losses = time.monotonic(), []
        sizes = {c["id"]: sum(len(pieces[t["text"]]) for t in c["turns"]) for c in calls}
        order = sorted(calls, key=lambda call: sizes[call["id"]] + rng.random() * 60)
        steps = [order[i : i + CALLS_A_STEP] for i in range(0, len(order), CALLS_A_STEP)]
        rng.shuffle(steps)
        for chosen in steps:
            one = batch(chosen, rng)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                of_turn, of_call = model(one)
            loss = loss_of(one, of_turn.float(), of_call.float(), len(labels))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            if len(losses) % MEAN_EVERY == 0:
                mean.update_parameters(model)
        print(
            f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.3f}, {time.monotonic() - started_s:.0f} s",
            flush=True,
        )
        torch.save({"state": mean.module.state_dict(), "last": model.state_dict(), "labels": labels}, state)


@torch.no_grad()
def centre(model: Reader, batches: Sequence[Batch]) -> None:
    """The heads see what e5 makes of turns less its mean and scaled."""
    model.eval()
    seen = torch.cat([model.seen(one)[one["valid"]] for one in batches])
    model.mean.copy_(seen.mean(0))
    model.scale.fill_(seen.std(0)[WIDTH:].mean())
    model.train()


def pieces_of_all(calls: Sequence[dict[str, Any]], data: Mapping[str, Any]) -> dict[str, list[int]]:
    split = Unigram(data["pieces"].tobytes().decode("utf-8").split("\n"), data["scores"].tolist(), UNKNOWN)
    texts = {turn["text"] for call in calls for turn in call["turns"]}
    return {text: pieces_within(split(text)) for text in texts | {bare(text) for text in texts}}


def export(start: Path, state: Path) -> None:
    """Weights of the layers in eight bits with a scale per row, the rest in half precision; only the scores that the
    report needs."""
    data, saved = dict(np.load(start)), torch.load(state, weights_only=True)
    weights = {name: value.float().numpy() for name, value in saved["state"].items()}
    labels = saved["labels"]
    found: dict[str, Any] = {name: data[name] for name in ("pieces", "scores", "word.scales", "word.digits")}
    found |= {"layers": LAYERS, "layers_by_turn": LAYERS_BY_TURN}
    in_results = {marked: label for label, marked in TOPIC_NAMES.items()}
    names = "\n".join(in_results.get(name, name) for name in labels)
    found["labels"] = np.frombuffer(names.encode(), dtype=np.uint8)
    for name in ("positions", "role", "role_in_call", "from_start", "from_end", "norm.weight", "norm.bias"):
        found[name] = weights[name].astype(np.float16)
    found |= {"mean": weights["mean"], "scale": weights["scale"]}
    found |= {f"turn.{part}": weights[f"of_turn.{part}"][:6] for part in ("weight", "bias")}
    found |= {f"call.{part}": weights[f"of_call.{part}"][: len(labels)] for part in ("weight", "bias")}
    for number in range(LAYERS):
        for name in PARTS:
            key, weight = f"{number}.{name}", weights[f"layers.{number}.{name}.weight"]
            scales = np.abs(weight).max(axis=1, keepdims=True) / 127
            found[f"{key}.scales"] = scales.astype(np.float32)
            found[f"{key}.digits"] = np.round(weight / scales).astype(np.int8)
            found[f"{key}.bias"] = weights[f"layers.{number}.{name}.bias"]
        for name in ("norm", "last"):
            for part in ("weight", "bias"):
                found[f"{number}.{name}.{part}"] = weights[f"layers.{number}.{name}.{part}"]
    np.savez_compressed(TARGET, **found)
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes; put its sha256 into callytics/weights/models.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--state", type=Path, default=Path("call_reader.pt"), help="where the trained state goes"
    )
    parser.add_argument("start", type=Path, help="what tools/export_e5.py wrote")
    parser.add_argument("--again", action="store_true", help="begin with the committed weights")
    parser.add_argument("--stop", type=int, default=EPOCHS, help="end after so many rounds of the schedule")
    parser.add_argument("--export", type=Path, help="a trained state: only write the file of weights")
    arguments = parser.parse_args()
    if arguments.export is None:
        train(arguments.start, arguments.state, arguments.again, arguments.stop)
    export(arguments.start, arguments.export or arguments.state)


if __name__ == "__main__":
    main()
