"""Write a small PyTorch model, an input and its output: convcore must load the one and compute the other.

Usage: python model.py OUT_FILE   (needs: torch, safetensors)
"""
import sys
from collections import OrderedDict
import torch
from torch import nn
from safetensors.torch import save_file

torch.manual_seed(20)
model = nn.Sequential(OrderedDict(
    conv1=nn.Conv2d(1, 4, 3, stride=2, padding=1), relu=nn.ReLU(), pool=nn.MaxPool2d(2),
    conv2=nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=False), tanh=nn.Tanh(), average=nn.AvgPool2d(2),
    flatten=nn.Flatten(), fc=nn.Linear(6, 3)))
x = torch.randn(2, 1, 9, 9)
with torch.no_grad():
    tensors = {**model.state_dict(), "x": x, "y": model(x)}
save_file(tensors, sys.argv[1], metadata={"torch": torch.__version__.split("+")[0]})
