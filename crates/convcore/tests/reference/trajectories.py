"""Write reference trajectories of optimisers, computed by PyTorch in float64 and stored as float32.

Usage: python trajectories.py OUT_FILE [--seed N]   (needs: torch, safetensors)

A linear layer with tanh, weight 3x4 and bias 3, is fitted to random targets for 20 steps. OUT_FILE holds the inputs
"x" and "target", the initial "weight" and "bias", and for each optimiser the parameters after each step:
"<optimiser>.weight" (20, 3, 4) and "<optimiser>.bias" (20, 3). The file's metadata states the version and the settings.
"""
import argparse, json
import torch
from safetensors.torch import save_file

OPTIMISERS = {
    "sgd": (torch.optim.SGD, dict(lr=0.5)),
    "sgd_momentum": (torch.optim.SGD, dict(lr=0.1, momentum=0.9)),
    "sgd_momentum_decay": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, weight_decay=0.05)),
    "adam": (torch.optim.Adam, dict(lr=0.05)),
    "adam_betas_decay": (torch.optim.Adam, dict(lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)),
}

def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("out")
    ap.add_argument("--seed", type=int, default=20)
    a = ap.parse_args()
    g = torch.Generator().manual_seed(a.seed)
    rnd = lambda *s: torch.randn(*s, generator=g).double().float().double()    # what float32 can hold
    x, target, weight, bias = rnd(8, 4), rnd(8, 3), rnd(3, 4), rnd(3)
    tensors = {"x": x, "target": target, "weight": weight, "bias": bias}
    for name, (optimiser, settings) in OPTIMISERS.items():
        w, b = weight.clone().requires_grad_(), bias.clone().requires_grad_()
        opt = optimiser([w, b], **settings)
        path = []
        for _ in range(20):
            opt.zero_grad()
            loss = torch.nn.functional.mse_loss(torch.tanh(x @ w.T + b), target)
            loss.backward()
            opt.step()
            path.append((w.detach().clone(), b.detach().clone()))
        tensors[f"{name}.weight"] = torch.stack([w for w, _ in path])
        tensors[f"{name}.bias"] = torch.stack([b for _, b in path])
    settings = {name: json.dumps(settings) for name, (_, settings) in OPTIMISERS.items()}
    metadata = {"torch": torch.__version__.split("+")[0], "seed": str(a.seed), **settings}
    save_file({k: v.float().contiguous() for k, v in tensors.items()}, a.out, metadata=metadata)
    print(f"{len(tensors)} tensors, torch {metadata['torch']}")

main()
