@_exported import Collectives
@_exported import DataParallel
@_exported import FineTuning
@_exported import Fit
@_exported import TorusCore
@_exported import Training
