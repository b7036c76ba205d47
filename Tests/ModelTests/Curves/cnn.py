"""Convolutions with batch norm and dropout, SGD.

Writes cnn.csv: python cnn.py > cnn.csv"""

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(2)
patterns = torch.randn(10, 3, 12, 12)
labels = torch.randint(0, 10, (256,))
images = patterns[labels] + 2 * torch.randn(256, 3, 12, 12)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.dropout1 = nn.Dropout2d(0.1)
        self.fc1 = nn.Linear(32 * 3 * 3, 64)
        self.dropout2 = nn.Dropout(0.5)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = torch.flatten(self.dropout1(x), 1)
        return self.fc2(self.dropout2(F.relu(self.fc1(x))))


model = Net()
optimizer = torch.optim.SGD(
    model.parameters(), lr=0.02, momentum=0.9, nesterov=True, weight_decay=5e-4
)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=40, gamma=0.5)

print("step,loss")
for step in range(1, 101):
    rows = torch.randperm(256)[:32]
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images[rows]), labels[rows])
    loss.backward()
    optimizer.step()
    scheduler.step()
    print(f"{step},{loss.item():.9g}")
