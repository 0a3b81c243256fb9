"""The network in PyTorch: `python pytorch.py WEIGHTS IMAGES LOGITS` writes the logits of the images."""

import sys

# ANCHOR: network
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn


class LeNet(nn.Module):
    """The network. PyTorch names the weights after the attributes."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        """[n, 1, 28, 28] to [n, 10]."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def load(file, device="cpu"):
    """The network with the weights of a file."""
    network = LeNet()
    network.load_state_dict(load_file(file))
    return network.to(device)
# ANCHOR_END: network


if __name__ == "__main__":
    weights, images, logits = sys.argv[1:]
    with torch.no_grad():
        save_file({"logits": load(weights)(load_file(images)["x"])}, logits)
