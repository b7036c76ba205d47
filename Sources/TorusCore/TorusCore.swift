// All that one process needs, without MPI: see Package.swift.
@_exported import Checkpoints
@_exported import Datasets
@_exported import Metrics
@_exported import Models
@_exported import NN
@_exported import Optimizers
@_exported import Reports
@_exported import Settings
@_exported import Tensors
@_exported import TextTasks
@_exported import Tokenizers
@_exported import Transformers
