"""An LSTM that classifies sequences of different lengths, Adam.

Writes lstm.csv: python lstm.py > lstm.csv"""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

torch.manual_seed(3)
lengths = torch.randint(4, 13, (256,))
labels = torch.randint(0, 3, (256,))
# Words of a class are more often among 16 of its own than among all 60.
own = 1 + 16 * labels[:, None] + torch.randint(0, 16, (256, 12))
words = torch.where(torch.rand(256, 12) < 0.5, own, torch.randint(1, 61, (256, 12)))
words = words * (torch.arange(12) < lengths[:, None])


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(61, 32, padding_idx=0)
        self.lstm = nn.LSTM(
            32, 48, num_layers=2, batch_first=True, dropout=0.3, bidirectional=True
        )
        self.dropout = nn.Dropout(0.3)
        self.output = nn.Linear(96, 3)

    def forward(self, words, lengths):
        packed = pack_padded_sequence(
            self.dropout(self.embedding(words)), lengths, batch_first=True, enforce_sorted=False
        )
        _, (hidden, _) = self.lstm(packed)
        return self.output(self.dropout(torch.cat([hidden[-2], hidden[-1]], dim=1)))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

print("step,loss")
for step in range(1, 101):
    rows = torch.randint(0, 256, (16,))
    optimizer.zero_grad()
    loss = F.cross_entropy(model(words[rows], lengths[rows]), labels[rows])
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(f"{step},{loss.item():.9g}")
